#include "model.h"

#include <cstdint>
#include <cstring>
#include <vector>

#include "failure.h"
#include "include/api/context.h"
#include "include/api/model.h"
#include "sha256.h"

namespace pocketlens {
namespace {

std::string shape_text(const std::vector<int64_t> &shape) {
  std::string text;
  for (const int64_t n : shape) text += (text.empty() ? "" : " x ") + std::to_string(n);
  return text.empty() ? "none" : text;
}

void require(bool condition, const std::string &what, const std::string &got) {
  if (!condition) {
    throw Failure(PL_MODEL_MISMATCH, "the model does not fit its spec.json: expected " + what +
                                         "; the model has " + got);
  }
}

void require_float(const mindspore::MSTensor &tensor, const std::string &which) {
  require(tensor.DataType() == mindspore::DataType::kNumberTypeFloat32, which + " of float32",
          "data type number " + std::to_string(static_cast<int>(tensor.DataType())));
}

void check_input(const std::vector<mindspore::MSTensor> &inputs, const InputSpec &input,
                 pl_layout layout) {
  require(inputs.size() == 1, "1 input", std::to_string(inputs.size()));
  const mindspore::MSTensor &tensor = inputs[0];
  require_float(tensor, "an input");
  const bool nhwc = layout == PL_NHWC;
  const int64_t h = input.size.height, w = input.size.width;
  const auto expected = nhwc ? std::vector<int64_t>{1, h, w, 3} : std::vector<int64_t>{1, 3, h, w};
  require(tensor.Shape() == expected, "an input of " + shape_text(expected),
          shape_text(tensor.Shape()));
  // The shape tells the two layouts apart. The format that the tensor names does not: the runtime
  // of the wheel says NCHW for an input of 1 x 224 x 224 x 3. Packed formats are refused.
  const auto format = tensor.format();
  require(format == mindspore::NHWC || format == mindspore::NCHW, "the layout NHWC or NCHW",
          "layout number " + std::to_string(static_cast<int>(format)));
  require(tensor.DataSize() == sizeof(float) * 3 * static_cast<size_t>(h * w),
          "an input of that size", std::to_string(tensor.DataSize()) + " bytes");
}

void check_output(const std::vector<mindspore::MSTensor> &outputs, size_t classes) {
  require(outputs.size() == 1, "1 output", std::to_string(outputs.size()));
  require_float(outputs[0], "an output");
  const std::vector<int64_t> expected = {1, static_cast<int64_t>(classes)};
  require(outputs[0].Shape() == expected, "an output of " + shape_text(expected),
          shape_text(outputs[0].Shape()));
}

}  // namespace

const FileSpec &described(const ModelSpec &spec, const void *model, size_t size) {
  std::string names, digest;
  for (const FileSpec &file : spec.files) {
    if (file.bytes == size) {
      if (digest.empty()) digest = sha256_hex(model, size);
      if (file.sha256 == digest) return file;
    }
    names += (names.empty() ? "" : ", ") + file.name;
  }
  throw Failure(PL_MODEL_MISMATCH,
                "the model (" + std::to_string(size) + " bytes) is not a file that its spec.json "
                "describes (" + (names.empty() ? "none" : names) +
                    ", told by size and SHA-256): both must come from the same export");
}

struct LiteModel::Runtime {
  mindspore::Model model;
  std::vector<mindspore::MSTensor> inputs;
};

LiteModel::LiteModel(const void *model, size_t size, const ModelSpec &spec, pl_layout layout,
                     const pl_options &options)
    : runtime_(new Runtime), classes_(spec.labels.size()) {
  auto context = std::make_shared<mindspore::Context>();
  context->SetThreadNum(options.threads);
  context->SetThreadAffinity(options.affinity);
  auto cpu = std::make_shared<mindspore::CPUDeviceInfo>();
  cpu->SetEnableFP16(options.fp16 != 0);
  context->MutableDeviceInfo().push_back(cpu);
  const mindspore::Status status =
      runtime_->model.Build(model, size, mindspore::kMindIR_Lite, context);
  if (status.IsError()) {
    throw Failure(PL_MODEL_ERROR, "MindSpore Lite cannot build the model: " + status.ToString());
  }
  runtime_->inputs = runtime_->model.GetInputs();
  check_input(runtime_->inputs, spec.input, layout);
  check_output(runtime_->model.GetOutputs(), classes_);
  if (input() == nullptr) throw Failure(PL_MODEL_ERROR, "MindSpore Lite gives no input memory");
}

LiteModel::~LiteModel() = default;

float *LiteModel::input() { return static_cast<float *>(runtime_->inputs[0].MutableData()); }

void LiteModel::run(float *outputs) {
  std::vector<mindspore::MSTensor> results;
  const mindspore::Status status = runtime_->model.Predict(runtime_->inputs, &results);
  if (status.IsError()) {
    throw Failure(PL_MODEL_ERROR, "MindSpore Lite cannot run the model: " + status.ToString());
  }
  const bool fits = results.size() == 1 && results[0].DataSize() == classes_ * sizeof(float);
  const auto data = fits ? results[0].Data() : nullptr;
  if (data == nullptr) throw Failure(PL_MODEL_ERROR, "MindSpore Lite gave no scores");
  std::memcpy(outputs, data.get(), classes_ * sizeof(float));
}

}  // namespace pocketlens
