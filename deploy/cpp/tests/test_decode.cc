#include <doctest/doctest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "decode.h"
#include "exif.h"
#include "failure.h"
#include "samples.h"

using namespace pocketlens;

namespace {

pl_status status_of(const std::vector<uint8_t> &file, size_t size) {
  // a buffer of exactly this size, so that a sanitizer sees reading past its end
  const std::vector<uint8_t> copy(file.begin(), file.begin() + static_cast<ptrdiff_t>(size));
  try {
    decode(copy.data(), copy.size());
  } catch (const Failure &failure) {
    CHECK(std::string(failure.what()) != "");
    return failure.status();
  }
  return PL_OK;
}

}  // namespace

TEST_CASE("files of every kind have Pillow's pixels") {
  for (const Sample &sample : samples()) {
    CAPTURE(sample.name);
    const Photo photo = decode(sample.file.data(), sample.file.size());
    const RowSource rows(photo.pixels());
    REQUIRE(rows.width() == sample.width);
    REQUIRE(rows.height() == sample.height);
    std::vector<uint8_t> rgb, buffer(static_cast<size_t>(sample.width) * 3);
    for (int y = 0; y < sample.height; y++) {
      const uint8_t *row = rows.row(y, buffer.data());
      rgb.insert(rgb.end(), row, row + buffer.size());
    }
    CHECK(rgb == sample.rgb);
  }
}

TEST_CASE("a file cut short is refused, wherever it ends") {
  for (const Sample &sample : samples()) {
    CAPTURE(sample.name);
    // In PNG the pixels are whole before the last chunks: IEND, 12 bytes, and what precedes it.
    const bool png = sample.name.rfind("png", 0) == 0;
    const size_t tail = sample.name == "png_exif_late" ? 12 + 12 + 26 : 12;
    for (size_t size = 0; size < sample.file.size(); size++) {
      CAPTURE(size);
      const bool whole = png && size >= sample.file.size() - tail;
      CHECK(status_of(sample.file, size) == (whole ? PL_OK : PL_BAD_IMAGE));
    }
  }
}

TEST_CASE("what is no photo is refused") {
  const std::string gif = "GIF89a\x01\0\x01\0";
  CHECK(status_of(std::vector<uint8_t>(gif.begin(), gif.end()), gif.size()) == PL_BAD_IMAGE);
  CHECK(status_of(std::vector<uint8_t>(100, 0), 100) == PL_BAD_IMAGE);
}

TEST_CASE("a photo above the limit is refused before its pixels are read") {
  // JPEG: height and width lie in the frame header, five bytes after its marker 0xffc0.
  for (Sample sample : samples()) {
    if (sample.name != "jpeg_grey") continue;
    for (size_t i = 0; i + 8 < sample.file.size(); i++) {
      if (sample.file[i] == 0xff && sample.file[i + 1] == 0xc0) {
        for (size_t k = 5; k <= 8; k++) sample.file[i + k] = 0xf0;
      }
    }
    CHECK(status_of(sample.file, sample.file.size()) == PL_IMAGE_TOO_LARGE);
  }
}

TEST_CASE("orientation in EXIF blocks of both byte orders") {
  std::vector<uint8_t> big = {'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1,
                              0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0};
  CHECK(exif_orientation(big.data(), big.size()) == 6);
  const std::vector<uint8_t> little = {'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12,
                                       1,   3,   0,  1, 0, 0, 0, 8, 0, 0,  0};
  CHECK(exif_orientation(little.data(), little.size()) == 8);
  for (size_t size = 0; size < big.size(); size++) CHECK(exif_orientation(big.data(), size) == 0);
  big[5] = 0xff;  // the directory lies far outside
  CHECK(exif_orientation(big.data(), big.size()) == 0);
}

TEST_CASE("orientation in XMP, and which of the two counts") {
  const auto xmp = [](const std::string &s) { return xmp_orientation(s.data(), s.size()); };
  CHECK(xmp("<a tiff:Orientation=\"3\"/>") == 3);
  CHECK(xmp("<tiff:Orientation>8</tiff:Orientation>") == 8);
  CHECK(xmp("tiff:Orientation tiff:Orientation=\"5\"") == 5);
  CHECK(xmp("tiff:Orientation=\"") == 0);
  CHECK(xmp("") == 0);
  CHECK(orientation_of(0, 0) == 1);
  CHECK(orientation_of(6, 3) == 6);
  CHECK(orientation_of(0, 3) == 3);
  CHECK(orientation_of(9, 3) == 3);
  CHECK(orientation_of(9, 0) == 1);
}
