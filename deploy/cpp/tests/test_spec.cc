#include <doctest/doctest.h>

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

#include "failure.h"
#include "spec.h"
#include "testing.h"

using namespace pocketlens;
using Json = nlohmann::json;

namespace {

ModelSpec parse(const std::string &text) { return parse_spec(text.data(), text.size()); }

// The message with which a changed description is refused.
std::string refusal(const std::function<void(Json &)> &change) {
  Json spec = Json::parse(small_spec());
  change(spec);
  try {
    parse(spec.dump());
  } catch (const Failure &failure) {
    CHECK(failure.status() == PL_BAD_SPEC);
    return failure.what();
  }
  return "accepted";
}

bool contains(const std::string &text, const std::string &part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("a description is read") {
  const ModelSpec spec = parse(small_spec());
  REQUIRE(spec.labels.size() == 2);
  CHECK(spec.labels[0].name == "cat");
  CHECK(spec.labels[0].zh == "\xe7\x8c\xab");
  CHECK(spec.labels[0].group_en == "Animal");
  CHECK(spec.labels[1].en == "");
  CHECK(spec.input.size.height == 4);
  CHECK(spec.input.size.width == 6);
  CHECK(spec.input.mean[1] == 120.5f);
  CHECK(spec.input.std[2] == 2.0f);
  CHECK(spec.input.rule == ResizeRule::kShorterSide);
  CHECK(spec.input.interpolation == Interpolation::kLanczos);
  REQUIRE(spec.input.crop.has_value());
  CHECK(spec.input.crop->width == 6);
  CHECK_FALSE(spec.probabilities);
  CHECK_FALSE(spec.input.range.has_value());
  CHECK(spec.temperature == 0.5);
  CHECK(spec.threshold == 0.75);
  REQUIRE(spec.files.size() == 1);
  CHECK(spec.files[0].layout == PL_NHWC);
  CHECK(spec.files[0].bytes == 3);
}

TEST_CASE("the range of deep photos is read") {
  Json spec = Json::parse(small_spec());
  spec["input"]["range"] = {{"low", -1.5}, {"high", 4095}};
  REQUIRE(parse(spec.dump()).input.range.has_value());
  CHECK(parse(spec.dump()).input.range->low == -1.5);
  CHECK(parse(spec.dump()).input.range->high == 4095);
  spec["input"]["range"] = nullptr;
  CHECK_FALSE(parse(spec.dump()).input.range.has_value());
}

TEST_CASE("what is said of calibration may be little or nothing") {
  Json spec = Json::parse(small_spec());
  spec["calibration"] = {{"split", "val"}, {"n", 9}, {"sha256", ""}, {"threshold", nullptr}};
  CHECK(parse(spec.dump()).temperature == 1);
  CHECK_FALSE(parse(spec.dump()).threshold.has_value());
  spec["calibration"] = nullptr;
  CHECK(parse(spec.dump()).temperature == 1);
  spec.erase("calibration");
  for (const int format : {1, 2}) {
    spec["format"] = format;
    CHECK(parse(spec.dump()).temperature == 1);
    CHECK_FALSE(parse(spec.dump()).threshold.has_value());
  }
}

TEST_CASE("every rule of a description has its own refusal") {
  const auto bad = [](const std::function<void(Json &)> &change, const std::string &part) {
    const std::string message = refusal(change);
    CHECK_MESSAGE(contains(message, part), "expected '" << part << "', got '" << message << "'");
  };
  bad([](Json &s) { s["format"] = 3; }, "format must be 1 or 2; got 3");
  bad([](Json &s) { s["format"] = 1; }, "calibration came with format 2");
  bad([](Json &s) { s.erase("format"); }, "format is missing");
  bad([](Json &s) { s.erase("classes"); }, "classes is missing");
  bad([](Json &s) { s["classes"] = {"cat"}; }, "at least 2 names");
  bad([](Json &s) { s["classes"] = {"cat", "cat"}; }, "\"cat\" twice");
  bad([](Json &s) { s["classes"] = {"cat", 7}; }, "classes[1] must be a text; got 7");
  bad([](Json &s) { s["labels"].erase(0); }, "labels must be 2 tables");
  bad([](Json &s) { s["labels"][1] = 3; }, "labels[1] must be a table");
  bad([](Json &s) { s["labels"][0]["zh"] = 3; }, "labels[0].zh must be a text");
  bad([](Json &s) { s["labels"][0]["group"] = "x"; }, "labels[0].group must be a table");
  bad([](Json &s) { s["input"]["size"] = {4}; }, "input.size must be [height, width]");
  bad([](Json &s) { s["input"]["size"] = {4, 0}; }, "whole numbers of 1 to 4096; got [4,0]");
  bad([](Json &s) { s["input"]["size"] = {4, 6.5}; }, "got [4,6.5]");
  bad([](Json &s) { s["input"]["size"] = {4, 1e300}; }, "whole numbers");
  bad([](Json &s) { s["input"]["mean"] = {1, 2}; }, "input.mean must be 3 numbers");
  bad([](Json &s) { s["input"]["mean"] = {1, 2, 1e39}; }, "3 finite numbers");
  bad([](Json &s) { s["input"]["std"] = {1, 0, 1}; }, "input.std must be above 0");
  bad([](Json &s) { s["input"]["color"] = "BGR"; }, "input.color must be one of RGB; got \"BGR\"");
  bad([](Json &s) { s["input"]["layout"] = "HWC"; }, "input.layout must be one of NCHW, NHWC");
  bad([](Json &s) { s["input"]["gamma"] = 2; }, "input has an unknown key \"gamma\"");
  bad([](Json &s) { s["input"]["resize"]["rule"] = "fit"; }, "one of stretch, shorter_side");
  bad([](Json &s) { s["input"]["resize"]["interpolation"] = "nearest"; },
      "one of bilinear, bicubic, lanczos; got \"nearest\"");
  bad([](Json &s) { s["input"]["resize"]["antialias"] = false; }, "antialias must be true");
  bad([](Json &s) { s["input"]["crop"]["rule"] = "top"; }, "input.crop.rule must be one of center");
  bad([](Json &s) { s["input"]["crop"] = nullptr; }, "input.crop is needed");
  bad([](Json &s) { s["input"]["crop"]["size"] = {4, 9}; }, "must fit into input.resize.size");
  bad([](Json &s) { s["input"]["size"] = {4, 5}; }, "must be what resize and crop give");
  bad([](Json &s) { s["input"]["range"] = 7; }, "input.range must be a table; got 7");
  bad([](Json &s) { s["input"]["range"] = {{"low", 0}}; }, "input.range.high is missing");
  bad([](Json &s) { s["input"]["range"] = {{"low", 5}, {"high", 5}}; }, "low below high");
  bad([](Json &s) { s["input"]["range"] = {{"low", 0}, {"high", "9"}}; }, "finite numbers");
  bad([](Json &s) { s["input"]["range"] = {{"low", 0}, {"high", 9}, {"mid", 5}}; }, "unknown key");
  bad([](Json &s) { s["output"] = "softmax"; }, "output must be one of logits, probabilities");
  bad([](Json &s) { s["model"] = 1; }, "model must be a table");
  bad([](Json &s) { s["files"] = 1; }, "files must be a list");
  bad([](Json &s) { s["files"][0]["bytes"] = -1; }, "files[0].bytes must be a size; got -1");
  bad([](Json &s) { s["files"][0].erase("sha256"); }, "files[0].sha256 is missing");
  bad([](Json &s) { s["files"][0]["layout"] = 1; }, "files[0].layout must be one of NCHW, NHWC");
  bad([](Json &s) { s["calibration"] = 1; }, "calibration must be a table; got 1");
  bad([](Json &s) { s["calibration"]["beta"] = 1; }, "calibration has an unknown key \"beta\"");
  bad([](Json &s) { s["calibration"].erase("split"); }, "calibration.split is missing");
  bad([](Json &s) { s["calibration"]["n"] = -1; }, "calibration.n must be a whole number");
  bad([](Json &s) { s["calibration"]["sha256"] = 1; }, "calibration.sha256 must be a text");
  bad([](Json &s) { s["calibration"]["temperature"] = 0; },
      "calibration.temperature must be 1e-06 to 1e+06; got 0");
  bad([](Json &s) { s["calibration"]["temperature"] = "1"; }, "1e+06; got \"1\"");
  bad([](Json &s) { s["calibration"]["temperature"] = nullptr; }, "1e+06; got null");
  bad([](Json &s) { s["calibration"]["model_temperature"] = 2; },
      "must be 1 where the model divides by its own or puts out probabilities; got 0.5");
  bad([](Json &s) { s["output"] = "probabilities"; }, "calibration.temperature must be 1 where");
  bad([](Json &s) { s["calibration"]["precision"] = 98; }, "precision must be 0 to 1; got 98");
  bad([](Json &s) { s["calibration"]["threshold"] = 1.5; }, "threshold must be 0 to 1; got 1.5");
  bad([](Json &s) { s["calibration"]["points"] = 1; }, "calibration.points must be a list");
  bad([](Json &s) { s["calibration"]["points"][0]["score"] = 2; }, "points[0].score must be 0 to");
  bad([](Json &s) { s["calibration"]["points"][0]["right"] = 128; }, "0 <= right <= answered");
}

TEST_CASE("what is no JSON is refused") {
  for (const char *text : {"", "{", "[]", "7", "\xff\xfe", "{\"format\": 1}"}) {
    CHECK_THROWS_AS(parse(text), Failure);
  }
  CHECK_THROWS_AS(parse(std::string(1 << 20, '[')), Failure);
  CHECK_THROWS_WITH_AS(parse(std::string("\xff\xfe{\0", 4)),
                       doctest::Contains("must be text in UTF-8; it is UTF-16"), Failure);
}
