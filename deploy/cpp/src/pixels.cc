#include "pixels.h"

#include <cstddef>
#include <string>

#include "failure.h"

namespace pocketlens {
namespace {

template <int Format>
void to_rgb(const uint8_t *in, uint8_t *out) {
  if constexpr (Format == PL_RGB) {
    out[0] = in[0], out[1] = in[1], out[2] = in[2];
  } else if constexpr (Format == PL_BGR) {
    out[0] = in[2], out[1] = in[1], out[2] = in[0];
  } else if constexpr (Format == PL_RGBA) {
    for (int c = 0; c < kChannels; c++) out[c] = over_white(in[c], in[3]);
  } else {
    for (int c = 0; c < kChannels; c++) {
      const int sum = in[c] + 255 - in[3];  // above 255 only if a colour exceeds its alpha
      out[c] = static_cast<uint8_t>(sum < 255 ? sum : 255);
    }
  }
}

template <int Format>
void read_row(const uint8_t *in, ptrdiff_t step, int count, uint8_t *out) {
  for (int x = 0; x < count; x++, in += step, out += kChannels) to_rgb<Format>(in, out);
}

}  // namespace

void check_photo_size(int64_t width, int64_t height) {
  if (width < 1 || height < 1) throw Failure(PL_BAD_IMAGE, "an image has at least one pixel");
  if (width > PL_MAX_SIDE || height > PL_MAX_SIDE || width * height > PL_MAX_PIXELS) {
    throw Failure(PL_IMAGE_TOO_LARGE,
                  "images of up to " + std::to_string(PL_MAX_PIXELS) + " pixels and " +
                      std::to_string(PL_MAX_SIDE) + " a side are accepted; this one has " +
                      std::to_string(width) + " x " + std::to_string(height));
  }
}

pl_pixels Photo::pixels() const {
  return {rgb.get(), width,  height, static_cast<size_t>(width) * kChannels,
          PL_RGB,    orientation};
}

RowSource::RowSource(const pl_pixels &pixels) : pixels_(pixels) {
  if (pixels_.orientation == 0) pixels_.orientation = 1;
  const int o = pixels_.orientation;
  if (pixels_.data == nullptr) throw Failure(PL_BAD_ARGUMENT, "pixels.data is NULL");
  if (pixels_.width < 1 || pixels_.height < 1) {
    throw Failure(PL_BAD_ARGUMENT, "pixels.width and pixels.height must be at least 1; got " +
                                       std::to_string(pixels_.width) + " x " +
                                       std::to_string(pixels_.height));
  }
  if (o < 1 || o > 8) {
    throw Failure(PL_BAD_ARGUMENT, "pixels.orientation is 0 to 8; got " + std::to_string(o));
  }
  if (pixels_.format < PL_RGB || pixels_.format > PL_RGBA_PREMULTIPLIED) {
    throw Failure(PL_BAD_ARGUMENT,
                  "pixels.format is a pl_format; got " + std::to_string(pixels_.format));
  }
  check_photo_size(pixels_.width, pixels_.height);
  pixel_bytes_ = pixels_.format == PL_RGB || pixels_.format == PL_BGR ? 3 : 4;
  if (pixels_.stride < static_cast<size_t>(pixels_.width) * pixel_bytes_) {
    throw Failure(PL_BAD_ARGUMENT, "pixels.stride is at least " + std::to_string(pixel_bytes_) +
                                       " bytes a pixel; got " + std::to_string(pixels_.stride));
  }
  // EXIF 2.32, tag 0x0112: which side of the scene the first row and the first column show.
  turned_ = o >= 5;
  mirror_x_ = o == 2 || o == 3 || o == 7 || o == 8;
  mirror_y_ = o == 3 || o == 4 || o == 6 || o == 7;
}

const uint8_t *RowSource::row(int y, uint8_t *buffer) const {
  const auto across = static_cast<ptrdiff_t>(pixel_bytes_);
  const auto down = static_cast<ptrdiff_t>(pixels_.stride);
  // First pixel in reading order, then the steps along and between upright rows.
  const uint8_t *first = pixels_.data + (mirror_x_ ? (pixels_.width - 1) * across : 0) +
                         (mirror_y_ ? (pixels_.height - 1) * down : 0);
  const ptrdiff_t dx = mirror_x_ ? -across : across;
  const ptrdiff_t dy = mirror_y_ ? -down : down;
  const uint8_t *start = first + y * (turned_ ? dx : dy);
  const ptrdiff_t step = turned_ ? dy : dx;
  if (pixels_.format == PL_RGB && step == kChannels) return start;
  switch (pixels_.format) {
    case PL_RGB:
      read_row<PL_RGB>(start, step, width(), buffer);
      break;
    case PL_BGR:
      read_row<PL_BGR>(start, step, width(), buffer);
      break;
    case PL_RGBA:
      read_row<PL_RGBA>(start, step, width(), buffer);
      break;
    default:
      read_row<PL_RGBA_PREMULTIPLIED>(start, step, width(), buffer);
  }
  return buffer;
}

}  // namespace pocketlens
