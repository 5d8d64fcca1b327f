// Many calls and many classifiers: does memory grow?
//
//   soak [--leak BYTES] CALLS CYCLES MODEL.ms PHOTO...
//
// Prints the resident memory before and after; status 1 if it grew by more than 8 MB in either
// part. --leak keeps so many bytes at every call, to show that growth is found.
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "pocketlens.h"

namespace {

constexpr double kAllowedGrowth = 8;  // MB
constexpr long kSettle = 20;          // calls or cycles after which caches are filled

// Resident memory in MB: the second number of /proc/self/statm, in pages.
double resident() {
  std::ifstream file("/proc/self/statm");
  long total = 0, pages = 0;
  file >> total >> pages;
  return static_cast<double>(pages) * static_cast<double>(sysconf(_SC_PAGESIZE)) / 1e6;
}

std::string read(const char *path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void stop(const char *what) {
  std::fprintf(stderr, "%s: %s\n", what, pl_last_error());
  std::exit(1);
}

// What --leak keeps.
struct Leak {
  size_t bytes = 0;
  std::vector<std::string> kept;
};

void classify(pl_classifier *lens, const std::string &photo, Leak *leak) {
  if (leak->bytes > 0) leak->kept.emplace_back(leak->bytes, 'x');
  pl_result best[3];
  int32_t count = 0;
  if (pl_classify_image(lens, photo.data(), photo.size(), best, 3, &count) != PL_OK) {
    stop("classify");
  }
}

pl_classifier *open(const char *path) {
  pl_classifier *lens = nullptr;
  if (pl_open(path, nullptr, nullptr, &lens) != PL_OK) stop("open");
  return lens;
}

bool report(const char *what, long count, double before, double after) {
  std::printf("%ld %s: %.1f MB before, %.1f MB after, %+.1f MB\n", count, what, before, after,
              after - before);
  return after - before <= kAllowedGrowth;
}

}  // namespace

int main(int argc, char **argv) {
  Leak leak;
  if (argc > 2 && std::strcmp(argv[1], "--leak") == 0) {
    leak.bytes = std::strtoul(argv[2], nullptr, 10);
    argc -= 2, argv += 2;
  }
  if (argc < 5) {
    std::fprintf(stderr, "soak [--leak BYTES] CALLS CYCLES MODEL.ms PHOTO...\n");
    return 2;
  }
  const long calls = std::strtol(argv[1], nullptr, 10);
  const long cycles = std::strtol(argv[2], nullptr, 10);
  std::vector<std::string> photos;
  for (int i = 4; i < argc; i++) photos.push_back(read(argv[i]));

  pl_classifier *lens = open(argv[3]);
  double before = resident();
  for (long i = 0; i < calls + kSettle; i++) {
    if (i == kSettle) before = resident();
    classify(lens, photos[static_cast<size_t>(i) % photos.size()], &leak);
  }
  bool good = report("calls", calls, before, resident());
  pl_free(lens);
  for (long i = 0; i < cycles + kSettle; i++) {
    if (i == kSettle) before = resident();
    lens = open(argv[3]);
    classify(lens, photos[static_cast<size_t>(i) % photos.size()], &leak);
    pl_free(lens);
  }
  good = report("open/close cycles", cycles, before, resident()) && good;
  return good ? 0 : 1;
}
