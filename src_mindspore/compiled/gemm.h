// Matrix products for 1x1 convolutions over maps in NHWC order, where a map is a matrix of one row
// per pixel.
//
//   multiply      out (rows, n) = a (rows, k) * b (k, n), what is written is up to an `Out`
//   accumulate    w (m, n) += g (rows, m)^T * x (rows, n), the gradient of the weights
//
// Both keep a tile of the result in registers. b is packed into panels, one after the other, of
// kPanel vectors' width (the last may be narrower), each (k, width), filled up with zeros.
#pragma once

#include <algorithm>

#include "simd.h"

namespace kernels {

// Width of a tile in vectors, and its height for each width: what 32 or 16 registers hold.
#if defined(__AVX512F__)
constexpr size_t kPanel = 4;
constexpr int kHeight[] = {0, 16, 12, 8, 6};
#else
constexpr size_t kPanel = 2;
constexpr int kHeight[] = {0, 8, 6};
#endif
constexpr size_t kRowBlock = 96;  // rows of a that stay in the caches while b streams past

inline size_t packed_size(size_t k, size_t n) { return k * rounded(n); }

// Packs columns first..last-1, counted in panels; element (i, j) is value(i, j).
template <class Value>
void pack_panel(size_t panel, size_t k, size_t n, float *packed, const Value &value) {
  const size_t first = panel * kPanel * kLanes;
  const size_t width = std::min(kPanel * kLanes, rounded(n) - first);
  float *to = packed + first * k;
  for (size_t i = 0; i < k; i++) {
    for (size_t j = 0; j < width; j++) *to++ = first + j < n ? value(i, first + j) : 0;
  }
}

inline size_t panels(size_t n) { return (n + kPanel * kLanes - 1) / (kPanel * kLanes); }

template <int M, int N, class Out>
inline void product_tile(const float *a, size_t lda, size_t k, const float *b, size_t row,
                         size_t column, Lanes last, const Out &out) {
  vec sum[M][N] = {};
  a += row * lda;
  for (size_t i = 0; i < k; i++, b += N * kLanes) {
    vec right[N];
#pragma GCC unroll 16
    for (int c = 0; c < N; c++) right[c] = load(b + c * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < M; r++) {
      const vec left = all(a[r * lda + i]);
#pragma GCC unroll 16
      for (int c = 0; c < N; c++) sum[r][c] = fma(left, right[c], sum[r][c]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < M; r++) {
#pragma GCC unroll 16
    for (int c = 0; c < N; c++) {
      out.put(sum[r][c], row + r, column + c * kLanes, c == N - 1 ? last : Lanes(kLanes));
    }
  }
}

template <int M, int N, class Out>
inline size_t product_tiles(const float *a, size_t lda, size_t k, const float *b, size_t row,
                            size_t end, size_t column, Lanes last, const Out &out) {
  for (; row + M <= end; row += M) product_tile<M, N>(a, lda, k, b, row, column, last, out);
  return row;
}

template <int N, class Out>
void product_panel(const float *a, size_t lda, size_t k, const float *b, size_t row, size_t end,
                   size_t column, Lanes last, const Out &out) {
  row = product_tiles<kHeight[N], N>(a, lda, k, b, row, end, column, last, out);
  if constexpr (kHeight[N] > 8) {
    row = product_tiles<8, N>(a, lda, k, b, row, end, column, last, out);
  }
  row = product_tiles<4, N>(a, lda, k, b, row, end, column, last, out);
  row = product_tiles<2, N>(a, lda, k, b, row, end, column, last, out);
  product_tiles<1, N>(a, lda, k, b, row, end, column, last, out);
}

// `out.put(v, row, column, lanes)` gets every element of rows 0..rows-1 once.
template <class Out>
void multiply(const float *a, size_t lda, size_t rows, size_t k, const float *packed, size_t n,
              const Out &out) {
  for (size_t row = 0; row < rows; row += kRowBlock) {
    const size_t end = std::min(rows, row + kRowBlock);
    for (size_t column = 0; column < n; column += kPanel * kLanes) {
      const float *b = packed + column * k;
      const size_t vectors = std::min(kPanel, (n - column + kLanes - 1) / kLanes);
      const Lanes last(n - column - (vectors - 1) * kLanes);
      switch (vectors) {
#if defined(__AVX512F__)
        case 4:
          product_panel<4>(a, lda, k, b, row, end, column, last, out);
          break;
        case 3:
          product_panel<3>(a, lda, k, b, row, end, column, last, out);
          break;
#endif
        case 2:
          product_panel<2>(a, lda, k, b, row, end, column, last, out);
          break;
        default:
          product_panel<1>(a, lda, k, b, row, end, column, last, out);
      }
    }
  }
}

template <int M, int N>
inline void outer_tile(const float *g, size_t ldg, const float *x, size_t ldx, size_t rows,
                       float *w, size_t ldw, Lanes last) {
  const Lanes full(kLanes);
  vec sum[M][N];
#pragma GCC unroll 16
  for (int r = 0; r < M; r++) {
#pragma GCC unroll 16
    for (int c = 0; c < N; c++) {
      sum[r][c] = (c == N - 1 ? last : full).load(w + r * ldw + c * kLanes);
    }
  }
  for (size_t i = 0; i < rows; i++, g += ldg, x += ldx) {
    vec right[N];
#pragma GCC unroll 16
    for (int c = 0; c < N; c++) right[c] = (c == N - 1 ? last : full).load(x + c * kLanes);
#pragma GCC unroll 16
    for (int r = 0; r < M; r++) {
      const vec left = all(g[r]);
#pragma GCC unroll 16
      for (int c = 0; c < N; c++) sum[r][c] = fma(left, right[c], sum[r][c]);
    }
  }
#pragma GCC unroll 16
  for (int r = 0; r < M; r++) {
#pragma GCC unroll 16
    for (int c = 0; c < N; c++) {
      (c == N - 1 ? last : full).store(w + r * ldw + c * kLanes, sum[r][c]);
    }
  }
}

template <int M, int N>
inline size_t outer_tiles(const float *g, size_t m, const float *x, size_t ldx, size_t rows,
                          float *w, size_t ldw, Lanes last, size_t from) {
  for (; from + M <= m; from += M) {
    outer_tile<M, N>(g + from, m, x, ldx, rows, w + from * ldw, ldw, last);
  }
  return from;
}

template <int N>
void outer_panel(const float *g, size_t m, const float *x, size_t ldx, size_t rows, float *w,
                 size_t ldw, Lanes last) {
  size_t from = outer_tiles<kHeight[N], N>(g, m, x, ldx, rows, w, ldw, last, 0);
  if constexpr (kHeight[N] > 8) {
    from = outer_tiles<8, N>(g, m, x, ldx, rows, w, ldw, last, from);
  }
  from = outer_tiles<4, N>(g, m, x, ldx, rows, w, ldw, last, from);
  from = outer_tiles<2, N>(g, m, x, ldx, rows, w, ldw, last, from);
  outer_tiles<1, N>(g, m, x, ldx, rows, w, ldw, last, from);
}

// w (m, n) += g (rows, m)^T * x (rows, n); x has a leading dimension of its own.
inline void accumulate(const float *g, size_t m, const float *x, size_t ldx, size_t n, size_t rows,
                       float *w) {
  constexpr size_t kChunk = 2 * kRowBlock;
  for (size_t row = 0; row < rows; row += kChunk) {
    const size_t count = std::min(kChunk, rows - row);
    for (size_t column = 0; column < n; column += kPanel * kLanes) {
      const size_t vectors = std::min(kPanel, (n - column + kLanes - 1) / kLanes);
      const Lanes last(n - column - (vectors - 1) * kLanes);
      const float *left = g + row * m, *right = x + row * ldx + column;
      switch (vectors) {
#if defined(__AVX512F__)
        case 4:
          outer_panel<4>(left, m, right, ldx, count, w + column, n, last);
          break;
        case 3:
          outer_panel<3>(left, m, right, ldx, count, w + column, n, last);
          break;
#endif
        case 2:
          outer_panel<2>(left, m, right, ldx, count, w + column, n, last);
          break;
        default:
          outer_panel<1>(left, m, right, ldx, count, w + column, n, last);
      }
    }
  }
}

// sum (n) += the sum of the rows of g (rows, n).
inline void add_rows(const float *g, size_t rows, size_t n, float *sum) {
  for (size_t c = 0; c < n; c += kLanes) {
    const Lanes lanes(n - c);
    vec total = lanes.load(sum + c);
    for (size_t row = 0; row < rows; row++) total += lanes.load(g + row * n + c);
    lanes.store(sum + c, total);
  }
}

}  // namespace kernels
