// JPEG and PNG files to 8-bit RGB, as the training side reads them.
#pragma once

#include <cstddef>
#include <cstdint>

#include "pixels.h"

namespace pocketlens {

// Decodes a whole file in memory. Throws Failure (PL_BAD_IMAGE, PL_IMAGE_TOO_LARGE,
// PL_UNSUPPORTED).
Photo decode(const void *bytes, size_t size);

Photo decode_jpeg(const uint8_t *bytes, size_t size);
Photo decode_png(const uint8_t *bytes, size_t size);

}  // namespace pocketlens
