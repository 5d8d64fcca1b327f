// Which files below a folder are photos, and their bytes. The rule and its tables are those of
// src_mindspore/photos/listing.py; a test compares them. Training runs among the photos, which
// Python knows and passes over, are folders like others here.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

struct PhotoList {
  std::vector<std::string> photos;
  // What cannot be used at all, each with its reason: a folder that cannot be listed or that has
  // no photos.
  std::vector<std::string> errors;
};

// Files as they are named, folders with all photos below them, sorted. What a folder holds besides
// photos and rubbish is counted and named on standard error.
PhotoList list_photos(const std::vector<std::string> &paths);

// Reads a file; what is wrong with it, or nothing. Pipes and devices are not waited for.
std::string read_photo(const std::string &path, std::vector<uint8_t> *bytes);
