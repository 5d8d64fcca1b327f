// From samples of 16 bits to 8, as src_mindspore/photos/values.py does it.
#pragma once

#include <cstddef>
#include <cstdint>

#include "spec.h"

namespace pocketlens {

// Samples of 16 bits as PNG has them, the high byte first.
struct DeepPixels {
  const uint8_t *data;
  size_t count;  // of pixels
  int samples;   // of a pixel: 1 grey, 2 grey and alpha, 3 RGB, 4 RGB and alpha

  unsigned at(size_t pixel, int sample) const {
    const uint8_t *p = data + (pixel * static_cast<size_t>(samples) + sample) * 2;
    return static_cast<unsigned>(p[0]) << 8 | p[1];
  }
  int colours() const { return samples < 3 ? 1 : 3; }
  bool has_alpha() const { return samples == 2 || samples == 4; }
};

// What a photo is read by whose model has no range: 0 and the end of the bits that the file says
// (`bits`, 0 if it does not), else of the smallest usual number of bits that holds its values but
// for one in 1000.
ValueRange own_range(const DeepPixels &pixels, int bits);

// RGB of the pixels, transparency laid on white. `clear` is the colour that is transparent, as
// many samples as `colours`; NULL if there is none.
void deep_to_rgb(const DeepPixels &pixels, const uint16_t *clear, const ValueRange &range,
                 uint8_t *rgb);

}  // namespace pocketlens
