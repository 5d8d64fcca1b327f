// spec.json: the description of a model that training wrote, under the same rules as there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "pocketlens.h"

namespace pocketlens {

struct Size {
  int height;
  int width;
};

enum class ResizeRule { kStretch, kShorterSide };
enum class Interpolation { kBilinear, kBicubic, kLanczos };

// The values of photos of more than 8 bits that are black and white.
struct ValueRange {
  double low;
  double high;  // above low
};

struct InputSpec {
  Size size;      // of the tensor
  float mean[3];  // per channel, in 0..255 units
  float std[3];
  ResizeRule rule;
  Size resize;  // for kShorterSide, `height` is the length of the shorter side
  Interpolation interpolation;
  std::optional<Size> crop;  // centred
  std::optional<ValueRange> range;  // of the photos of training, where some had more than 8 bits
};

struct FileSpec {
  std::string name;
  uint64_t bytes;
  std::string sha256;
  pl_layout layout;  // of this file's input tensor
};

struct LabelSpec {
  std::string name, en, zh, group_en, group_zh;
};

struct ModelSpec {
  std::vector<LabelSpec> labels;  // one per class, in the order of the outputs
  InputSpec input;
  bool probabilities;               // the outputs; otherwise logits
  double temperature = 1;           // what logits are divided by before softmax
  std::optional<double> threshold;  // the score below which an answer is not to be relied on
  std::vector<FileSpec> files;
};

// Largest height or width that spec.json may ask for; keeps a damaged file from claiming gigabytes.
constexpr int kMaxInputSide = 4096;

// Throws Failure(PL_BAD_SPEC) with the key and the accepted values.
ModelSpec parse_spec(const char *json, size_t size);

}  // namespace pocketlens
