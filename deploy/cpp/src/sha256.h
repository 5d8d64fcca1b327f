// SHA-256 (FIPS 180-4), to compare a model file with its entry in spec.json.
#pragma once

#include <cstddef>
#include <string>

namespace pocketlens {

// The digest of `size` bytes in lower-case hexadecimal, 64 characters.
std::string sha256_hex(const void *data, size_t size);

}  // namespace pocketlens
