// From a photo to the model's input tensor, as spec.json says.
#pragma once

#include <cstdint>
#include <vector>

#include "pixels.h"
#include "spec.h"

namespace pocketlens {

// Resizes and crops: input.size.height * input.size.width * 3 bytes, RGB.
std::vector<uint8_t> prepare_pixels(const RowSource &photo, const InputSpec &input);

// (value - mean) / std of each channel, in the tensor's layout; `tensor` has as many values.
void normalise(const std::vector<uint8_t> &rgb, const InputSpec &input, pl_layout layout,
               float *tensor);

}  // namespace pocketlens
