// The filter h is stretched by the reduction factor s = max(1, in / out), so that every input pixel
// counts. Output i is centred at c = (i + 1/2) * in / out; input j gets the weight
// h((j + 1/2 - c) / s), divided by the sum of all. The rows go first, rounded to 8 bits; then the
// columns; in a photo more than a hundred times as high as wide, that gets lower, the columns go
// first. Weights are fixed point numbers of 22 fraction bits, as in Pillow's resize for 8-bit
// images (https://pillow.readthedocs.io/en/stable/handbook/concepts.html#filters), so that both
// sides round alike.
#include "resample.h"

#include <algorithm>
#include <cmath>

namespace pocketlens {
namespace {

constexpr double kPi = 3.14159265358979323846;
constexpr int32_t kHalf = 1 << (kWeightBits - 1);

double triangle(double x) { return std::max(0.0, 1 - std::fabs(x)); }

// Keys' cubic convolution with a = -1/2 (IEEE Trans. ASSP 29(6), 1981, equation 15).
double cubic(double x) {
  constexpr double a = -0.5;
  x = std::fabs(x);
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  if (x < 2) return ((x - 5) * x + 8) * x * a - 4 * a;
  return 0;
}

double sinc(double x) { return x == 0 ? 1 : std::sin(kPi * x) / (kPi * x); }

double lanczos3(double x) { return x >= -3 && x < 3 ? sinc(x) * sinc(x / 3) : 0; }

struct Filter {
  double (*shape)(double);
  double support;  // half width
};

Filter filter_of(Interpolation interpolation) {
  switch (interpolation) {
    case Interpolation::kBicubic:
      return {cubic, 2};
    case Interpolation::kLanczos:
      return {lanczos3, 3};
    default:
      return {triangle, 1};
  }
}

uint8_t to_byte(int32_t fixed) {
  return static_cast<uint8_t>(std::clamp(fixed >> kWeightBits, 0, 255));
}

// One upright row, resized.
void resize_row(const uint8_t *in, const Weights &weights, uint8_t *out) {
  for (size_t i = 0; i < weights.start.size(); i++, out += kChannels) {
    const uint8_t *pixel = in + static_cast<size_t>(weights.start[i]) * kChannels;
    const int32_t *weight = weights.weight.data() + weights.offset[i];
    int32_t r = kHalf, g = kHalf, b = kHalf;
    for (int k = 0; k < weights.length[i]; k++, pixel += kChannels) {
      r += pixel[0] * weight[k];
      g += pixel[1] * weight[k];
      b += pixel[2] * weight[k];
    }
    out[0] = to_byte(r), out[1] = to_byte(g), out[2] = to_byte(b);
  }
}

}  // namespace

Weights make_weights(const Axis &axis, Interpolation interpolation) {
  const Filter filter = filter_of(interpolation);
  const double scale = static_cast<double>(axis.in_size) / static_cast<double>(axis.out_size);
  const double stretch = std::max(1.0, scale);
  const double support = filter.support * stretch;
  Weights result;
  std::vector<double> exact;
  for (int64_t i = axis.first; i < axis.first + axis.count; i++) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const int begin = std::max(0, static_cast<int>(centre - support + 0.5));
    const int end = std::min(axis.in_size, static_cast<int>(centre + support + 0.5));
    exact.clear();
    double sum = 0;
    for (int j = begin; j < end; j++) {
      exact.push_back(filter.shape((j - centre + 0.5) / stretch));
      sum += exact.back();
    }
    result.start.push_back(begin);
    result.length.push_back(end - begin);
    result.offset.push_back(result.weight.size());
    for (const double w : exact) {
      result.weight.push_back(
          static_cast<int32_t>(std::lround((sum != 0 ? w / sum : w) * (1 << kWeightBits))));
    }
  }
  return result;
}

std::vector<uint8_t> resample(const RowSource &photo, const Axis &x, const Axis &y,
                              Interpolation interpolation) {
  const Weights across = make_weights(x, interpolation);
  const Weights down = make_weights(y, interpolation);
  const bool columns_first =
      photo.height() > int64_t{100} * photo.width() && y.out_size < photo.height();
  const size_t in_values = static_cast<size_t>(photo.width()) * kChannels;
  const size_t out_values = static_cast<size_t>(x.count) * kChannels;
  const size_t row_values = columns_first ? in_values : out_values;
  std::vector<uint8_t> buffer(in_values), resized(out_values);
  // The sums of all output rows grow together while the photo is read once, top to bottom: memory
  // does not depend on the photo's height.
  std::vector<int32_t> sums(row_values * y.count, kHalf);

  // Both ends of the rows that an output needs never move up, so the outputs that need the
  // current row are a range that only moves down.
  size_t first = 0;
  const size_t count = down.start.size();
  for (int line = down.start.front(); line < down.start.back() + down.length.back(); line++) {
    while (first < count && down.start[first] + down.length[first] <= line) first++;
    if (first == count || down.start[first] > line) continue;
    const uint8_t *row = photo.row(line, buffer.data());
    if (!columns_first) {
      resize_row(row, across, resized.data());
      row = resized.data();
    }
    for (size_t i = first; i < count && down.start[i] <= line; i++) {
      const auto tap = static_cast<size_t>(line - down.start[i]);
      const int32_t weight = down.weight[down.offset[i] + tap];
      int32_t *sum = sums.data() + i * row_values;
      for (size_t v = 0; v < row_values; v++) sum[v] += row[v] * weight;
    }
  }
  std::vector<uint8_t> rows(sums.size());
  std::transform(sums.begin(), sums.end(), rows.begin(), to_byte);
  if (!columns_first) return rows;
  std::vector<uint8_t> out(out_values * count);
  for (size_t i = 0; i < count; i++) {
    resize_row(rows.data() + i * in_values, across, out.data() + i * out_values);
  }
  return out;
}

}  // namespace pocketlens
