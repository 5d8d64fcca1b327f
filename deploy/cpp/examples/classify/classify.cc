// Labels photos with a model file.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "arguments.h"
#include "photos.h"
#include "pocketlens.h"

namespace {

const char kUsage[] =
    "Labels JPEG and PNG photos.\n"
    "\n"
    "  classify [options] MODEL.ms PHOTO...\n"
    "\n"
    "PHOTO is a file, or a folder with all photos below it.\n"
    "\n"
    "  --spec FILE   description of the model; default: spec.json beside it\n"
    "  --topk N      labels for each photo (3)\n"
    "  --threads N   of the model (2; fewer by OMP_NUM_THREADS, or where fewer processors are)\n"
    "  --fp16        half precision, where the processor has it\n"
    "  --json        one JSON object for each photo: path, label, score, abstained, topk\n"
    "\n"
    "\"not sure\", or abstained, is a score below the threshold of spec.json's calibration.\n"
    "\n"
    "What cannot be labelled has a line on standard error, the other photos are labelled.\n"
    "Status: 0; 1 if the model or a photo could not be read; 2 for a wrong command line.\n";

// English and Chinese name, as far as there are any.
std::string text_of(const pl_label &label) {
  std::string text = label.en;
  if (*label.zh != '\0') text += (text.empty() ? "" : " ") + std::string(label.zh);
  return text.empty() ? label.name : text;
}

double six_digits(float score) { return std::round(score * 1e6) / 1e6; }

void print_json(const std::string &path, const std::vector<pl_result> &best, bool abstained) {
  nlohmann::ordered_json top = nlohmann::ordered_json::array();
  for (const pl_result &r : best) {
    top.push_back({{"label", r.label.name},
                   {"text", text_of(r.label)},
                   {"score", six_digits(r.score)}});
  }
  const nlohmann::ordered_json line = {{"path", path},
                                       {"label", best[0].label.name},
                                       {"score", six_digits(best[0].score)},
                                       {"abstained", abstained},
                                       {"topk", top}};
  using Handler = nlohmann::ordered_json::error_handler_t;
  std::printf("%s\n", line.dump(-1, ' ', false, Handler::replace).c_str());
}

void print_text(const std::string &path, const std::vector<pl_result> &best, bool abstained) {
  std::printf("%s%s", path.c_str(), abstained ? "  not sure:" : "");
  for (const pl_result &r : best) {
    std::printf("  %5.1f%% %s", 100.0 * r.score, text_of(r.label).c_str());
  }
  std::printf("\n");
}

int run(const Arguments &arguments) {
  const std::vector<std::string> &paths = arguments.rest();
  const int topk = arguments.numbers("--topk", "3", 1, 1 << 20)[0];
  const std::string spec = arguments.value("--spec", "");
  pl_options options = pl_default_options();
  options.threads = arguments.threads();
  options.fp16 = arguments.has("--fp16") ? 1 : 0;

  pl_classifier *lens = nullptr;
  if (pl_open(paths[0].c_str(), spec.empty() ? nullptr : spec.c_str(), &options, &lens) != PL_OK) {
    std::fprintf(stderr, "%s\n", pl_last_error());
    return 1;
  }
  pl_info info;
  pl_get_info(lens, &info);
  float threshold = 0;
  pl_get_threshold(lens, &threshold);
  const PhotoList list = list_photos({paths.begin() + 1, paths.end()});
  size_t failures = list.errors.size();
  for (const std::string &error : list.errors) std::fprintf(stderr, "%s\n", error.c_str());
  std::vector<uint8_t> bytes;
  for (const std::string &path : list.photos) {
    if (const std::string problem = read_photo(path, &bytes); !problem.empty()) {
      std::fprintf(stderr, "%s\n", problem.c_str());
      failures++;
      continue;
    }
    std::vector<pl_result> best(static_cast<size_t>(std::min(topk, info.classes)));
    int32_t count = 0;
    if (pl_classify_image(lens, bytes.data(), bytes.size(), best.data(),
                          static_cast<int32_t>(best.size()), &count) != PL_OK) {
      std::fprintf(stderr, "%s: %s\n", path.c_str(), pl_last_error());
      failures++;
      continue;
    }
    const bool abstained = best[0].score < threshold;
    arguments.has("--json") ? print_json(path, best, abstained)
                            : print_text(path, best, abstained);
    std::fflush(stdout);
  }
  pl_free(lens);
  if (failures > 0) {
    std::fprintf(stderr, "%zu of %zu photos could not be read\n", failures,
                 list.photos.size() + list.errors.size());
  }
  return failures > 0 ? 1 : 0;
}

}  // namespace

int main(int argc, char **argv) {
  quiet_runtime(argv);
  const Arguments arguments(argc, argv, kUsage, {"--spec", "--topk", "--threads"},
                            {"--json", "--fp16"});
  if (arguments.rest().size() < 2) arguments.wrong("a model and at least one photo are needed");
  return run(arguments);
}
