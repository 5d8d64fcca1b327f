#include "prepare.h"

#include <algorithm>
#include <cmath>

#include "resample.h"

namespace pocketlens {

std::vector<uint8_t> prepare_pixels(const RowSource &photo, const InputSpec &input) {
  int64_t width = input.resize.width;
  int64_t height = input.resize.height;
  if (input.rule == ResizeRule::kShorterSide) {
    const int64_t side = input.resize.height;
    const double scale = static_cast<double>(side) / std::min(photo.width(), photo.height());
    // nearbyint: halves go to the even neighbour, as where the model was trained
    width = std::max(side, static_cast<int64_t>(std::nearbyint(photo.width() * scale)));
    height = std::max(side, static_cast<int64_t>(std::nearbyint(photo.height() * scale)));
  }
  // An odd remainder leaves the smaller part above and on the left; only the crop is computed.
  const Axis x{photo.width(), width, (width - input.size.width) / 2, input.size.width};
  const Axis y{photo.height(), height, (height - input.size.height) / 2, input.size.height};
  return resample(photo, x, y, input.interpolation);
}

void normalise(const std::vector<uint8_t> &rgb, const InputSpec &input, pl_layout layout,
               float *tensor) {
  // One multiplication and one addition, each rounded to float: the operations of training.
  float table[kChannels][256];
  for (int c = 0; c < kChannels; c++) {
    const float scale = 1 / input.std[c];
    const float shift = -input.mean[c] * scale;
    for (int v = 0; v < 256; v++) table[c][v] = static_cast<float>(v) * scale + shift;
  }
  const size_t plane = rgb.size() / kChannels;
  for (size_t p = 0; p < plane; p++) {
    for (size_t c = 0; c < kChannels; c++) {
      tensor[layout == PL_NHWC ? p * kChannels + c : c * plane + p] =
          table[c][rgb[p * kChannels + c]];
    }
  }
}

}  // namespace pocketlens
