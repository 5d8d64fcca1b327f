// What the operators share: arguments, a convolution with its frozen batch norm folded in, and
// where results are written.
//
// A convolution w without bias, followed by batch norm with fixed statistics, is a convolution with
// weights s w and bias b, s = gamma / sqrt(variance + eps), b = beta - mean s. From the gradients
// W of the folded weights and B of the bias follow those of the parameters, with r = s / gamma:
// dw = s W, dbeta = B, dgamma = r (sum of W w over the channel - mean B).
#pragma once

#include <omp.h>

#include <cmath>

#include "depthwise.h"
#include "gemm.h"

namespace kernels {

// Numbers that come with every call, as one tensor of floats in this order; see operators.py.
struct Settings {
  int stride;
  bool same;            // padding as in `padding_before`; else (kernel - 1) / 2 on every side
  bool skip;            // the input is added to the output
  bool input_gradient;  // somebody wants it
  float eps;
  int threads;
  int groups;  // at most so many parts of a batch have sums of weight gradients of their own

  explicit Settings(const void *values) {
    const float *v = static_cast<const float *>(values);
    stride = static_cast<int>(v[0]);
    same = v[1] != 0;
    skip = v[2] != 0;
    input_gradient = v[3] != 0;
    eps = v[4];
    threads = static_cast<int>(v[5]);
    groups = static_cast<int>(v[6]);
  }

  // Rows or columns of zeros before a map, for a square window. `same` is TensorFlow's rule: what
  // the last window lacks is added, the smaller half of it before the map.
  int padding_before(int size, int outputs, int kernel = 3) const {
    return same ? std::max((outputs - 1) * stride + kernel - size, 0) / 2 : (kernel - 1) / 2;
  }
};

constexpr int kParameters = 5;  // weight, gamma, beta, mean, variance

// One convolution and its batch norm: `outputs` rows of `inputs` weights.
struct Folded {
  const float *weight, *gamma, *beta, *mean, *variance;
  size_t outputs, inputs;
  float eps;

  Folded(void **params, size_t outputs_, size_t inputs_, float eps_)
      : weight(static_cast<const float *>(params[0])),
        gamma(static_cast<const float *>(params[1])),
        beta(static_cast<const float *>(params[2])),
        mean(static_cast<const float *>(params[3])),
        variance(static_cast<const float *>(params[4])),
        outputs(outputs_),
        inputs(inputs_),
        eps(eps_) {}

  float reciprocal(size_t o) const { return 1 / std::sqrt(variance[o] + eps); }
  float scale(size_t o) const { return gamma[o] * reciprocal(o); }

  // rounded(outputs) values, zero behind the last
  void biases(float *to) const {
    std::fill(to, to + rounded(outputs), 0.0f);
    for (size_t o = 0; o < outputs; o++) to[o] = beta[o] - mean[o] * scale(o);
  }

  void scales(float *to) const {
    for (size_t o = 0; o < outputs; o++) to[o] = scale(o);
  }

  // For `multiply` from inputs to outputs; called by all threads of a team.
  void pack_forward(const float *scale, float *to) const {
#pragma omp for
    for (size_t p = 0; p < panels(outputs); p++) {
      pack_panel(p, inputs, outputs, to,
                 [&](size_t i, size_t o) { return weight[o * inputs + i] * scale[o]; });
    }
  }

  // For `multiply` from gradients of outputs to those of inputs.
  void pack_backward(const float *scale, float *to) const {
#pragma omp for
    for (size_t p = 0; p < panels(inputs); p++) {
      pack_panel(p, outputs, inputs, to,
                 [&](size_t o, size_t i) { return weight[o * inputs + i] * scale[o]; });
    }
  }

  // For the functions in depthwise.h, `flipped` for the gradient of the input at stride 1; `inputs`
  // are the taps of the window.
  void pack_depthwise(bool flipped, float *to) const {
    for (size_t t = 0; t < inputs; t++, to += rounded(outputs)) {
      for (size_t o = 0; o < rounded(outputs); o++) {
        const size_t tap = flipped ? inputs - 1 - t : t;
        to[o] = o < outputs ? weight[o * inputs + tap] * scale(o) : 0;
      }
    }
  }

  // Floats of one group's sums: folded weights as `weight`, then the bias.
  size_t sums() const { return outputs * inputs + rounded(outputs); }

  // Adds up the groups' sums, in their order, and writes the gradients dw, dgamma, dbeta. Sums of
  // group k begin at partial + k * stride. Called by all threads of a team.
  void finish(const float *partial, size_t groups, size_t stride, void **gradients) const {
    float *dw = static_cast<float *>(gradients[0]);
    float *dgamma = static_cast<float *>(gradients[1]);
    float *dbeta = static_cast<float *>(gradients[2]);
#pragma omp for
    for (size_t o = 0; o < outputs; o++) {
      const float s = scale(o), r = reciprocal(o);
      float bias = 0;
      for (size_t k = 0; k < groups; k++) bias += partial[k * stride + outputs * inputs + o];
      vec products = {};
      for (size_t i = 0; i < inputs; i += kLanes) {
        const Lanes lanes(inputs - i);
        const size_t at = o * inputs + i;
        vec sum = lanes.load(partial + at);
        for (size_t k = 1; k < groups; k++) sum += lanes.load(partial + k * stride + at);
        products += sum * lanes.load(weight + at);
        lanes.store(dw + at, sum * s);
      }
      float product = 0;
      for (size_t l = 0; l < kLanes; l++) product += products[l];
      dgamma[o] = r * (product - mean[o] * bias);
      dbeta[o] = bias;
    }
  }
};

// Sums of depthwise.h, (taps + 1, rounded(channels)), in the order of `Folded::sums`.
inline void depthwise_sums(const float *sums, size_t taps, size_t channels, float *to) {
  const size_t ld = rounded(channels);
  for (size_t c = 0; c < channels; c++) {
    for (size_t t = 0; t < taps; t++) to[c * taps + t] = sums[t * ld + c];
  }
  std::memcpy(to + channels * taps, sums + taps * ld, ld * sizeof(float));
}

// Where `multiply` writes.

struct Activated {  // relu6(v + bias)
  float *to;
  size_t n;
  const float *bias;
  void put(vec v, size_t row, size_t column, Lanes lanes) const {
    lanes.store(to + row * n + column, relu6(v + load(bias + column)));
  }
};

struct Biased {  // v + bias, and what is added where there is a skip
  float *to;
  size_t n;
  const float *bias, *added;
  void put(vec v, size_t row, size_t column, Lanes lanes) const {
    v += load(bias + column);
    if (added != nullptr) v += lanes.load(added + row * n + column);
    lanes.store(to + row * n + column, v);
  }
};

struct Masked {  // the gradient v through a ReLU6 whose output is `output`
  float *to;
  size_t n;
  const float *output;
  void put(vec v, size_t row, size_t column, Lanes lanes) const {
    lanes.store(to + row * n + column, relu6_gradient(v, lanes.load(output + row * n + column)));
  }
};

struct Added {  // the gradient v, and the one that comes over a skip
  float *to;
  size_t n;
  const float *added;
  void put(vec v, size_t row, size_t column, Lanes lanes) const {
    if (added != nullptr) v += lanes.load(added + row * n + column);
    lanes.store(to + row * n + column, v);
  }
};

// Photos of part `k` of `parts`: from k * photos / parts on.
inline int part_start(int k, int parts, int photos) {
  return static_cast<int>(static_cast<int64_t>(k) * photos / parts);
}

}  // namespace kernels
