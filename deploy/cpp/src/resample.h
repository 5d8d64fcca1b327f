// Anti-aliased resizing, bit for bit what the training side does to 8-bit photos.
#pragma once

#include <cstdint>
#include <vector>

#include "pixels.h"
#include "spec.h"

namespace pocketlens {

// A window of an axis that is resized: outputs first .. first + count - 1 of `out_size`.
struct Axis {
  int in_size;
  int64_t out_size;
  int64_t first;
  int count;
};

// Weights of one axis. Output i sums inputs start[i] .. start[i] + length[i] - 1 with the fixed
// point weights from weight[offset[i]] on; their sum is about 1 << kWeightBits.
struct Weights {
  std::vector<int> start, length;
  std::vector<size_t> offset;
  std::vector<int32_t> weight;
};

constexpr int kWeightBits = 22;

Weights make_weights(const Axis &axis, Interpolation interpolation);

// Resizes a photo of x.in_size by y.in_size pixels and keeps the window: y.count * x.count * 3.
std::vector<uint8_t> resample(const RowSource &photo, const Axis &x, const Axis &y,
                              Interpolation interpolation);

}  // namespace pocketlens
