// The C functions: they check their arguments and let no exception out.
#include "pocketlens.h"

#include <algorithm>
#include <cstring>
#include <exception>
#include <new>
#include <string>

#include "classifier.h"
#include "failure.h"

using namespace pocketlens;

namespace {

constexpr int32_t kMaxThreads = 64;

std::string &last_error() {
  thread_local std::string text;
  return text;
}

pl_status fail(pl_status status, const char *text) noexcept {
  try {
    last_error() = text;
  } catch (...) {  // no memory for the message; the status says it
  }
  return status;
}

// Runs the body of a C function.
template <typename Body>
pl_status guarded(Body body) noexcept {
  try {
    body();
    return PL_OK;
  } catch (const Failure &failure) {
    return fail(failure.status(), failure.what());
  } catch (const std::bad_alloc &) {
    return fail(PL_OUT_OF_MEMORY, "out of memory");
  } catch (const std::exception &error) {
    return fail(PL_INTERNAL_ERROR, error.what());
  } catch (...) {
    return fail(PL_INTERNAL_ERROR, "an unknown exception");
  }
}

void require(bool condition, const std::string &rule) {
  if (!condition) throw Failure(PL_BAD_ARGUMENT, rule);
}

pl_options checked(const pl_options *given) {
  const pl_options options = given != nullptr ? *given : pl_default_options();
  require(options.threads >= 1 && options.threads <= kMaxThreads,
          "options.threads is 1 to 64; got " + std::to_string(options.threads));
  require(options.affinity >= PL_AFFINITY_NONE && options.affinity <= PL_AFFINITY_LITTLE,
          "options.affinity is a pl_affinity; got " + std::to_string(options.affinity));
  require(options.fp16 == 0 || options.fp16 == 1,
          "options.fp16 is 0 or 1; got " + std::to_string(options.fp16));
  return options;
}

void start_call(pl_classifier &lens) {
  lens.times.decode = lens.times.prepare = lens.times.inference = 0;
}

void check_results(const pl_classifier *lens, const pl_result *results, int32_t capacity,
                   const int32_t *count) {
  require(lens != nullptr && results != nullptr && count != nullptr,
          "classifier, results and count must not be NULL");
  require(capacity >= 1, "capacity is at least 1; got " + std::to_string(capacity));
}

void check_tensor(const pl_classifier *lens, const float *tensor, size_t count) {
  require(lens != nullptr && tensor != nullptr, "classifier and tensor must not be NULL");
  require(count == lens->tensor_values(), "the tensor has " +
                                              std::to_string(lens->tensor_values()) +
                                              " values; got " + std::to_string(count));
}

// spec.json in the folder of the model.
std::string beside(const std::string &model_path) {
  const size_t slash = model_path.find_last_of('/');
  return (slash == std::string::npos ? "" : model_path.substr(0, slash + 1)) + "spec.json";
}

// Opens from files; the message of a failure names them.
std::unique_ptr<pl_classifier> open_files(const std::string &model_path,
                                          const std::string &spec_path, const pl_options &options) {
  const std::string spec = read_file(spec_path);
  const std::string model = read_file(model_path);
  try {
    return open_classifier(model, spec, options);
  } catch (const Failure &failure) {
    throw Failure(failure.status(), model_path + " with " + spec_path + ": " + failure.what());
  }
}

}  // namespace

