// 3x3 and 5x5 depthwise convolutions over one map in NHWC order, row by row.
//
// A window that leaves the map reads zeros: rows outside are replaced by a row of zeros, columns
// outside are left out. Weights are (K * K, rounded(channels)): tap (kh, kw) in row K kh + kw.
#pragma once

#include <utility>

#include "simd.h"

namespace kernels {

constexpr int kMostTaps = 5;  // of a window along one axis

struct Window {
  int height, width;          // of the map that the window slides over
  int out_height, out_width;  // of what comes out
  int channels;
  int kernel;                 // K, 3 or 5: height and width of the window
  int stride, top, left;      // padding above and left of the map
  int taps() const { return kernel * kernel; }
};

// Rows of one map, of which those from `first` on are in memory.
struct Map {
  const float *data;
  int first;
  size_t row_size;
  const float *row(int h) const { return data + (h - first) * row_size; }
};

// The rows that a window sees whose topmost row is `top`, in a map of `height` rows.
struct Rows {
  const float *row[kMostTaps];
  int kernel;
  Rows(const Map &map, int kernel_, int top, int height, const float *zeros) : kernel(kernel_) {
    for (int i = 0; i < kernel; i++) {
      row[i] = top + i >= 0 && top + i < height ? map.row(top + i) : zeros;
    }
  }
};

// One row of outputs: out.put(v, w, c, lanes) for every column and vector of channels, where v is
// out.start(c) plus the K * K products. `out.end(c, lanes)` follows each vector of channels.
template <int K, class Out>
void convolve_row_of(const Rows &rows, int width, int channels, int out_width, int stride, int left,
                     const float *weights, Out &&out) {
  const size_t ldw = rounded(channels);
  const size_t ldx = channels;
  for (int c = 0; c < channels; c += kLanes) {
    const Lanes lanes(channels - c);
    vec tap[K * K];
#pragma GCC unroll 25
    for (int t = 0; t < K * K; t++) tap[t] = load(weights + t * ldw + c);
    const vec start = out.start(c);
    for (int w = 0; w < out_width; w++) {
      const int first = w * stride - left;
      vec v = start;
      if (first >= 0 && first + K <= width) {
        const size_t at = first * ldx + c;
#pragma GCC unroll 5
        for (int i = 0; i < K; i++) {
#pragma GCC unroll 5
          for (int j = 0; j < K; j++) {
            v += lanes.load(rows.row[i] + at + j * ldx) * tap[K * i + j];
          }
        }
      } else {
        for (int j = 0; j < K; j++) {
          if (first + j < 0 || first + j >= width) continue;
          const size_t at = (first + j) * ldx + c;
          for (int i = 0; i < K; i++) {
            v += lanes.load(rows.row[i] + at) * load(weights + (K * i + j) * ldw + c);
          }
        }
      }
      out.put(v, w, c, lanes);
    }
    out.end(c, lanes);
  }
}

template <class Out>
void convolve_row(const Rows &rows, int width, int channels, int out_width, int stride, int left,
                  const float *weights, Out &&out) {
  const auto convolve = rows.kernel == 3 ? convolve_row_of<3, Out> : convolve_row_of<5, Out>;
  convolve(rows, width, channels, out_width, stride, left, weights, std::forward<Out>(out));
}

// Gradient of the weights and the bias from one row g of outputs: sums (K * K + 1,
// rounded(channels)), taps and the bias, are added to.
template <int K>
void weight_gradient_row_of(const Rows &rows, const Window &s, const float *g, float *sums) {
  const size_t ldw = rounded(s.channels);
  const size_t ldx = s.channels;
  for (int c = 0; c < s.channels; c += kLanes) {
    const Lanes lanes(s.channels - c);
    vec sum[K * K];
#pragma GCC unroll 25
    for (int t = 0; t < K * K; t++) sum[t] = load(sums + t * ldw + c);
    vec bias = load(sums + K * K * ldw + c);
    for (int w = 0; w < s.out_width; w++) {
      const int first = w * s.stride - s.left;
      const vec left = lanes.load(g + w * ldx + c);
      bias += left;
      if (first >= 0 && first + K <= s.width) {
        const size_t at = first * ldx + c;
#pragma GCC unroll 5
        for (int i = 0; i < K; i++) {
#pragma GCC unroll 5
          for (int j = 0; j < K; j++) {
            sum[K * i + j] += lanes.load(rows.row[i] + at + j * ldx) * left;
          }
        }
      } else {
#pragma GCC unroll 5
        for (int j = 0; j < K; j++) {
          if (first + j < 0 || first + j >= s.width) continue;
          const size_t at = (first + j) * ldx + c;
#pragma GCC unroll 5
          for (int i = 0; i < K; i++) sum[K * i + j] += lanes.load(rows.row[i] + at) * left;
        }
      }
    }
#pragma GCC unroll 25
    for (int t = 0; t < K * K; t++) store(sums + t * ldw + c, sum[t]);
    store(sums + K * K * ldw + c, bias);
  }
}

inline void weight_gradient_row(const Rows &rows, const Window &s, const float *g, float *sums) {
  const auto add = rows.kernel == 3 ? weight_gradient_row_of<3> : weight_gradient_row_of<5>;
  add(rows, s, g, sums);
}

// Outputs along one axis that an input takes part in: how many, where, by which tap.
struct Taps {
  int count = 0, at[kMostTaps], tap[kMostTaps];
  Taps(int kernel, int input, int pad, int stride, int outputs) {
    for (int k = 0; k < kernel; k++) {
      const int where = input + pad - k;
      if (where < 0 || where % stride != 0 || where / stride >= outputs) continue;
      at[count] = where / stride;
      tap[count++] = k;
    }
  }
};

// One row h of the gradient of the input, for any stride; g is the gradient of the output.
template <class Out>
void scatter_row(const Map &g, int h, const Window &s, const float *weights, Out &&out) {
  const size_t ldw = rounded(s.channels);
  const size_t ldx = s.channels;
  const Taps down(s.kernel, h, s.top, s.stride, s.out_height);
  for (int c = 0; c < s.channels; c += kLanes) {
    const Lanes lanes(s.channels - c);
    for (int w = 0; w < s.width; w++) {
      const Taps across(s.kernel, w, s.left, s.stride, s.out_width);
      vec v = {};
      for (int i = 0; i < down.count; i++) {
        const float *row = g.row(down.at[i]) + c;
        for (int j = 0; j < across.count; j++) {
          const vec weight = load(weights + (s.kernel * down.tap[i] + across.tap[j]) * ldw + c);
          v += lanes.load(row + across.at[j] * ldx) * weight;
        }
      }
      out.put(v, w, c, lanes);
    }
    out.end(c, lanes);
  }
}

}  // namespace kernels
