#include "spec.h"

#include <cmath>
#include <initializer_list>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <utility>

#include "failure.h"

namespace pocketlens {
namespace {

using Json = nlohmann::json;

constexpr int kFormat = 2;  // of 1 too, which has no calibration
constexpr size_t kMaxSpecBytes = 16 << 20;

[[noreturn]] void bad(const std::string &key, const std::string &rule) {
  throw Failure(PL_BAD_SPEC, "spec.json: " + key + " " + rule);
}

// The value as JSON, short enough for a message.
std::string shown(const Json &value) {
  const std::string text = value.dump(-1, ' ', true, Json::error_handler_t::replace);
  return text.size() <= 80 ? text : text.substr(0, 77) + "...";
}

const Json &need(const Json &table, const char *name, const std::string &path) {
  if (!table.is_object()) bad(path.empty() ? "the file" : path, "must be a table");
  const auto found = table.find(name);
  if (found == table.end()) bad(path.empty() ? name : path + "." + name, "is missing");
  return *found;
}

void only(const Json &table, std::initializer_list<const char *> keys, const std::string &path) {
  if (!table.is_object()) bad(path, "must be a table; got " + shown(table));
  for (const auto &item : table.items()) {
    bool known = false;
    for (const char *key : keys) known = known || item.key() == key;
    if (!known) bad(path, "has an unknown key " + shown(item.key()));
  }
}

std::string text(const Json &value, const std::string &path) {
  if (!value.is_string()) bad(path, "must be a text; got " + shown(value));
  return value.get<std::string>();
}

// One of several words; the position of the one that was given.
template <typename T>
T choice(const Json &value, const std::string &path,
         std::initializer_list<std::pair<const char *, T>> accepted) {
  std::string words;
  for (const auto &[word, meaning] : accepted) {
    if (value.is_string() && value.get_ref<const std::string &>() == word) return meaning;
    words += (words.empty() ? "" : ", ") + std::string(word);
  }
  bad(path, "must be one of " + words + "; got " + shown(value));
}

Size size_of(const Json &value, const std::string &path) {
  const auto side = [&](const Json &number) {
    const double n = number.is_number() ? number.get<double>() : 0;
    if (!(n >= 1 && n <= kMaxInputSide) || n != std::floor(n)) {
      bad(path, "must be whole numbers of 1 to " + std::to_string(kMaxInputSide) + "; got " +
                    shown(value));
    }
    return static_cast<int>(n);
  };
  if (!value.is_array() || value.size() != 2) bad(path, "must be [height, width]");
  return {side(value[0]), side(value[1])};
}

void channels(const Json &value, const std::string &path, float (&out)[3]) {
  if (!value.is_array() || value.size() != 3) bad(path, "must be 3 numbers; got " + shown(value));
  for (size_t i = 0; i < 3; i++) {
    out[i] = value[i].is_number() ? static_cast<float>(value[i].get<double>()) : NAN;
    if (!std::isfinite(out[i])) bad(path, "must be 3 finite numbers; got " + shown(value));
  }
}

ValueRange range_of(const Json &raw) {
  only(raw, {"low", "high"}, "input.range");
  const auto end = [&](const char *key) {
    const Json &value = need(raw, key, "input.range");
    return value.is_number() ? value.get<double>() : NAN;
  };
  const ValueRange range{end("low"), end("high")};
  if (!std::isfinite(range.low) || !std::isfinite(range.high) || !(range.low < range.high)) {
    bad("input.range", "must have finite numbers, low below high; got " + shown(raw));
  }
  return range;
}

InputSpec parse_input(const Json &raw) {
  only(raw, {"size", "mean", "std", "resize", "crop", "color", "layout", "range"}, "input");
  InputSpec input{};
  input.size = size_of(need(raw, "size", "input"), "input.size");
  channels(need(raw, "mean", "input"), "input.mean", input.mean);
  channels(need(raw, "std", "input"), "input.std", input.std);
  for (const float s : input.std) {
    if (!(s > 0 && std::isfinite(1 / s))) bad("input.std", "must be above 0");
  }
  if (raw.contains("color")) choice<bool>(raw["color"], "input.color", {{"RGB", true}});
  if (raw.contains("layout")) {
    choice<bool>(raw["layout"], "input.layout", {{"NCHW", true}, {"NHWC", true}});
  }

  const Json &resize = need(raw, "resize", "input");
  only(resize, {"rule", "size", "interpolation", "antialias"}, "input.resize");
  input.rule = choice<ResizeRule>(
      need(resize, "rule", "input.resize"), "input.resize.rule",
      {{"stretch", ResizeRule::kStretch}, {"shorter_side", ResizeRule::kShorterSide}});
  input.resize = size_of(need(resize, "size", "input.resize"), "input.resize.size");
  input.interpolation = choice<Interpolation>(
      need(resize, "interpolation", "input.resize"), "input.resize.interpolation",
      {{"bilinear", Interpolation::kBilinear},
       {"bicubic", Interpolation::kBicubic},
       {"lanczos", Interpolation::kLanczos}});
  if (resize.contains("antialias") && resize["antialias"] != true) {
    bad("input.resize.antialias", "must be true; got " + shown(resize["antialias"]));
  }

  if (raw.contains("crop") && !raw["crop"].is_null()) {
    const Json &crop = raw["crop"];
    only(crop, {"rule", "size"}, "input.crop");
    choice<bool>(need(crop, "rule", "input.crop"), "input.crop.rule", {{"center", true}});
    input.crop = size_of(need(crop, "size", "input.crop"), "input.crop.size");
  }
  if (raw.contains("range") && !raw["range"].is_null()) input.range = range_of(raw["range"]);
  return input;
}

void check_geometry(const InputSpec &input) {
  const bool shorter = input.rule == ResizeRule::kShorterSide;
  if (shorter && !input.crop) {
    bad("input.crop", "is needed with the resize rule shorter_side, which keeps the aspect");
  }
  const int height = input.resize.height;
  const int width = shorter ? height : input.resize.width;
  const Size end = input.crop.value_or(Size{height, width});
  if (end.height > height || end.width > width) {
    bad("input.crop.size", "must fit into input.resize.size");
  }
  if (end.height != input.size.height || end.width != input.size.width) {
    bad("input.size", "must be what resize and crop give");
  }
}

std::string name_in(const Json &table, const char *key, const std::string &path) {
  const auto found = table.find(key);
  return found == table.end() ? "" : text(*found, path + "." + key);
}

std::vector<LabelSpec> parse_labels(const Json &raw) {
  const Json &classes = need(raw, "classes", "");
  const Json &tables = need(raw, "labels", "");
  if (!classes.is_array() || classes.size() < 2) bad("classes", "must be at least 2 names");
  if (!tables.is_array() || tables.size() != classes.size()) {
    bad("labels", "must be " + std::to_string(classes.size()) + " tables, one per class");
  }
  std::vector<LabelSpec> labels;
  std::set<std::string> seen;
  for (size_t i = 0; i < classes.size(); i++) {
    const std::string path = "labels[" + std::to_string(i) + "]";
    const Json &table = tables[i];
    if (!table.is_object()) bad(path, "must be a table; got " + shown(table));
    LabelSpec label;
    label.name = text(classes[i], "classes[" + std::to_string(i) + "]");
    if (!seen.insert(label.name).second) bad("classes", "has " + shown(classes[i]) + " twice");
    label.en = name_in(table, "en", path);
    label.zh = name_in(table, "zh", path);
    const auto group = table.find("group");
    if (group != table.end() && !group->is_null()) {
      if (!group->is_object()) bad(path + ".group", "must be a table; got " + shown(*group));
      label.group_en = name_in(*group, "en", path + ".group");
      label.group_zh = name_in(*group, "zh", path + ".group");
    }
    labels.push_back(std::move(label));
  }
  return labels;
}

std::vector<FileSpec> parse_files(const Json &raw) {
  const Json &list = need(raw, "files", "");
  if (!list.is_array()) bad("files", "must be a list; got " + shown(list));
  std::vector<FileSpec> files;
  for (size_t i = 0; i < list.size(); i++) {
    const std::string path = "files[" + std::to_string(i) + "]";
    const Json &entry = list[i];
    only(entry, {"name", "bytes", "sha256", "layout"}, path);
    FileSpec file;
    file.name = text(need(entry, "name", path), path + ".name");
    const Json &bytes = need(entry, "bytes", path);
    if (!bytes.is_number_unsigned()) bad(path + ".bytes", "must be a size; got " + shown(bytes));
    file.bytes = bytes.get<uint64_t>();
    file.sha256 = text(need(entry, "sha256", path), path + ".sha256");
    file.layout = entry.contains("layout")
                      ? choice<pl_layout>(entry["layout"], path + ".layout",
                                          {{"NCHW", PL_NCHW}, {"NHWC", PL_NHWC}})
                      : PL_NCHW;
    files.push_back(std::move(file));
  }
  return files;
}

double number_of(const Json &value, double low, double high, const std::string &path) {
  const double n = value.is_number() ? value.get<double>() : NAN;
  if (!(n >= low && n <= high)) {
    std::ostringstream rule;
    rule << "must be " << low << " to " << high << "; got " << shown(value);
    bad(path, rule.str());
  }
  return n;
}

// The number under a key that may be missing, or null where that is allowed.
std::optional<double> maybe(const Json &table, const char *key, double low, double high,
                            const std::string &path, bool null_too) {
  const auto found = table.find(key);
  if (found == table.end() || (null_too && found->is_null())) return std::nullopt;
  return number_of(*found, low, high, path + "." + key);
}

uint64_t count_of(const Json &table, const char *key, const std::string &path) {
  const Json &value = need(table, key, path);
  if (!value.is_number_unsigned()) {
    bad(path + "." + key, "must be a whole number from 0 on; got " + shown(value));
  }
  return value.get<uint64_t>();
}

void check_points(const Json &points) {
  if (!points.is_array()) bad("calibration.points", "must be a list; got " + shown(points));
  for (size_t i = 0; i < points.size(); i++) {
    const std::string path = "calibration.points[" + std::to_string(i) + "]";
    only(points[i], {"score", "answered", "right"}, path);
    number_of(need(points[i], "score", path), 0, 1, path + ".score");
    const uint64_t answered = count_of(points[i], "answered", path);
    if (answered < 1 || count_of(points[i], "right", path) > answered) {
      bad(path, "must have 0 <= right <= answered, 1 or more; got " + shown(points[i]));
    }
  }
}

void parse_calibration(const Json &raw, ModelSpec &spec) {
  const std::string path = "calibration";
  only(raw, {"split", "n", "sha256", "temperature", "model_temperature", "precision", "threshold",
             "points"},
       path);
  text(need(raw, "split", path), path + ".split");
  count_of(raw, "n", path);
  text(need(raw, "sha256", path), path + ".sha256");
  spec.temperature = maybe(raw, "temperature", 1e-6, 1e6, path, false).value_or(1);
  const double inside = maybe(raw, "model_temperature", 1e-6, 1e6, path, false).value_or(1);
  if (spec.temperature != 1 && (spec.probabilities || inside != 1)) {
    bad(path + ".temperature",
        "must be 1 where the model divides by its own or puts out probabilities; got " +
            shown(raw["temperature"]));
  }
  maybe(raw, "precision", 0, 1, path, true);
  spec.threshold = maybe(raw, "threshold", 0, 1, path, true);
  if (raw.contains("points")) check_points(raw["points"]);
}

}  // namespace

ModelSpec parse_spec(const char *json, size_t size) {
  if (size > kMaxSpecBytes) bad("the file", "is too large to be a description");
  if (size >= 2 && (json[0] == '\xff' || json[0] == '\xfe')) {
    bad("the file", "must be text in UTF-8; it is UTF-16: save it in that encoding");
  }
  Json raw;
  try {
    raw = Json::parse(json, json + size);
  } catch (const Json::exception &error) {
    bad("the file", std::string("is not JSON: ") + error.what());
  }
  const Json &format = need(raw, "format", "");
  if (format != 1 && format != kFormat) {
    bad("format", "must be 1 or " + std::to_string(kFormat) + "; got " + shown(format));
  }
  ModelSpec spec;
  spec.labels = parse_labels(raw);
  spec.input = parse_input(need(raw, "input", ""));
  check_geometry(spec.input);
  spec.probabilities = choice<bool>(need(raw, "output", ""), "output",
                                    {{"logits", false}, {"probabilities", true}});
  if (!need(raw, "model", "").is_object()) bad("model", "must be a table");
  spec.files = parse_files(raw);
  const auto calibration = raw.find("calibration");
  if (calibration != raw.end() && format == 1) bad("calibration", "came with format 2");
  if (calibration != raw.end() && !calibration->is_null()) parse_calibration(*calibration, spec);
  return spec;
}

}  // namespace pocketlens
