#include <csetjmp>
#include <cstdio>
#include <cstring>
#include <string>

// after <cstdio>, whose types it uses
#include <jpeglib.h>

#include "decode.h"
#include "exif.h"
#include "failure.h"

namespace pocketlens {
namespace {

constexpr int kApp1 = JPEG_APP0 + 1;
constexpr char kExif[] = "Exif\0";  // and the final zero: six bytes
constexpr char kXmp[] = "http://ns.adobe.com/xap/1.0/";

// The library reports an error by calling error_exit, which must not return: it jumps back to the
// start of `step`, where no object with a destructor is alive.
struct Reader {
  jpeg_decompress_struct info{};
  jpeg_error_mgr errors{};
  jpeg_source_mgr source{};
  std::jmp_buf jump{};
  char message[JMSG_LENGTH_MAX] = {};

  Reader(const uint8_t *bytes, size_t size) {
    info.err = jpeg_std_error(&errors);
    info.client_data = this;
    errors.error_exit = [](j_common_ptr cinfo) {
      auto *reader = static_cast<Reader *>(cinfo->client_data);
      cinfo->err->format_message(cinfo, reader->message);
      std::longjmp(reader->jump, 1);
    };
    errors.output_message = [](j_common_ptr) {};  // warnings: the photo can still be used
    source.next_input_byte = bytes;
    source.bytes_in_buffer = size;
    source.init_source = [](j_decompress_ptr) {};
    source.term_source = [](j_decompress_ptr) {};
    source.resync_to_restart = jpeg_resync_to_restart;
    source.fill_input_buffer = [](j_decompress_ptr cinfo) -> boolean { return cut_short(cinfo); };
    source.skip_input_data = [](j_decompress_ptr cinfo, long count) {
      if (count <= 0) return;
      if (static_cast<size_t>(count) > cinfo->src->bytes_in_buffer) cut_short(cinfo);
      cinfo->src->next_input_byte += count;
      cinfo->src->bytes_in_buffer -= static_cast<size_t>(count);
    };
  }
  ~Reader() { jpeg_destroy_decompress(&info); }
  Reader(const Reader &) = delete;
  Reader &operator=(const Reader &) = delete;

  // A file that ends early is refused: half a photo gets a label that nobody should trust.
  static boolean cut_short(j_decompress_ptr cinfo) {
    auto *reader = static_cast<Reader *>(cinfo->client_data);
    std::snprintf(reader->message, sizeof reader->message, "the file is cut short");
    std::longjmp(reader->jump, 1);
  }

  // Runs calls of the library; false and `message` when one of them failed.
  template <typename Calls>
  bool step(Calls calls) {
    if (setjmp(jump) != 0) return false;
    calls();
    return true;
  }
  template <typename Calls>
  void run(Calls calls) {
    if (!step(calls)) throw Failure(PL_BAD_IMAGE, std::string("JPEG: ") + message);
  }
};

int stored_orientation(const jpeg_decompress_struct &info) {
  int exif = 0, xmp = 0;
  for (const jpeg_marker_struct *m = info.marker_list; m != nullptr; m = m->next) {
    const uint8_t *data = m->data;
    const size_t size = m->data_length;
    if (m->marker != kApp1) continue;
    if (exif == 0 && size >= sizeof kExif && std::memcmp(data, kExif, sizeof kExif) == 0) {
      exif = exif_orientation(data + sizeof kExif, size - sizeof kExif);
    } else if (size >= sizeof kXmp && std::memcmp(data, kXmp, sizeof kXmp) == 0) {
      xmp = xmp_orientation(reinterpret_cast<const char *>(data) + sizeof kXmp, size - sizeof kXmp);
    }
  }
  return orientation_of(exif, xmp);
}

// A row of grey or of CMYK, in place in `row`, to RGB in `out`.
void row_to_rgb(const uint8_t *row, int width, int components, uint8_t *out) {
  for (int x = 0; x < width; x++, row += components, out += kChannels) {
    for (int c = 0; c < kChannels; c++) {
      // CMYK files hold 255 minus the ink, as Adobe writes them: the product of what is left of
      // the paper's white after black and after the colour.
      out[c] = components == 1 ? row[0]
                               : static_cast<uint8_t>(
                                     row[3] - ((255 - row[c]) * row[3] + 127) / 255);
    }
  }
}

}  // namespace

Photo decode_jpeg(const uint8_t *bytes, size_t size) {
  Reader reader(bytes, size);
  jpeg_decompress_struct &info = reader.info;
  reader.run([&] {
    jpeg_create_decompress(&info);
    info.src = &reader.source;
    jpeg_save_markers(&info, kApp1, 0xffff);
    jpeg_read_header(&info, TRUE);
  });
  check_photo_size(info.image_width, info.image_height);
  const int components = info.num_components;
  if (components != 1 && components != 3 && components != 4) {
    throw Failure(PL_BAD_IMAGE, "JPEG: " + std::to_string(components) + " colour components");
  }
  info.out_color_space = components == 1 ? JCS_GRAYSCALE : components == 3 ? JCS_RGB : JCS_CMYK;

  Photo photo;
  photo.width = static_cast<int>(info.image_width);
  photo.height = static_cast<int>(info.image_height);
  photo.orientation = stored_orientation(info);
  const size_t row_bytes = static_cast<size_t>(photo.width) * kChannels;
  reader.run([&] { jpeg_start_decompress(&info); });
  photo.rgb.reset(new uint8_t[row_bytes * photo.height]);
  std::unique_ptr<uint8_t[]> other(
      new uint8_t[static_cast<size_t>(photo.width) * static_cast<size_t>(components)]);
  uint8_t *out = photo.rgb.get();
  uint8_t *row = components == kChannels ? nullptr : other.get();
  reader.run([&] {
    while (info.output_scanline < info.output_height) {
      uint8_t *line = row != nullptr ? row : out;
      jpeg_read_scanlines(&info, &line, 1);
      if (row != nullptr) row_to_rgb(row, photo.width, components, out);
      out += row_bytes;
    }
    jpeg_finish_decompress(&info);
  });
  return photo;
}

}  // namespace pocketlens
