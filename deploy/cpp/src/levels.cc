#include "levels.h"

#include <algorithm>
#include <cmath>
#include <memory>

#include "pixels.h"

namespace pocketlens {
namespace {

constexpr size_t kValues = 1 << 16;
constexpr int kOutliers = 1000;  // one of so many samples counts for nothing

// The level of every value. Whole bits lose their lower ones, as a shift does.
class Levels {
 public:
  explicit Levels(const ValueRange &range) : table_(new uint8_t[kValues]) {
    const double steps = range.high - range.low + 1;
    const bool whole = range.low == std::trunc(range.low) &&
                       range.high == std::trunc(range.high) && steps >= 256;
    const double factor = whole ? 256 / steps : 255 / (range.high - range.low);
    const double half = whole ? 0 : 0.5;
    for (size_t v = 0; v < kValues; v++) {
      const double level = std::floor((static_cast<double>(v) - range.low) * factor + half);
      table_[v] = static_cast<uint8_t>(std::clamp(level, 0.0, 255.0));
    }
  }
  unsigned of(unsigned value) const { return table_[value]; }

 private:
  std::unique_ptr<uint8_t[]> table_;
};

// Alpha is full at the end of the range where it keeps to that, else at the end of its type.
ValueRange alpha_range(const DeepPixels &pixels, const ValueRange &range) {
  unsigned most = 0;
  for (size_t i = 0; i < pixels.count; i++) most = std::max(most, pixels.at(i, pixels.samples - 1));
  const double top = std::max(range.high, 1.0);
  return {0, most > top ? kValues - 1.0 : top};
}

}  // namespace

ValueRange own_range(const DeepPixels &pixels, int bits) {
  size_t longer[17] = {};  // samples by their number of bits
  for (size_t i = 0; i < pixels.count; i++) {
    for (int c = 0; c < pixels.colours(); c++) {
      int length = 0;
      for (unsigned value = pixels.at(i, c); value != 0; value >>= 1) length++;
      longer[length]++;
    }
  }
  for (int n = 15; n >= 0; n--) longer[n] += longer[n + 1];  // now: so many bits, or more
  const size_t allowed = pixels.count * static_cast<size_t>(pixels.colours()) / kOutliers;
  const auto holds = [&](int n) { return longer[n + 1] <= allowed; };
  int used = 16;
  if (bits >= 8 && bits < 16) {
    used = holds(bits) ? bits : 16;
  } else {
    for (const int usual : {14, 12, 10, 8}) used = holds(usual) ? usual : used;
  }
  return {0, static_cast<double>((1 << used) - 1)};
}

void deep_to_rgb(const DeepPixels &pixels, const uint16_t *clear, const ValueRange &range,
                 uint8_t *rgb) {
  const Levels levels(range);
  const int colours = pixels.colours();
  const Levels opacity(pixels.has_alpha() ? alpha_range(pixels, range) : ValueRange{0, 255});
  for (size_t i = 0; i < pixels.count; i++, rgb += kChannels) {
    unsigned alpha = pixels.has_alpha() ? opacity.of(pixels.at(i, pixels.samples - 1)) : 255;
    bool hidden = clear != nullptr;
    for (int c = 0; c < colours; c++) hidden = hidden && pixels.at(i, c) == clear[c];
    if (hidden) alpha = 0;
    for (int c = 0; c < kChannels; c++) {
      rgb[c] = over_white(levels.of(pixels.at(i, colours == 1 ? 0 : c)), alpha);
    }
  }
}

}  // namespace pocketlens
