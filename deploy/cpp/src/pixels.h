// Photos in memory, seen as upright RGB rows whatever their channel order and orientation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "pocketlens.h"

namespace pocketlens {

constexpr int kChannels = 3;

// Throws Failure if a photo of this size is not accepted.
void check_photo_size(int64_t width, int64_t height);

// A decoded photo as it was stored, not yet turned upright.
struct Photo {
  int width = 0;
  int height = 0;
  int orientation = 1;             // EXIF, 1..8
  std::unique_ptr<uint8_t[]> rgb;  // height * width * 3

  pl_pixels pixels() const;
};

// Laid on white: `colour` with the share `alpha` of 255, rounded to the nearest.
inline uint8_t over_white(unsigned colour, unsigned alpha) {
  return static_cast<uint8_t>((colour * alpha + 255 * (255 - alpha) + 127) / 255);
}

// Upright RGB rows of a photo. Nothing is copied but the row that is asked for.
class RowSource {
 public:
  // Checks every field; throws Failure(PL_BAD_ARGUMENT or PL_IMAGE_TOO_LARGE).
  explicit RowSource(const pl_pixels &pixels);

  int width() const { return turned_ ? pixels_.height : pixels_.width; }
  int height() const { return turned_ ? pixels_.width : pixels_.height; }

  // Row `y` of the upright photo: a pointer into the photo, or `buffer` (width() * 3 bytes).
  const uint8_t *row(int y, uint8_t *buffer) const;

 private:
  pl_pixels pixels_;
  size_t pixel_bytes_;
  bool turned_;     // rows and columns change places (orientation 5..8)
  bool mirror_x_;   // then the stored photo is read from right to left,
  bool mirror_y_;   // and from bottom to top
};

}  // namespace pocketlens
