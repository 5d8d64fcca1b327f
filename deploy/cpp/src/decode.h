// JPEG and PNG files to 8-bit RGB, as the training side reads them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "pixels.h"
#include "spec.h"

namespace pocketlens {

// Decodes a whole file in memory. Throws Failure (PL_BAD_IMAGE, PL_IMAGE_TOO_LARGE,
// PL_UNSUPPORTED). `range` is that of the model: the values of a photo of 16 bits that are black and
// white. Without one they are told by the photo itself, see levels.h.
Photo decode(const void *bytes, size_t size, const std::optional<ValueRange> &range = std::nullopt);

Photo decode_jpeg(const uint8_t *bytes, size_t size);
Photo decode_png(const uint8_t *bytes, size_t size, const std::optional<ValueRange> &range);

}  // namespace pocketlens
