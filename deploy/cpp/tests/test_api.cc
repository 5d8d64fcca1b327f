// The C functions with a model. POCKETLENS_TEST_MODEL names one beside its spec.json; without it
// only the cases that need none run, and the others say so.
#include <doctest/doctest.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <string>
#include <thread>
#include <vector>

#include "pocketlens.h"
#include "samples.h"
#include "testing.h"

namespace {

std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Files {
  std::string path, model, spec;
};

// Both files, or nothing.
bool test_files(Files *files) {
  const char *path = std::getenv("POCKETLENS_TEST_MODEL");
  if (path == nullptr || *path == '\0') {
    MESSAGE("skipped: POCKETLENS_TEST_MODEL names no model");
    return false;
  }
  files->path = path;
  const size_t slash = files->path.find_last_of('/');
  files->model = read(files->path);
  files->spec = read(files->path.substr(0, slash + 1) + "spec.json");
  REQUIRE_FALSE(files->model.empty());
  REQUIRE_FALSE(files->spec.empty());
  return true;
}

pl_status open_with(const std::string &model, const std::string &spec, pl_classifier **lens) {
  return pl_open_memory(model.data(), model.size(), spec.data(), spec.size(), nullptr, lens);
}

bool said(const std::string &part) {
  return std::string(pl_last_error()).find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a model that is not the described one never reaches the runtime") {
  pl_classifier *lens = nullptr;
  CHECK(open_with("abd", small_spec(), &lens) == PL_MODEL_MISMATCH);
  CHECK(said("SHA-256"));
  CHECK(open_with("ab", small_spec(), &lens) == PL_MODEL_MISMATCH);
  CHECK(said("(2 bytes)"));
  CHECK(lens == nullptr);
}

TEST_CASE("classification, scores and the two halves agree") {
  Files files;
  if (!test_files(&files)) return;
  pl_classifier *lens = nullptr;
  REQUIRE(pl_open(files.path.c_str(), nullptr, nullptr, &lens) == PL_OK);
  pl_info info;
  REQUIRE(pl_get_info(lens, &info) == PL_OK);
  CHECK(info.model_bytes == files.model.size());
  const auto classes = static_cast<size_t>(info.classes);
  std::vector<float> scores(classes), outputs(classes), tensor(info.tensor_values);
  CHECK(pl_get_scores(lens, scores.data(), info.classes) == PL_BAD_ARGUMENT);

  const Sample photo = samples()[0];
  std::vector<pl_result> best(classes + 1);
  int32_t count = 0;
  REQUIRE(pl_classify_image(lens, photo.file.data(), photo.file.size(), best.data(),
                            info.classes + 1, &count) == PL_OK);
  CHECK(count == info.classes);
  REQUIRE(pl_get_scores(lens, scores.data(), info.classes) == PL_OK);
  double sum = 0;
  for (size_t i = 0; i < classes; i++) {
    sum += scores[i];
    CHECK(best[i].score == scores[static_cast<size_t>(best[i].index)]);
    if (i > 0) CHECK(best[i - 1].score >= best[i].score);
  }
  if (info.probabilities == 0) CHECK(sum == doctest::Approx(1).epsilon(1e-5));
  pl_label label;
  REQUIRE(pl_get_label(lens, best[0].index, &label) == PL_OK);
  CHECK(std::string(label.name) == best[0].label.name);
  pl_times times;
  REQUIRE(pl_get_times(lens, &times) == PL_OK);
  CHECK(times.load > 0);
  CHECK(times.decode > 0);
  CHECK(times.prepare > 0);
  CHECK(times.inference > 0);

  // The same photo as upright pixels gives the same tensor, and the tensor the same outputs.
  REQUIRE(pl_prepare_image(lens, photo.file.data(), photo.file.size(), tensor.data(),
                           tensor.size()) == PL_OK);
  std::vector<float> other(tensor.size());
  const pl_pixels pixels = {photo.rgb.data(), photo.width, photo.height,
                            static_cast<size_t>(photo.width) * 3, PL_RGB, 0};
  REQUIRE(pl_prepare_pixels(lens, &pixels, other.data(), other.size()) == PL_OK);
  CHECK(tensor == other);
  REQUIRE(pl_run(lens, tensor.data(), tensor.size(), outputs.data(), classes) == PL_OK);
  const auto top = static_cast<size_t>(best[0].index), next = static_cast<size_t>(best[1].index);
  if (info.probabilities == 0) {
    const auto spec = nlohmann::json::parse(files.spec);
    double temperature = 1;
    if (spec.contains("calibration") && !spec["calibration"].is_null()) {
      temperature = spec["calibration"]["temperature"].get<double>();
    }
    CHECK(std::exp((outputs[next] - outputs[top]) / temperature) ==
          doctest::Approx(scores[next] / scores[top]).epsilon(1e-4));
  }
  pl_result one;
  REQUIRE(pl_classify_pixels(lens, &pixels, &one, 1, &count) == PL_OK);
  CHECK(count == 1);
  CHECK(one.index == best[0].index);
  CHECK(one.score == best[0].score);

  // Wrong calls leave it usable.
  CHECK(pl_classify_image(lens, "no image", 8, &one, 1, &count) == PL_BAD_IMAGE);
  CHECK(pl_classify_image(lens, nullptr, 8, &one, 1, &count) == PL_BAD_ARGUMENT);
  CHECK(pl_classify_pixels(lens, &pixels, &one, 0, &count) == PL_BAD_ARGUMENT);
  CHECK(pl_prepare_pixels(lens, &pixels, other.data(), 5) == PL_BAD_ARGUMENT);
  CHECK(pl_get_label(lens, info.classes, &label) == PL_BAD_ARGUMENT);
  CHECK(pl_classify_pixels(lens, &pixels, &one, 1, &count) == PL_OK);
  pl_free(lens);
}

TEST_CASE("a temperature changes scores and no order, a threshold nothing but itself") {
  Files files;
  if (!test_files(&files)) return;
  nlohmann::json spec = nlohmann::json::parse(files.spec);
  if (spec["output"] != "logits") {
    MESSAGE("skipped: the model puts out probabilities");
    return;
  }
  const Sample photo = samples()[0];
  std::vector<int32_t> order[3];
  std::vector<float> scores[3];
  const double temperatures[] = {1, 0.5, 4};
  for (int i = 0; i < 3; i++) {
    spec["format"] = 2;
    spec["calibration"] = {{"split", "val"}, {"n", 60}, {"sha256", ""}, {"threshold", 0.25 * i},
                           {"temperature", temperatures[i]}};
    pl_classifier *lens = nullptr;
    REQUIRE(open_with(files.model, spec.dump(), &lens) == PL_OK);
    float threshold = -1;
    CHECK(pl_get_threshold(lens, nullptr) == PL_BAD_ARGUMENT);
    REQUIRE(pl_get_threshold(lens, &threshold) == PL_OK);
    CHECK(threshold == 0.25f * static_cast<float>(i));
    std::vector<pl_result> best(spec["classes"].size());
    int32_t count = 0;
    REQUIRE(pl_classify_image(lens, photo.file.data(), photo.file.size(), best.data(),
                              static_cast<int32_t>(best.size()), &count) == PL_OK);
    for (const pl_result &result : best) {
      order[i].push_back(result.index);
      scores[i].push_back(result.score);
    }
    pl_free(lens);
  }
  CHECK(order[1] == order[0]);
  CHECK(order[2] == order[0]);
  for (size_t i = 1; i < scores[0].size(); i++) {  // ratios of probabilities are powers
    const double plain = std::log(scores[0][i - 1] / scores[0][i]);
    CHECK(std::log(scores[1][i - 1] / scores[1][i]) == doctest::Approx(2 * plain).epsilon(1e-3));
    CHECK(std::log(scores[2][i - 1] / scores[2][i]) == doctest::Approx(plain / 4).epsilon(1e-3));
  }
}

TEST_CASE("two classifiers work at the same time, each with its own error text") {
  Files files;
  if (!test_files(&files)) return;
  const std::vector<Sample> photos = samples();
  std::vector<float> scores[2];
  std::string errors[2];
  const auto work = [&](int which) {
    pl_classifier *lens = nullptr;
    if (pl_open(files.path.c_str(), nullptr, nullptr, &lens) != PL_OK) return;
    const Sample &photo = photos[static_cast<size_t>(which)];
    for (int i = 0; i < 20; i++) {
      pl_result best;
      int32_t count = 0;
      pl_classify_image(lens, photo.file.data(), photo.file.size(), &best, 1, &count);
      scores[which].push_back(best.score);
    }
    if (which == 1) pl_get_label(lens, -1, nullptr);
    errors[which] = pl_last_error();
    pl_free(lens);
  };
  std::thread other(work, 1);
  work(0);
  other.join();
  for (const std::vector<float> &same : scores) {
    REQUIRE(same.size() == 20);
    CHECK(same == std::vector<float>(20, same[0]));
  }
  CHECK(scores[0][0] != scores[1][0]);
  CHECK(errors[1].find("label") != std::string::npos);
  CHECK(errors[0] != errors[1]);
}

TEST_CASE("the tensors of a model are compared with its description") {
  Files files;
  if (!test_files(&files)) return;
  using Json = nlohmann::json;
  const Json spec = Json::parse(files.spec);
  pl_classifier *lens = nullptr;
  REQUIRE(open_with(files.model, files.spec, &lens) == PL_OK);
  pl_free(lens);

  Json wrong = spec;
  wrong["classes"].push_back("one more");
  wrong["labels"].push_back(Json::object());
  CHECK(open_with(files.model, wrong.dump(), &lens) == PL_MODEL_MISMATCH);
  CHECK(said("expected an output of 1 x "));

  wrong = spec;
  const int other = spec["input"]["size"][0].get<int>() + 32;
  wrong["input"]["size"] = wrong["input"]["resize"]["size"] = {other, other};
  wrong["input"]["resize"]["rule"] = "stretch";
  wrong["input"]["crop"] = nullptr;
  CHECK(open_with(files.model, wrong.dump(), &lens) == PL_MODEL_MISMATCH);
  CHECK(said("expected an input of 1 x "));

  wrong = spec;
  for (Json &file : wrong["files"]) file["layout"] = file["layout"] == "NHWC" ? "NCHW" : "NHWC";
  CHECK(open_with(files.model, wrong.dump(), &lens) == PL_MODEL_MISMATCH);
  CHECK(lens == nullptr);
}
