// Measures how long a model takes for photos, by number of threads.
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "arguments.h"
#include "photos.h"
#include "pocketlens.h"

namespace {

using Json = nlohmann::ordered_json;

const char kUsage[] =
    "Measures the latency of a model on JPEG and PNG photos.\n"
    "\n"
    "  benchmark [options] MODEL.ms PHOTO...\n"
    "\n"
    "PHOTO is a file, or a folder with all photos below it.\n"
    "\n"
    "  --spec FILE     description of the model; default: spec.json beside it\n"
    "  --threads LIST  numbers of threads, one after another (1,2)\n"
    "  --runs N        calls for each number of threads, the photos in turn (100)\n"
    "  --warm-up N     calls before that are not counted (5)\n"
    "  --fp16          half precision, where the processor has it\n"
    "  --json          one JSON object in place of the table\n"
    "\n"
    "Times are in milliseconds: minimum, median, 99th percentile. Preparation is decoding and\n"
    "resizing to the input tensor; total is preparation and inference of the same call. Peak\n"
    "memory is that of the process up to then, the compressed photos included.\n"
    "What cannot be read has a line on standard error, the other photos are measured.\n"
    "Status: 0; 1 if the model or a photo could not be read; 2 for a wrong command line.\n";

struct Summary {
  double min, median, p99;
};

// Nearest-rank percentiles: the smallest value that at least this share of all does not exceed.
Summary summary(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  const auto rank = [&](double share) {
    const double n = std::ceil(share * static_cast<double>(values.size()));
    return values[static_cast<size_t>(std::max(1.0, n)) - 1];
  };
  return {values.front(), rank(0.5), rank(0.99)};
}

Json to_json(const Summary &s) { return {{"min", s.min}, {"median", s.median}, {"p99", s.p99}}; }

// Largest resident set of this process so far, in bytes (Linux counts it in kilobytes).
double peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return 1024.0 * static_cast<double>(usage.ru_maxrss);
}

struct Measured {
  int threads;
  double load;
  size_t model_bytes;
  Summary prepare, inference, total;
  double peak;
};

bool measure(const std::string &model, const std::string &spec, const pl_options &options,
             const std::vector<std::vector<uint8_t>> &photos, int warm_up, int runs,
             Measured *out) {
  pl_classifier *lens = nullptr;
  if (pl_open(model.c_str(), spec.empty() ? nullptr : spec.c_str(), &options, &lens) != PL_OK) {
    return false;
  }
  pl_info info{};
  pl_times times{};
  pl_get_info(lens, &info);
  pl_get_times(lens, &times);
  std::vector<double> prepare, inference, total;
  bool good = true;
  for (int i = 0; good && i < warm_up + runs; i++) {
    const std::vector<uint8_t> &photo = photos[static_cast<size_t>(i) % photos.size()];
    pl_result best;
    int32_t count = 0;
    good = pl_classify_image(lens, photo.data(), photo.size(), &best, 1, &count) == PL_OK;
    pl_get_times(lens, &times);
    if (i < warm_up) continue;
    prepare.push_back(times.decode + times.prepare);
    inference.push_back(times.inference);
    total.push_back(prepare.back() + inference.back());
  }
  if (good) {
    *out = {options.threads,   times.load,     info.model_bytes, summary(prepare),
            summary(inference), summary(total), peak_memory()};
  }
  pl_free(lens);
  return good;
}

// The photos that the model can be run on; any other has an error line. False: no such model.
bool read_all(const std::string &model, const std::string &spec,
              const std::vector<std::string> &paths, std::vector<std::vector<uint8_t>> *photos) {
  const pl_options options = pl_default_options();
  pl_classifier *lens = nullptr;
  if (pl_open(model.c_str(), spec.empty() ? nullptr : spec.c_str(), &options, &lens) != PL_OK) {
    return false;
  }
  for (const std::string &path : paths) {
    std::vector<uint8_t> bytes;
    std::string problem = read_photo(path, &bytes);
    pl_result best;
    int32_t count = 0;
    if (problem.empty() &&
        pl_classify_image(lens, bytes.data(), bytes.size(), &best, 1, &count) != PL_OK) {
      problem = path + ": " + pl_last_error();
    }
    if (problem.empty()) {
      photos->push_back(std::move(bytes));
    } else {
      std::fprintf(stderr, "%s\n", problem.c_str());
    }
  }
  pl_free(lens);
  return true;
}

