#include "classifier.h"

#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <fstream>
#include <numeric>

#include "failure.h"
#include "prepare.h"

namespace pocketlens {
namespace {

constexpr size_t kMaxFileBytes = size_t{1} << 30;

// Milliseconds since it was made.
class Timer {
 public:
  double ms() const {
    return std::chrono::duration<double, std::milli>(Clock::now() - start_).count();
  }

 private:
  using Clock = std::chrono::steady_clock;
  Clock::time_point start_ = Clock::now();
};

// Softmax of logits / temperature in double, shifted by the largest value so that exp cannot
// overflow.
void to_probabilities(std::vector<float> &values, double temperature) {
  const double top = *std::max_element(values.begin(), values.end());
  double sum = 0;
  for (const float v : values) sum += std::exp((v - top) / temperature);
  for (float &v : values) v = static_cast<float>(std::exp((v - top) / temperature) / sum);
}

}  // namespace

std::string read_file(const std::string &path) {
  struct stat about {};
  // told before it is opened: a pipe that nobody writes to would be waited for
  if (stat(path.c_str(), &about) == 0 && !S_ISREG(about.st_mode)) {
    throw Failure(PL_FILE_ERROR, path + " must be a file, but is a folder, pipe or device");
  }
  std::ifstream file(path, std::ios::binary | std::ios::ate);
  if (!file) throw Failure(PL_FILE_ERROR, path + " is missing or cannot be read");
  const std::streamoff size = file.tellg();
  if (size < 0 || static_cast<uint64_t>(size) > kMaxFileBytes) {
    throw Failure(PL_FILE_ERROR, path + " is not a file of at most 1 GB");
  }
  std::string bytes(static_cast<size_t>(size), '\0');
  file.seekg(0);
  if (!file.read(bytes.data(), size)) throw Failure(PL_FILE_ERROR, path + " cannot be read");
  return bytes;
}

std::unique_ptr<pl_classifier> open_classifier(std::string_view model, std::string_view spec,
                                               const pl_options &options) {
  const Timer timer;
  auto lens = std::make_unique<pl_classifier>();
  lens->spec = parse_spec(spec.data(), spec.size());
  lens->layout = described(lens->spec, model.data(), model.size()).layout;
  lens->model_bytes = model.size();
  lens->model = std::make_unique<LiteModel>(model.data(), model.size(), lens->spec, lens->layout,
                                            options);
  lens->scores.resize(lens->spec.labels.size());
  lens->times.load = timer.ms();
  return lens;
}

Photo decode_timed(pl_classifier &lens, const void *bytes, size_t size) {
  const Timer timer;
  Photo photo = decode(bytes, size, lens.spec.input.range);
  lens.times.decode = timer.ms();
  return photo;
}

void prepare_timed(pl_classifier &lens, const pl_pixels &pixels, float *tensor) {
  const Timer timer;
  const std::vector<uint8_t> rgb = prepare_pixels(RowSource(pixels), lens.spec.input);
  normalise(rgb, lens.spec.input, lens.layout, tensor);
  lens.times.prepare = timer.ms();
}

void run_timed(pl_classifier &lens, float *outputs) {
  const Timer timer;
  lens.model->run(outputs);
  lens.times.inference = timer.ms();
}

pl_label label_of(const pl_classifier &lens, int32_t index) {
  const LabelSpec &l = lens.spec.labels[static_cast<size_t>(index)];
  return {l.name.c_str(), l.en.c_str(), l.zh.c_str(), l.group_en.c_str(), l.group_zh.c_str()};
}

void classify(pl_classifier &lens, pl_result *results, int32_t capacity, int32_t *count) {
  lens.has_scores = false;
  run_timed(lens, lens.scores.data());
  for (const float v : lens.scores) {
    if (!std::isfinite(v)) throw Failure(PL_MODEL_ERROR, "a score of the model is no number");
  }
  if (!lens.spec.probabilities) to_probabilities(lens.scores, lens.spec.temperature);
  lens.has_scores = true;
  std::vector<int32_t> order(lens.scores.size());
  std::iota(order.begin(), order.end(), 0);
  const auto best = std::min<size_t>(order.size(), static_cast<size_t>(capacity));
  std::stable_sort(order.begin(), order.end(), [&](int32_t a, int32_t b) {
    return lens.scores[static_cast<size_t>(a)] > lens.scores[static_cast<size_t>(b)];
  });
  for (size_t i = 0; i < best; i++) {
    results[i] = {order[i], lens.scores[static_cast<size_t>(order[i])], label_of(lens, order[i])};
  }
  *count = static_cast<int32_t>(best);
}

}  // namespace pocketlens
