#include <png.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <vector>

#include "decode.h"
#include "exif.h"
#include "failure.h"
#include "levels.h"
#include "png_chunks.h"

namespace pocketlens {
namespace {

// What one sample or palette entry becomes.
struct Look {
  int type = 0;                // PNG colour type
  int samples = 1;             // bytes of a pixel after unpacking
  int scale = 1;               // brings grey of 1, 2 and 4 bits to 0..255
  uint8_t palette[256][3] = {};  // entries that the file does not have are black and opaque
  uint8_t alpha[256];
  bool has_clear = false;      // one colour is transparent
  uint16_t clear[3] = {};

  Look() { std::memset(alpha, 255, sizeof alpha); }
};

struct Reader {
  png_structp png = nullptr;
  png_infop info = nullptr;
  const uint8_t *next;
  size_t left;
  char message[128] = {};

  Reader(const uint8_t *bytes, size_t size) : next(bytes), left(size) {
    png = png_create_read_struct(PNG_LIBPNG_VER_STRING, this, failed, [](png_structp,
                                                                         png_const_charp) {});
    info = png != nullptr ? png_create_info_struct(png) : nullptr;
    if (info == nullptr) {
      png_destroy_read_struct(&png, &info, nullptr);
      throw std::bad_alloc();
    }
    png_set_read_fn(png, this, read);
    png_set_user_limits(png, PL_MAX_SIDE, PL_MAX_SIDE);
  }
  ~Reader() { png_destroy_read_struct(&png, &info, nullptr); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  static void failed(png_structp png, png_const_charp text) {
    auto *reader = static_cast<Reader *>(png_get_error_ptr(png));
    std::snprintf(reader->message, sizeof reader->message, "%s", text);
    png_longjmp(png, 1);
  }
  static void read(png_structp png, png_bytep out, size_t count) {
    auto *reader = static_cast<Reader *>(png_get_io_ptr(png));
    if (count > reader->left) png_error(png, "the file is cut short");
    std::memcpy(out, reader->next, count);
    reader->next += count;
    reader->left -= count;
  }

  // Runs calls of the library; an error jumps back here, past no object with a destructor.
  template <typename Calls>
  bool step(Calls calls) {
    if (setjmp(png_jmpbuf(png)) != 0) return false;
    calls();
    return true;
  }
  template <typename Calls>
  void run(Calls calls) {
    if (!step(calls)) throw Failure(PL_BAD_IMAGE, std::string("PNG: ") + message);
  }
};

Look look_of(png_structp png, png_infop info) {
  Look look;
  look.type = png_get_color_type(png, info);
  const int depth = png_get_bit_depth(png, info);
  const bool grey = look.type == PNG_COLOR_TYPE_GRAY;
  look.samples = png_get_channels(png, info);
  look.scale = grey && depth < 8 ? 255 / ((1 << depth) - 1) : 1;

  png_colorp palette = nullptr;
  int count = 0;
  if (png_get_PLTE(png, info, &palette, &count) != 0) {
    for (int i = 0; i < std::min(count, 256); i++) {
      look.palette[i][0] = palette[i].red;
      look.palette[i][1] = palette[i].green;
      look.palette[i][2] = palette[i].blue;
    }
  }
  png_bytep alpha = nullptr;
  png_color_16p clear = nullptr;
  if (png_get_tRNS(png, info, &alpha, &count, &clear) == 0) return look;
  if (look.type == PNG_COLOR_TYPE_PALETTE) {
    if (alpha != nullptr) std::memcpy(look.alpha, alpha, std::min(count, 256));
  } else if (clear != nullptr) {
    // As on the training side: the low byte of the transparent colour is compared with a sample of
    // up to 8 bits, in grey of 2 and 4 bits without scaling it.
    look.has_clear = true;
    const int value = depth == 1 ? (clear->gray != 0 ? 255 : 0) : clear->gray;
    const int colour[3] = {grey ? value : clear->red, grey ? value : clear->green,
                           grey ? value : clear->blue};
    for (int c = 0; c < 3; c++) look.clear[c] = static_cast<uint16_t>(colour[c] & (depth == 16 ? 0xffff : 0xff));
  }
  return look;
}

void row_to_rgb(const Look &look, const uint8_t *row, int width, uint8_t *out) {
  for (int x = 0; x < width; x++, row += look.samples, out += kChannels) {
    unsigned alpha = 255;
    uint8_t rgb[3];
    if (look.type == PNG_COLOR_TYPE_PALETTE) {
      std::memcpy(rgb, look.palette[row[0]], 3);
      alpha = look.alpha[row[0]];
    } else if (look.samples >= 3) {
      std::memcpy(rgb, row, 3);
      if (look.samples == 4) alpha = row[3];
    } else {
      std::memset(rgb, row[0] * look.scale, 3);
      if (look.samples == 2) alpha = row[1];
    }
    if (look.has_clear && std::equal(rgb, rgb + 3, look.clear)) alpha = 0;
    for (int c = 0; c < kChannels; c++) out[c] = over_white(rgb[c], alpha);
  }
}

// "Raw profile type exif", an older way to carry EXIF: a few lines of text, then hexadecimal.
int profile_orientation(const char *text, size_t size) {
  const char *end = text + size;
  for (int line = 0; line < 3; line++) {
    text = std::find(text, end, '\n');
    if (text == end) return 0;
    text++;
  }
  std::vector<uint8_t> bytes;
  int half = -1;
  for (; text != end; text++) {
    const char *digits = "0123456789abcdef0123456789ABCDEF";
    const char *digit = *text != 0 ? std::strchr(digits, *text) : nullptr;
    if (digit == nullptr) continue;
    const int value = static_cast<int>(digit - digits) & 15;
    if (half >= 0) bytes.push_back(static_cast<uint8_t>(half << 4 | value));
    half = half >= 0 ? -1 : value;
  }
  return exif_orientation(bytes.data(), bytes.size());
}

int stored_orientation(png_structp png, png_infop info, const PngParts &parts) {
  int exif = parts.exif != nullptr ? exif_orientation(parts.exif, parts.exif_size) : 0;
  int xmp = 0;
  png_textp texts = nullptr;
  int count = 0;
  png_get_text(png, info, &texts, &count);
  for (int i = 0; i < count; i++) {
    const png_text &t = texts[i];
    const size_t size = t.compression >= 1 ? t.itxt_length : t.text_length;
    if (size > kLongestText) continue;
    if (std::strcmp(t.key, "XML:com.adobe.xmp") == 0) xmp = xmp_orientation(t.text, size);
    if (parts.exif == nullptr && std::strcmp(t.key, "Raw profile type exif") == 0) {
      exif = profile_orientation(t.text, size);
    }
  }
  return orientation_of(exif, xmp);
}

}  // namespace

Photo decode_png(const uint8_t *bytes, size_t size, const std::optional<ValueRange> &range) {
  const PngParts parts = png_parts(bytes, size);
  Reader reader(parts.file.data(), parts.file.size());
  png_structp png = reader.png;
  png_infop info = reader.info;
  reader.run([&] { png_read_info(png, info); });
  check_photo_size(png_get_image_width(png, info), png_get_image_height(png, info));
  const Look look = look_of(png, info);
  const bool deep = png_get_bit_depth(png, info) == 16;

  Photo photo;
  photo.width = static_cast<int>(png_get_image_width(png, info));
  photo.height = static_cast<int>(png_get_image_height(png, info));
  int passes = 1;
  reader.run([&] {
    png_set_packing(png);
    passes = png_set_interlace_handling(png);
    png_read_update_info(png, info);
  });
  const size_t row_bytes = static_cast<size_t>(photo.width) * static_cast<size_t>(look.samples) *
                           (deep ? 2 : 1);
  if (png_get_rowbytes(png, info) != row_bytes) {
    throw Failure(PL_INTERNAL_ERROR, "PNG: unexpected row size");
  }
  // An interlaced file fills its rows little by little, and what 16 bits mean is told by all of
  // them, so all rows are kept.
  const bool all = passes > 1 || deep;
  const size_t kept = all ? static_cast<size_t>(photo.height) : 1;
  std::unique_ptr<uint8_t[]> rows(new uint8_t[row_bytes * kept]());
  const size_t out_bytes = static_cast<size_t>(photo.width) * kChannels;
  photo.rgb.reset(new uint8_t[out_bytes * photo.height]);
  uint8_t *rgb = photo.rgb.get();
  uint8_t *stored = rows.get();
  reader.run([&] {
    for (int pass = 1; pass <= passes; pass++) {
      for (int y = 0; y < photo.height; y++) {
        uint8_t *row = stored + (all ? row_bytes * y : 0);
        png_read_row(png, row, nullptr);
        if (pass == passes && !deep) row_to_rgb(look, row, photo.width, rgb + out_bytes * y);
      }
    }
  });
  if (deep) {
    const DeepPixels pixels{stored, static_cast<size_t>(photo.width) * photo.height, look.samples};
    deep_to_rgb(pixels, look.has_clear ? look.clear : nullptr,
                range ? *range : own_range(pixels, parts.bits), rgb);
  }
  // EXIF may follow the pixels; when the file ends or breaks there, the pixels are still whole.
  reader.step([&] { png_read_end(png, info); });
  photo.orientation = stored_orientation(png, info, parts);
  return photo;
}

}  // namespace pocketlens
