// The orientation of a photo, as cameras and editing programs write it into a file.
#pragma once

#include <cstddef>
#include <cstdint>

namespace pocketlens {

// Tag 0x0112 of an EXIF block (a TIFF header and its first directory), 1..8. 0 if there is none, or
// block or tag are damaged.
int exif_orientation(const uint8_t *tiff, size_t size);

// tiff:Orientation of an XMP packet. 0 if there is none.
int xmp_orientation(const char *xmp, size_t size);

// What to do with a file that has either: the first that says 1..8, else 1.
int orientation_of(int exif, int xmp);

}  // namespace pocketlens
