#include "png_chunks.h"

#include <algorithm>
#include <cstring>
#include <string_view>

namespace pocketlens {
namespace {

constexpr size_t kSignature = 8, kAround = 12;  // length, name and checksum of a chunk
constexpr size_t kColourAt = 25;                // of the type, in the file
constexpr uint8_t kGrey = 0, kRgb = 2, kPalette = 3, kRgbAlpha = 6;

size_t number(const uint8_t *p) {
  return static_cast<size_t>(p[0]) << 24 | static_cast<size_t>(p[1]) << 16 |
         static_cast<size_t>(p[2]) << 8 | p[3];
}

bool is_letter(uint8_t c) { return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'); }

// Whether a text chunk has one of the two keys under which an orientation may stand.
bool has_orientation_key(std::string_view body) {
  const std::string_view key = body.substr(0, body.find('\0'));
  return key == "XML:com.adobe.xmp" || key == "Raw profile type exif";
}

// Whether a tRNS chunk has the length that its colour type asks for.
bool fits(size_t size, uint8_t colour, size_t palette) {
  if (colour == kPalette) return size >= 1 && size <= palette;
  return (colour == kGrey && size == 2) || (colour == kRgb && size == 6);
}

int largest(std::string_view body, uint8_t colour) {
  const size_t count = colour == kRgb || colour == kRgbAlpha ? 3 : 1;
  int most = 0;
  for (const char c : body.substr(0, count)) most = std::max(most, int(static_cast<uint8_t>(c)));
  return body.size() >= count ? most : 0;
}

}  // namespace

PngParts png_parts(const uint8_t *bytes, size_t size) {
  PngParts parts;
  if (size <= kColourAt) {
    parts.file.assign(bytes, bytes + size);
    return parts;
  }
  const uint8_t colour = bytes[kColourAt];
  parts.file.reserve(size);
  parts.file.assign(bytes, bytes + kSignature);
  size_t palette = 0;
  bool pixels = false, clear = false;
  for (size_t at = kSignature; size - at >= 8;) {
    const uint8_t *chunk = bytes + at;
    const std::string_view name(reinterpret_cast<const char *>(chunk + 4), 4);
    const size_t length = number(chunk);
    const bool whole = length <= size - at && kAround <= size - at - length;
    const size_t end = whole ? at + kAround + length : size;
    const std::string_view body(reinterpret_cast<const char *>(chunk + 8), whole ? length : 0);
    bool keep = name == "IHDR" || name == "PLTE" || name == "IDAT" || name == "IEND";
    if (!std::all_of(chunk + 4, chunk + 8, is_letter)) {  // no chunk any more: libpng decides
      parts.file.insert(parts.file.end(), chunk, bytes + size);
      break;
    }
    if (name == "PLTE") palette = body.size() / 3;
    if (name == "IDAT") pixels = true;
    if (name == "tRNS" && whole && !pixels && !clear && fits(length, colour, palette)) {
      keep = clear = true;  // libpng looks at the checksum
    }
    if (name == "eXIf" && whole && parts.exif == nullptr) {
      parts.exif = chunk + 8;
      parts.exif_size = length;
    }
    if (name == "sBIT" && whole && parts.bits == 0) parts.bits = largest(body, colour);
    if ((name == "tEXt" || name == "zTXt" || name == "iTXt") && whole && length <= kLongestText) {
      keep = has_orientation_key(body);
    }
    if (keep) parts.file.insert(parts.file.end(), chunk, bytes + end);
    if (name == "IEND") break;
    at = end;
  }
  return parts;
}

}  // namespace pocketlens
