// 3x3 depthwise convolutions over one map in NHWC order, row by row.
//
// A window that leaves the map reads zeros: rows outside are replaced by a row of zeros, columns
// outside are left out. Weights are (9, rounded(channels)): tap (kh, kw) in row 3 kh + kw.
#pragma once

#include "simd.h"

namespace kernels {

struct Window {
  int height, width;          // of the map that the window slides over
  int out_height, out_width;  // of what comes out
  int channels;
  int stride, top, left;      // padding above and left of the map
};

// Rows of one map, of which those from `first` on are in memory.
struct Map {
  const float *data;
  int first;
  size_t row_size;
  const float *row(int h) const { return data + (h - first) * row_size; }
};

// The three rows that a window sees whose topmost row is `top`, in a map of `height` rows.
struct Rows {
  const float *row[3];
  Rows(const Map &map, int top, int height, const float *zeros) {
    for (int i = 0; i < 3; i++) {
      row[i] = top + i >= 0 && top + i < height ? map.row(top + i) : zeros;
    }
  }
};

// One row of outputs: out.put(v, w, c, lanes) for every column and vector of channels, where v is
// out.start(c) plus the nine products. `out.end(c, lanes)` follows each vector of channels.
template <class Out>
void convolve_row(const Rows &rows, int width, int channels, int out_width, int stride, int left,
                  const float *weights, Out &&out) {
  const size_t ldw = rounded(channels);
  const size_t ldx = channels;
  for (int c = 0; c < channels; c += kLanes) {
    const Lanes lanes(channels - c);
    vec tap[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) tap[t] = load(weights + t * ldw + c);
    const vec start = out.start(c);
    for (int w = 0; w < out_width; w++) {
      const int first = w * stride - left;
      vec v = start;
      if (first >= 0 && first + 3 <= width) {
        const size_t at = first * ldx + c;
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) {
#pragma GCC unroll 3
          for (int j = 0; j < 3; j++) {
            v += lanes.load(rows.row[i] + at + j * ldx) * tap[3 * i + j];
          }
        }
      } else {
        for (int j = 0; j < 3; j++) {
          if (first + j < 0 || first + j >= width) continue;
          const size_t at = (first + j) * ldx + c;
          for (int i = 0; i < 3; i++) {
            v += lanes.load(rows.row[i] + at) * load(weights + (3 * i + j) * ldw + c);
          }
        }
      }
      out.put(v, w, c, lanes);
    }
    out.end(c, lanes);
  }
}

// Gradient of the weights and the bias from one row g of outputs: sums (10, rounded(channels)),
// nine taps and the bias, are added to.
inline void weight_gradient_row(const Rows &rows, const Window &s, const float *g, float *sums) {
  const size_t ldw = rounded(s.channels);
  const size_t ldx = s.channels;
  for (int c = 0; c < s.channels; c += kLanes) {
    const Lanes lanes(s.channels - c);
    vec sum[9];
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) sum[t] = load(sums + t * ldw + c);
    vec bias = load(sums + 9 * ldw + c);
    for (int w = 0; w < s.out_width; w++) {
      const int first = w * s.stride - s.left;
      const vec left = lanes.load(g + w * ldx + c);
      bias += left;
      if (first >= 0 && first + 3 <= s.width) {
        const size_t at = first * ldx + c;
#pragma GCC unroll 3
        for (int i = 0; i < 3; i++) {
#pragma GCC unroll 3
          for (int j = 0; j < 3; j++) {
            sum[3 * i + j] += lanes.load(rows.row[i] + at + j * ldx) * left;
          }
        }
      } else {
#pragma GCC unroll 3
        for (int j = 0; j < 3; j++) {
          if (first + j < 0 || first + j >= s.width) continue;
          const size_t at = (first + j) * ldx + c;
#pragma GCC unroll 3
          for (int i = 0; i < 3; i++) sum[3 * i + j] += lanes.load(rows.row[i] + at) * left;
        }
      }
    }
#pragma GCC unroll 9
    for (int t = 0; t < 9; t++) store(sums + t * ldw + c, sum[t]);
    store(sums + 9 * ldw + c, bias);
  }
}

// Outputs along one axis that an input takes part in, of at most three: how many, where, by
// which tap.
struct Taps {
  int count = 0, at[3], tap[3];
  Taps(int input, int pad, int stride, int outputs) {
    for (int k = 0; k < 3; k++) {
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
  const Taps down(h, s.top, s.stride, s.out_height);
  for (int c = 0; c < s.channels; c += kLanes) {
    const Lanes lanes(s.channels - c);
    for (int w = 0; w < s.width; w++) {
      const Taps across(w, s.left, s.stride, s.out_width);
      vec v = {};
      for (int i = 0; i < down.count; i++) {
        const float *row = g.row(down.at[i]) + c;
        for (int j = 0; j < across.count; j++) {
          const vec weight = load(weights + (3 * down.tap[i] + across.tap[j]) * ldw + c);
          v += lanes.load(row + across.at[j] * ldx) * weight;
        }
      }
      out.put(v, w, c, lanes);
    }
    out.end(c, lanes);
  }
}

}  // namespace kernels