extern "C" {

const char *pl_version(void) { return "1.1.0"; }

const char *pl_status_name(pl_status status) {
  static const char *const names[] = {"PL_OK",          "PL_BAD_ARGUMENT",    "PL_FILE_ERROR",
                                      "PL_BAD_SPEC",    "PL_MODEL_MISMATCH",  "PL_MODEL_ERROR",
                                      "PL_BAD_IMAGE",   "PL_IMAGE_TOO_LARGE", "PL_OUT_OF_MEMORY",
                                      "PL_UNSUPPORTED", "PL_INTERNAL_ERROR"};
  const int number = static_cast<int>(status);
  return number >= PL_OK && number <= PL_INTERNAL_ERROR ? names[number] : "?";
}

const char *pl_last_error(void) { return last_error().c_str(); }

pl_options pl_default_options(void) { return {2, PL_AFFINITY_NONE, 0}; }

pl_status pl_open(const char *model_path, const char *spec_path, const pl_options *options,
                  pl_classifier **classifier) {
  if (classifier != nullptr) *classifier = nullptr;
  return guarded([&] {
    require(model_path != nullptr && classifier != nullptr,
            "model_path and classifier must not be NULL");
    *classifier = open_files(model_path, spec_path != nullptr ? spec_path : beside(model_path),
                             checked(options))
                      .release();
  });
}

pl_status pl_open_memory(const void *model, size_t model_bytes, const char *spec_json,
                         size_t spec_bytes, const pl_options *options,
                         pl_classifier **classifier) {
  if (classifier != nullptr) *classifier = nullptr;
  return guarded([&] {
    require(model != nullptr && spec_json != nullptr && classifier != nullptr,
            "model, spec_json and classifier must not be NULL");
    *classifier = open_classifier({static_cast<const char *>(model), model_bytes},
                                  {spec_json, spec_bytes}, checked(options))
                      .release();
  });
}

void pl_free(pl_classifier *classifier) {
  guarded([&] { delete classifier; });
}

pl_status pl_get_info(const pl_classifier *classifier, pl_info *info) {
  return guarded([&] {
    require(classifier != nullptr && info != nullptr, "classifier and info must not be NULL");
    info->classes = static_cast<int32_t>(classifier->spec.labels.size());
    info->height = classifier->spec.input.size.height;
    info->width = classifier->spec.input.size.width;
    info->layout = classifier->layout;
    info->probabilities = classifier->spec.probabilities ? 1 : 0;
    info->tensor_values = classifier->tensor_values();
    info->model_bytes = classifier->model_bytes;
  });
}

pl_status pl_get_threshold(const pl_classifier *classifier, float *threshold) {
  return guarded([&] {
    require(classifier != nullptr && threshold != nullptr,
            "classifier and threshold must not be NULL");
    *threshold = static_cast<float>(classifier->spec.threshold.value_or(0));
  });
}

pl_status pl_get_label(const pl_classifier *classifier, int32_t index, pl_label *label) {
  return guarded([&] {
    require(classifier != nullptr && label != nullptr, "classifier and label must not be NULL");
    const auto classes = static_cast<int32_t>(classifier->spec.labels.size());
    require(index >= 0 && index < classes,
            "index is 0 to " + std::to_string(classes - 1) + "; got " + std::to_string(index));
    *label = label_of(*classifier, index);
  });
}

pl_status pl_classify_pixels(pl_classifier *classifier, const pl_pixels *pixels,
                             pl_result *results, int32_t capacity, int32_t *count) {
  return guarded([&] {
    check_results(classifier, results, capacity, count);
    require(pixels != nullptr, "pixels must not be NULL");
    start_call(*classifier);
    prepare_timed(*classifier, *pixels, classifier->model->input());
    classify(*classifier, results, capacity, count);
  });
}

pl_status pl_classify_image(pl_classifier *classifier, const void *bytes, size_t size,
                            pl_result *results, int32_t capacity, int32_t *count) {
  return guarded([&] {
    check_results(classifier, results, capacity, count);
    require(bytes != nullptr && size > 0, "bytes must not be NULL and size not 0");
    start_call(*classifier);
    {  // the photo is freed before the model runs
      const Photo photo = decode_timed(*classifier, bytes, size);
      prepare_timed(*classifier, photo.pixels(), classifier->model->input());
    }
    classify(*classifier, results, capacity, count);
  });
}

pl_status pl_get_scores(const pl_classifier *classifier, float *scores, int32_t count) {
  return guarded([&] {
    require(classifier != nullptr && scores != nullptr, "classifier and scores must not be NULL");
    const auto classes = static_cast<int32_t>(classifier->scores.size());
    require(count == classes, "count is " + std::to_string(classes) + ", the number of classes");
    require(classifier->has_scores, "nothing has been classified yet");
    std::copy(classifier->scores.begin(), classifier->scores.end(), scores);
  });
}

pl_status pl_prepare_pixels(pl_classifier *classifier, const pl_pixels *pixels, float *tensor,
                            size_t count) {
  return guarded([&] {
    check_tensor(classifier, tensor, count);
    require(pixels != nullptr, "pixels must not be NULL");
    start_call(*classifier);
    prepare_timed(*classifier, *pixels, tensor);
  });
}

pl_status pl_prepare_image(pl_classifier *classifier, const void *bytes, size_t size,
                           float *tensor, size_t count) {
  return guarded([&] {
    check_tensor(classifier, tensor, count);
    require(bytes != nullptr && size > 0, "bytes must not be NULL and size not 0");
    start_call(*classifier);
    const Photo photo = decode_timed(*classifier, bytes, size);
    prepare_timed(*classifier, photo.pixels(), tensor);
  });
}

pl_status pl_run(pl_classifier *classifier, const float *tensor, size_t tensor_count,
                 float *outputs, size_t output_count) {
  return guarded([&] {
    check_tensor(classifier, tensor, tensor_count);
    require(outputs != nullptr && output_count == classifier->scores.size(),
            "outputs must not be NULL and has one value per class");
    start_call(*classifier);
    std::memcpy(classifier->model->input(), tensor, tensor_count * sizeof(float));
    run_timed(*classifier, outputs);
  });
}

pl_status pl_get_times(const pl_classifier *classifier, pl_times *times) {
  return guarded([&] {
    require(classifier != nullptr && times != nullptr, "classifier and times must not be NULL");
    *times = classifier->times;
  });
}

}  // extern "C"
