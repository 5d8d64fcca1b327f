// The layers of a head: Dense, hidden activations, and the loss with its gradient. Rows are those
// of a batch; a row of a map of n values has a leading dimension of its own, with zeros behind n.
#pragma once

#include <cmath>

#include "gemm.h"

namespace head {

using kernels::all;
using kernels::kLanes;
using kernels::kPanel;
using kernels::Lanes;
using kernels::load;
using kernels::rounded;
using kernels::store;
using kernels::vec;

enum Activation { kRelu, kRelu6, kTanh, kGelu };

// Floats between the rows of a map of n values: an odd number of cache lines, since at a power of
// two the rows would share a few lines of the first cache.
inline size_t leading(size_t n) { return ((n + 15) / 16 | 1) * 16; }

struct Dense {
  size_t inputs, outputs;
  size_t at;  // of the weights, in panels as `multiply` reads them; the biases are behind them

  size_t weights() const { return kernels::packed_size(inputs, outputs); }
  size_t size() const { return weights() + rounded(outputs); }
  size_t place(size_t output, size_t input) const {
    const size_t first = output / (kPanel * kLanes) * kPanel * kLanes;
    const size_t width = std::min(kPanel * kLanes, rounded(outputs) - first);
    return first * inputs + input * width + output - first;
  }
};

struct Biased {
  float *to;
  size_t ld;
  const float *bias;
  void put(vec v, size_t row, size_t column, Lanes) const {
    store(to + row * ld + column, v + load(bias + column));
  }
};

struct Stored {
  float *to;
  size_t ld;
  void put(vec v, size_t row, size_t column, Lanes) const { store(to + row * ld + column, v); }
};

constexpr float kGeluFactor = 0.7978845608028654f;  // sqrt(2 / pi), of the tanh form
constexpr float kGeluCube = 0.044715f;

inline void activate(Activation kind, const float *z, float *y, size_t n) {
  switch (kind) {
    case kRelu:
      for (size_t i = 0; i < n; i++) y[i] = z[i] > 0 ? z[i] : 0;
      break;
    case kRelu6:
      for (size_t i = 0; i < n; i++) y[i] = z[i] > 0 ? (z[i] < 6 ? z[i] : 6) : 0;
      break;
    case kTanh:
      for (size_t i = 0; i < n; i++) y[i] = std::tanh(z[i]);
      break;
    case kGelu:
      for (size_t i = 0; i < n; i++) {
        const float inner = kGeluFactor * (z[i] + kGeluCube * z[i] * z[i] * z[i]);
        y[i] = 0.5f * z[i] * (1 + std::tanh(inner));
      }
  }
}

// d becomes the gradient of z, where it was that of y; z and y as in `activate`.
inline void activation_gradient(Activation kind, const float *z, const float *y, float *d,
                                size_t n) {
  switch (kind) {
    case kRelu:
      for (size_t i = 0; i < n; i++) d[i] = z[i] > 0 ? d[i] : 0;
      break;
    case kRelu6:
      for (size_t i = 0; i < n; i++) d[i] = z[i] > 0 && z[i] < 6 ? d[i] : 0;
      break;
    case kTanh:
      for (size_t i = 0; i < n; i++) d[i] *= 1 - y[i] * y[i];
      break;
    case kGelu:
      for (size_t i = 0; i < n; i++) {
        const float square = z[i] * z[i];
        const float t = std::tanh(kGeluFactor * (z[i] + kGeluCube * square * z[i]));
        const float slope = kGeluFactor * (1 + 3 * kGeluCube * square);
        d[i] *= 0.5f * (1 + t) + 0.5f * z[i] * (1 - t * t) * slope;
      }
  }
}

// Loss of one row; d becomes the gradient of `factor` times the loss. `on` and `off` are the
// targets of the true class and of the others.
inline float cross_entropy(const float *z, size_t n, size_t label, float on, float off,
                           float factor, float *d) {
  float largest = z[0];
  for (size_t i = 1; i < n; i++) largest = std::max(largest, z[i]);
  float total = 0, product = 0;
  for (size_t i = 0; i < n; i++) {
    d[i] = std::exp(z[i] - largest);
    total += d[i];
    product += (i == label ? on : off) * (z[i] - largest);
  }
  for (size_t i = 0; i < n; i++) d[i] = factor * (d[i] / total - (i == label ? on : off));
  return std::log(total) - product;  // the targets add up to 1
}

inline float binary_cross_entropy(const float *z, size_t n, size_t label, float on, float off,
                                  float factor, float *d) {
  float sum = 0;
  for (size_t i = 0; i < n; i++) {
    const float target = i == label ? on : off;
    const float small = std::exp(-std::fabs(z[i]));
    const float sigmoid = (z[i] > 0 ? 1 : small) / (1 + small);
    sum += std::max(z[i], 0.0f) - z[i] * target + std::log1p(small);
    d[i] = factor * (sigmoid - target) / static_cast<float>(n);
  }
  return sum / static_cast<float>(n);
}

// to (count, n) = x (rows, count)^T * g (rows, n), n of up to a panel; sums go from row to row.
template <int N>
void outer(const float *x, size_t ldx, size_t count, const float *g, size_t ldg, size_t rows,
           float *to) {
  constexpr size_t n = N * kLanes;
  constexpr int kMost = kernels::kHeight[N];
  const Lanes full(kLanes);
  size_t i = 0;
  for (; i + kMost <= count; i += kMost) {
    kernels::outer_tile<kMost, N>(x + i, ldx, g, ldg, rows, to + i * n, n, full);
  }
  for (; i + 4 <= count; i += 4) {
    kernels::outer_tile<4, N>(x + i, ldx, g, ldg, rows, to + i * n, n, full);
  }
  for (; i < count; i++) {
    kernels::outer_tile<1, N>(x + i, ldx, g, ldg, rows, to + i * n, n, full);
  }
}

inline void outer(const float *x, size_t ldx, size_t count, const float *g, size_t ldg, size_t rows,
                  size_t vectors, float *to) {
  std::fill(to, to + count * vectors * kLanes, 0.0f);
  switch (vectors) {
#if defined(__AVX512F__)
    case 4:
      return outer<4>(x, ldx, count, g, ldg, rows, to);
    case 3:
      return outer<3>(x, ldx, count, g, ldg, rows, to);
#endif
    case 2:
      return outer<2>(x, ldx, count, g, ldg, rows, to);
    default:
      return outer<1>(x, ldx, count, g, ldg, rows, to);
  }
}

}  // namespace head
