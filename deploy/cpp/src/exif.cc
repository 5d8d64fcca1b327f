#include "exif.h"

#include <string_view>

namespace pocketlens {
namespace {

constexpr uint32_t kOrientation = 0x0112;  // EXIF 2.32, table 4
constexpr uint32_t kByte = 1, kShort = 3, kLong = 4;
constexpr size_t kEntry = 12;  // bytes of a directory entry

// Numbers of a TIFF block; beyond its end they are 0.
class Tiff {
 public:
  Tiff(const uint8_t *data, size_t size) : data_(data), size_(size) {
    big_ = size >= 2 && data[0] == 'M' && data[1] == 'M';
    known_ = big_ || (size >= 2 && data[0] == 'I' && data[1] == 'I');
  }
  bool known() const { return known_ && number(2, 2) == 42; }

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

}  // namespace

int exif_orientation(const uint8_t *tiff, size_t size) {
  const Tiff block(tiff, size);
  if (!block.known()) return 0;
  const size_t directory = block.number(4, 4);
  const uint32_t entries = block.number(directory, 2);
  for (uint32_t i = 0; i < entries; i++) {
    const size_t entry = directory + 2 + i * kEntry;
    if (entry + kEntry > size) return 0;
    if (block.number(entry, 2) != kOrientation) continue;
    switch (block.number(entry + 2, 2)) {
      case kByte:
        return static_cast<int>(block.number(entry + 8, 1));
      case kShort:
        return static_cast<int>(block.number(entry + 8, 2));
      case kLong:
        return static_cast<int>(block.number(entry + 8, 4) & 0xffff);
      default:
        return 0;
    }
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
  const int orientation = exif != 0 ? exif : xmp;
  return orientation >= 1 && orientation <= 8 ? orientation : 1;
}

}  // namespace pocketlens
