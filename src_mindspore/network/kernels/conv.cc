// The two layers of MobileNetV2 that are no blocks: a convolution, batch norm with frozen
// statistics and ReLU6. The stem is a 3x3 convolution from NCHW, as photos come, to NHWC; the last
// layer is 1x1, from NHWC to NCHW, as the head takes it.
#include "layer.h"

namespace kernels {
namespace {

// (rows, columns) -> (columns, rows), in squares that stay in the nearest cache
void transpose(const float *from, size_t rows, size_t columns, float *to) {
  constexpr size_t kSide = 16;
  for (size_t r = 0; r < rows; r += kSide) {
    for (size_t c = 0; c < columns; c += kSide) {
      for (size_t i = r; i < std::min(rows, r + kSide); i++) {
        const float *row = from + i * columns;
        for (size_t j = c; j < std::min(columns, c + kSide); j++) to[j * rows + i] = row[j];
      }
    }
  }
}

// to = the gradient dy through the ReLU6 whose output is y; all (rows, n)
void mask(const float *dy, const float *y, size_t count, float *to) {
  for (size_t i = 0; i < count; i += kLanes) {
    const Lanes lanes(count - i);
    lanes.store(to + i, relu6_gradient(lanes.load(dy + i), lanes.load(y + i)));
  }
}

struct Stem {
  Settings settings;
  int photos, planes, height, width, out_height, out_width, top, left;
  Folded conv;

  Stem(void **params, const int64_t *x, const int64_t *y)
      : settings(params[0]),
        photos(x[0]),
        planes(x[1]),
        height(x[2]),
        width(x[3]),
        out_height(y[1]),
        out_width(y[2]),
        top(settings.padding_before(height, out_height)),
        left(settings.padding_before(width, out_width)),
        conv(params + 2, y[3], 9 * x[1], settings.eps) {}

  size_t taps() const { return 9 * static_cast<size_t>(planes); }

  // What the windows of one row of outputs see: (out_width, taps), in the order of the weights.
  void windows(const float *photo, int row, float *to) const {
    for (int c = 0; c < planes; c++) {
      for (int i = 0; i < 3; i++) {
        const int h = row * settings.stride - top + i;
        const float *from = photo + (static_cast<size_t>(c) * height + h) * width;
        for (int j = 0; j < 3; j++) {
          float *tap = to + (c * 3 + i) * 3 + j;
          for (int o = 0; o < out_width; o++, tap += taps()) {
            const int w = o * settings.stride - left + j;
            *tap = h >= 0 && h < height && w >= 0 && w < width ? from[w] : 0;
          }
        }
      }
    }
  }
};

void stem_forward(const Stem &s, const float *x, float *y) {
  static thread_local Buffer memory;
  const size_t n = s.conv.outputs;
  float *packed = memory.get(packed_size(s.taps(), n) + 2 * rounded(n));
  float *bias = packed + packed_size(s.taps(), n), *scale = bias + rounded(n);
  s.conv.biases(bias), s.conv.scales(scale);
  const size_t photo_size = static_cast<size_t>(s.planes) * s.height * s.width;
#pragma omp parallel num_threads(s.settings.threads)
  {
    s.conv.pack_forward(scale, packed);
    static thread_local Buffer row_memory;
    float *row = row_memory.get(s.out_width * s.taps());
#pragma omp for collapse(2) schedule(dynamic, 8)
    for (int photo = 0; photo < s.photos; photo++) {
      for (int h = 0; h < s.out_height; h++) {
        s.windows(x + photo * photo_size, h, row);
        float *to = y + (static_cast<size_t>(photo) * s.out_height + h) * s.out_width * n;
        multiply(row, s.taps(), s.out_width, s.taps(), packed, n, Activated{to, n, bias});
      }
    }
  }
}

void stem_backward(const Stem &s, const float *x, const float *y, const float *dy,
                   void **gradients) {
  static thread_local Buffer partial_sums;
  const size_t n = s.conv.outputs, stride = s.conv.sums();
  const int groups = std::min(s.settings.groups, s.photos);
  float *partial = partial_sums.zeros(groups * stride);
  const size_t photo_size = static_cast<size_t>(s.planes) * s.height * s.width;
#pragma omp parallel num_threads(s.settings.threads)
  {
    static thread_local Buffer memory;
    float *row = memory.get(s.out_width * (rounded(s.taps()) + n));
    float *g = row + s.out_width * rounded(s.taps());
#pragma omp for schedule(dynamic)
    for (int k = 0; k < groups; k++) {
      float *sums = partial + k * stride;
      const int end = part_start(k + 1, groups, s.photos);
      for (int photo = part_start(k, groups, s.photos); photo < end; photo++) {
        for (int h = 0; h < s.out_height; h++) {
          const size_t at = (static_cast<size_t>(photo) * s.out_height + h) * s.out_width * n;
          s.windows(x + photo * photo_size, h, row);
          mask(dy + at, y + at, s.out_width * n, g);
          accumulate(g, n, row, s.taps(), s.taps(), s.out_width, sums);
          add_rows(g, s.out_width, n, sums + n * s.taps());
        }
      }
    }
    s.conv.finish(partial, groups, stride, gradients);
  }
}

struct Last {
  Settings settings;
  int photos;
  size_t pixels, inputs, outputs;
  Folded conv;