void print_row(const Measured &m) {
  std::printf("%7d %8.1f", m.threads, m.load);
  for (const Summary &s : {m.prepare, m.inference, m.total}) {
    std::printf("  %7.2f %7.2f %7.2f", s.min, s.median, s.p99);
  }
  std::printf("  %9.1f\n", m.peak / 1e6);
}

int run(const Arguments &arguments) {
  const std::vector<std::string> &words = arguments.rest();
  const std::vector<int> threads = arguments.numbers("--threads", "1,2", 1, 64);
  const int runs = arguments.numbers("--runs", "100", 1, 1 << 30)[0];
  const int warm_up = arguments.numbers("--warm-up", "5", 0, 1 << 30)[0];
  const PhotoList list = list_photos({words.begin() + 1, words.end()});
  for (const std::string &error : list.errors) std::fprintf(stderr, "%s\n", error.c_str());
  std::vector<std::vector<uint8_t>> photos;
  if (!read_all(words[0], arguments.value("--spec", ""), list.photos, &photos)) {
    std::fprintf(stderr, "%s\n", pl_last_error());
    return 1;
  }
  const size_t named = list.photos.size() + list.errors.size();
  if (photos.size() < named) {
    std::fprintf(stderr, "%zu of %zu photos could not be read\n", named - photos.size(), named);
  }
  if (photos.empty()) return 1;
  Json rows = Json::array();
  for (const int count : threads) {
    pl_options options = pl_default_options();
    options.threads = count;
    options.fp16 = arguments.has("--fp16") ? 1 : 0;
    Measured m{};
    if (!measure(words[0], arguments.value("--spec", ""), options, photos, warm_up, runs, &m)) {
      std::fprintf(stderr, "%s\n", pl_last_error());
      return 1;
    }
    if (!arguments.has("--json")) {
      if (rows.empty()) {
        std::printf("%s: %.2f MB, %zu photos, %d calls\n", words[0].c_str(),
                    static_cast<double>(m.model_bytes) / 1e6, photos.size(), runs);
        std::printf("%7s %8s  %-23s  %-23s  %-23s  %9s\n", "threads", "load ms",
                    "preparation min/med/p99", "inference min/med/p99", "total min/med/p99",
                    "peak MB");
      }
      print_row(m);
    }
    rows.push_back({{"threads", m.threads},
                    {"load_ms", m.load},
                    {"preparation_ms", to_json(m.prepare)},
                    {"inference_ms", to_json(m.inference)},
                    {"total_ms", to_json(m.total)},
                    {"peak_memory_bytes", m.peak},
                    {"model_bytes", m.model_bytes}});
  }
  if (arguments.has("--json")) {
    const Json report = {{"model", words[0]},
                         {"model_bytes", rows[0]["model_bytes"]},
                         {"photos", photos.size()},
                         {"runs", runs},
                         {"by_threads", rows}};
    std::printf("%s\n", report.dump(2, ' ', false, Json::error_handler_t::replace).c_str());
  }
  return photos.size() < named ? 1 : 0;
}

}  // namespace

int main(int argc, char **argv) {
  quiet_runtime(argv);
  const Arguments arguments(argc, argv, kUsage, {"--spec", "--threads", "--runs", "--warm-up"},
                            {"--json", "--fp16"});
  if (arguments.rest().size() < 2) arguments.wrong("a model and at least one photo are needed");
  return run(arguments);
}
