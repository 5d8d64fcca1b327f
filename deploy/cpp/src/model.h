// A MindSpore Lite model that fits its description.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "spec.h"

namespace pocketlens {

// The entry of spec.files that these bytes are, told by size and SHA-256, so that a file may be
// renamed. Throws Failure(PL_MODEL_MISMATCH). The runtime itself is not safe against damaged
// models: nothing reaches it that has not passed here.
const FileSpec &described(const ModelSpec &spec, const void *model, size_t size);

class LiteModel {
 public:
  // Builds the model and compares its tensors with the description. The bytes are not needed
  // afterwards. Throws Failure(PL_MODEL_ERROR, PL_MODEL_MISMATCH).
  LiteModel(const void *model, size_t size, const ModelSpec &spec, pl_layout layout,
            const pl_options &options);
  ~LiteModel();
  LiteModel(const LiteModel &) = delete;
  LiteModel &operator=(const LiteModel &) = delete;

  // Where the next input goes: 3 * height * width floats.
  float *input();

  // Runs the model on what input() holds; `outputs` has one float per class.
  void run(float *outputs);

 private:
  struct Runtime;
  std::unique_ptr<Runtime> runtime_;
  size_t classes_;
};

}  // namespace pocketlens