  Last(void **params, const int64_t *x, const int64_t *y)
      : settings(params[0]),
        photos(x[0]),
        pixels(x[1] * x[2]),
        inputs(x[3]),
        outputs(y[1]),
        conv(params + 2, y[1], x[3], settings.eps) {}

  // Small maps are taken together until they have so many rows.
  int together() const { return std::max<int>(1, 192 / pixels); }
};

void last_forward(const Last &s, const float *x, float *y) {
  static thread_local Buffer memory;
  float *packed = memory.get(packed_size(s.inputs, s.outputs) + 2 * rounded(s.outputs));
  float *bias = packed + packed_size(s.inputs, s.outputs), *scale = bias + rounded(s.outputs);
  s.conv.biases(bias), s.conv.scales(scale);
  const int together = s.together();
  const size_t map = s.pixels * s.outputs;
#pragma omp parallel num_threads(s.settings.threads)
  {
    s.conv.pack_forward(scale, packed);
    static thread_local Buffer rows_memory;
    float *rows = rows_memory.get(together * map);
#pragma omp for schedule(dynamic)
    for (int photo = 0; photo < s.photos; photo += together) {
      const int count = std::min(together, s.photos - photo);
      multiply(x + photo * s.pixels * s.inputs, s.inputs, count * s.pixels, s.inputs, packed,
               s.outputs, Activated{rows, s.outputs, bias});
      for (int i = 0; i < count; i++) {
        transpose(rows + i * map, s.pixels, s.outputs, y + (photo + i) * map);
      }
    }
  }
}

void last_backward(const Last &s, const float *x, const float *y, const float *dy, float *dx,
                   void **gradients) {
  static thread_local Buffer partial_sums, memory;
  const size_t stride = s.conv.sums(), map = s.pixels * s.outputs;
  const int groups = std::min(s.settings.groups, s.photos);
  float *partial = partial_sums.zeros(groups * stride);
  float *packed = memory.get(packed_size(s.outputs, s.inputs) + rounded(s.outputs));
  float *scale = packed + packed_size(s.outputs, s.inputs);
  s.conv.scales(scale);
#pragma omp parallel num_threads(s.settings.threads)
  {
    s.conv.pack_backward(scale, packed);
    static thread_local Buffer rows_memory;
    const int together = s.together();
    float *g = rows_memory.get((together + 1) * map), *masked = g + together * map;
#pragma omp for schedule(dynamic)
    for (int k = 0; k < groups; k++) {
      float *sums = partial + k * stride;
      const int end = part_start(k + 1, groups, s.photos);
      for (int photo = part_start(k, groups, s.photos); photo < end; photo += together) {
        const int count = std::min(together, end - photo);
        for (int i = 0; i < count; i++) {
          mask(dy + (photo + i) * map, y + (photo + i) * map, map, masked);
          transpose(masked, s.outputs, s.pixels, g + i * map);
        }
        const size_t rows = count * s.pixels;
        const float *from = x + photo * s.pixels * s.inputs;
        accumulate(g, s.outputs, from, s.inputs, s.inputs, rows, sums);
        add_rows(g, rows, s.outputs, sums + s.outputs * s.inputs);
        if (!s.settings.input_gradient) continue;
        multiply(g, s.outputs, rows, s.outputs, packed, s.inputs,
                 Added{dx + photo * s.pixels * s.inputs, s.inputs, nullptr});
      }
    }
    s.conv.finish(partial, groups, stride, gradients);
  }
}

}  // namespace
}  // namespace kernels

// Inputs: settings, x (N, C, H, W), five parameters. Output: y (N, H', W', O).
extern "C" int StemForward(int, void **params, int *, int64_t **shapes, const char **, void *,
                           void *) {
  using namespace kernels;
  const Stem s(params, shapes[1], shapes[7]);
  stem_forward(s, static_cast<const float *>(params[1]), static_cast<float *>(params[7]));
  return 0;
}

// Inputs: settings, x, five parameters, y, dy. Outputs: dw, dgamma, dbeta.
extern "C" int StemBackward(int, void **params, int *, int64_t **shapes, const char **, void *,
                            void *) {
  using namespace kernels;
  const Stem s(params, shapes[1], shapes[7]);
  stem_backward(s, static_cast<const float *>(params[1]), static_cast<const float *>(params[7]),
                static_cast<const float *>(params[8]), params + 9);
  return 0;
}

// Inputs: settings, x (N, H, W, I), five parameters. Output: y (N, O, H, W).
extern "C" int LastForward(int, void **params, int *, int64_t **shapes, const char **, void *,
                           void *) {
  using namespace kernels;
  const Last s(params, shapes[1], shapes[7]);
  last_forward(s, static_cast<const float *>(params[1]), static_cast<float *>(params[7]));
  return 0;
}

// Inputs: settings, x, five parameters, y, dy. Outputs: dx (one value where nobody wants it), dw,
// dgamma, dbeta.
extern "C" int LastBackward(int, void **params, int *, int64_t **shapes, const char **, void *,
                            void *) {
  using namespace kernels;
  const Last s(params, shapes[1], shapes[7]);
  last_backward(s, static_cast<const float *>(params[1]), static_cast<const float *>(params[7]),
                static_cast<const float *>(params[8]), static_cast<float *>(params[9]),
                params + 10);
  return 0;
}
