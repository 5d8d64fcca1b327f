#include "decode.h"

#include <cstring>

#include "failure.h"

namespace pocketlens {

Photo decode(const void *data, size_t size, const std::optional<ValueRange> &range) {
  const auto *bytes = static_cast<const uint8_t *>(data);
  const uint8_t jpeg[] = {0xff, 0xd8, 0xff};
  const uint8_t png[] = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  const bool is_jpeg = size >= sizeof jpeg && std::memcmp(bytes, jpeg, sizeof jpeg) == 0;
  const bool is_png = size >= sizeof png && std::memcmp(bytes, png, sizeof png) == 0;
  if (!is_jpeg && !is_png) {
    throw Failure(PL_BAD_IMAGE, "the bytes are not an image that can be read (JPEG, PNG)");
  }
#ifdef POCKETLENS_CODECS
  return is_jpeg ? decode_jpeg(bytes, size) : decode_png(bytes, size, range);
#else
  (void)range;
  throw Failure(PL_UNSUPPORTED, "this build decodes no image files: pass pixels instead");
#endif
}

}  // namespace pocketlens
