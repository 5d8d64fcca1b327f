// The optimisers' rules, as MindSpore's CPU kernels have them. Each is applied to neighbouring
// floats of the weights and moments; moments are those of `optimizers.py`, in the order of
// MOMENTS in fast_head.py.
#pragma once

#include <cmath>

#include "simd.h"

namespace head {

using kernels::all;
using kernels::kLanes;
using kernels::load;
using kernels::store;
using kernels::vec;

inline vec root(vec v) {
#if defined(__AVX512F__)
  return (vec)_mm512_maskz_sqrt_ps(0xffff, (__m512)v);
#else
  for (size_t i = 0; i < kLanes; i++) v[i] = std::sqrt(v[i]);
  return v;
#endif
}

struct Momentum {
  float lr, momentum;
  void operator()(vec &w, vec &v, vec &, vec g, float decay) const {
    v = momentum * v + (g + decay * w);
    w -= lr * v;
  }
};

struct Plain {  // sgd without momentum, which leaves its accumulator as it is
  float lr;
  void operator()(vec &w, vec &, vec &, vec g, float decay) const { w -= lr * (g + decay * w); }
};

struct Adam {
  float lr;  // with the correction of both biases
  void operator()(vec &w, vec &m, vec &v, vec g, float decay) const {
    g += decay * w;
    m += (g - m) * (1 - 0.9f);
    v += (g * g - v) * (1 - 0.999f);
    w -= lr * m / (root(v) + 1e-8f);
  }
};

struct AdamW {
  float lr;
  void operator()(vec &w, vec &m, vec &v, vec g, float decay) const {
    m += (g - m) * (1 - 0.9f);
    v += (g * g - v) * (1 - 0.999f);
    w -= lr * (m / (root(v) + 1e-6f) + decay * w);
  }
};

struct RmsProp {
  float lr, momentum;
  void operator()(vec &w, vec &square, vec &step, vec g, float decay) const {
    g += decay * w;
    square += (g * g - square) * (1 - 0.9f);
    step = momentum * step + lr * g / root(square + 1e-10f);
    w -= step;
  }
};

// `count`, a multiple of kLanes, floats of the weights and of two moments.
template <class Rule>
inline void apply(const Rule &rule, float *w, float *one, float *two, const float *g, size_t count,
                  float decay) {
  for (size_t i = 0; i < count; i += kLanes) {
    vec a = load(w + i), b = load(one + i), c = load(two + i);
    rule(a, b, c, load(g + i), decay);
    store(w + i, a);
    store(one + i, b);
    store(two + i, c);
  }
}

}  // namespace head
