// What a pl_classifier is, and the steps that the C functions are made of.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "decode.h"
#include "model.h"
#include "pixels.h"
#include "pocketlens.h"
#include "spec.h"

struct pl_classifier {
  pocketlens::ModelSpec spec;
  pl_layout layout = PL_NCHW;
  size_t model_bytes = 0;
  std::unique_ptr<pocketlens::LiteModel> model;
  std::vector<float> scores;  // of the last successful classification
  bool has_scores = false;
  pl_times times{};

  size_t tensor_values() const {
    return static_cast<size_t>(3 * spec.input.size.height) *
           static_cast<size_t>(spec.input.size.width);
  }
};

namespace pocketlens {

// All of these throw Failure.

// The bytes of a file.
std::string read_file(const std::string &path);

// A classifier from the bytes of a model and of its spec.json.
std::unique_ptr<pl_classifier> open_classifier(std::string_view model,
                                               std::string_view spec,
                                               const pl_options &options);

// Each step notes its time in `lens.times`.
Photo decode_timed(pl_classifier &lens, const void *bytes, size_t size);
void prepare_timed(pl_classifier &lens, const pl_pixels &pixels, float *tensor);
void run_timed(pl_classifier &lens, float *outputs);

// Runs the model on its filled input, keeps the scores and writes the best.
void classify(pl_classifier &lens, pl_result *results, int32_t capacity, int32_t *count);

pl_label label_of(const pl_classifier &lens, int32_t index);

}  // namespace pocketlens
