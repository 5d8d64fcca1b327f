#include "exif.h"

#include <cstring>
#include <string_view>

namespace pocketlens {
namespace {

constexpr uint32_t kOrientation = 0x0112;  // EXIF 2.32, table 4
constexpr size_t kEntry = 12;  // bytes of a directory entry

// Numbers of a TIFF block; beyond its end they are 0.
class Tiff {
 public:
  Tiff(const uint8_t *data, size_t size) : data_(data), size_(size) {
    big_ = size >= 2 && data[0] == 'M' && data[1] == 'M';
    known_ = big_ || (size >= 2 && data[0] == 'I' && data[1] == 'I');
  }
  // Some cameras write the 42 in the other byte order.
  bool known() const { return known_ && (number(2, 2) == 42 || number(2, 2) == 42 << 8); }

  uint32_t number(size_t at, size_t bytes) const {
    if (at > size_ || size_ - at < bytes) return 0;
    uint32_t value = 0;
    for (size_t i = 0; i < bytes; i++) {
      value = value << 8 | data_[at + (big_ ? i : bytes - 1 - i)];
    }
    return value;
  }

 private:
  const uint8_t *data_;
  size_t size_;
  bool big_;
  bool known_;
};

// Bytes of a whole number of a type of TIFF 6.0; 0 for other types.
uint32_t whole_bytes(uint32_t type) {
  switch (type) {
    case 1:  // BYTE, and signed
    case 6:
      return 1;
    case 3:  // SHORT
    case 8:
      return 2;
    case 4:  // LONG
    case 9:
      return 4;
    default:
      return 0;
  }
}

bool is_orientation(uint32_t value) { return value >= 1 && value <= 8; }

}  // namespace

int exif_orientation(const uint8_t *tiff, size_t size) {
  constexpr size_t prefix = 6;  // some programs write what JPEG has before the block elsewhere too
  while (size >= prefix && std::memcmp(tiff, "Exif\0", prefix) == 0) {
    tiff += prefix;
    size -= prefix;
  }
  const Tiff block(tiff, size);
  if (!block.known()) return 0;
  const size_t directory = block.number(4, 4);
  const uint32_t entries = block.number(directory, 2);
  for (uint32_t i = 0; i < entries; i++) {
    const size_t entry = directory + 2 + i * kEntry;
    if (entry + kEntry > size) return 0;
    if (block.number(entry, 2) != kOrientation) continue;
    const uint32_t bytes = whole_bytes(block.number(entry + 2, 2));
    const uint32_t count = block.number(entry + 4, 4);
    if (bytes == 0 || count < 1 || count > 4 / bytes) return 0;
    const uint32_t value = block.number(entry + 8, bytes);
    return is_orientation(value) ? static_cast<int>(value) : 0;
  }
  return 0;
}

int xmp_orientation(const char *xmp, size_t size) {
  const std::string_view text(xmp, size);
  const std::string_view name = "tiff:Orientation";
  for (size_t at = text.find(name); at != std::string_view::npos; at = text.find(name, at + 1)) {
    std::string_view rest = text.substr(at + name.size());
    if (rest.substr(0, 2) == "=\"") {  // as an attribute
      rest.remove_prefix(2);
    } else if (rest.substr(0, 1) == ">") {  // as an element
      rest.remove_prefix(1);
    } else {
      continue;
    }
    if (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') return rest[0] - '0';
  }
  return 0;
}

int orientation_of(int exif, int xmp) {
  for (const int said : {exif, xmp}) {
    if (said >= 1 && said <= 8) return said;
  }
  return 1;
}

}  // namespace pocketlens
