// A PNG file without what stands beside its pixels, as src_mindspore/photos/png_file.py leaves it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace pocketlens {

// Text of more bytes, packed or unpacked, is not looked at for an orientation.
constexpr size_t kLongestText = 1 << 20;

struct PngParts {
  // The file with the chunks that libpng is to see: the pixels', and short text that may have an
  // orientation. Others, whatever their length and faults, cost nothing.
  std::vector<uint8_t> file;
  const uint8_t *exif = nullptr;  // the first eXIf chunk, in the bytes that were given
  size_t exif_size = 0;
  int bits = 0;  // that the file says a sample uses (sBIT), the largest; 0 if it does not
};

// `bytes` begin with the signature of PNG.
PngParts png_parts(const uint8_t *bytes, size_t size);

}  // namespace pocketlens
