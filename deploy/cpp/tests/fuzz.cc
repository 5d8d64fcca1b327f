// Deterministic damage: every call must end with a status, none with a crash.
//
//   fuzz SEED ROUNDS MODEL.ms [PHOTO...]
//
// It ends by itself after ten minutes of a processor: not of the clock, by which a busy machine
// would get through fewer rounds. Each round damages one of: the bytes of spec.json, of a photo, of the model, or the numbers of a
// pl_pixels. The same seed damages the same way. Build it with POCKETLENS_SANITIZE=ON.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iterator>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "pocketlens.h"
#include "samples.h"

namespace {

using Random = std::mt19937_64;

size_t below(Random &random, size_t limit) { return limit == 0 ? 0 : random() % limit; }

std::string read(const std::string &path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// One to eight changes: a flipped bit, another byte, a piece removed, repeated, zeroed, cut off.
std::string damaged(std::string bytes, Random &random) {
  const char *const pieces[] = {"null", "-1", "1e999", "\"\"", "[]", "{}", "\xff\xd8", "99999999"};
  for (size_t changes = 1 + below(random, 8); changes > 0 && !bytes.empty(); changes--) {
    const size_t at = below(random, bytes.size());
    const size_t length = std::min(bytes.size() - at, 1 + below(random, 40));
    switch (below(random, 8)) {
      case 0:
        bytes[at] = static_cast<char>(bytes[at] ^ (1 << below(random, 8)));
        break;
      case 1:
        bytes[at] = static_cast<char>(random());
        break;
      case 2:
        bytes.erase(at, length);
        break;
      case 3:
        bytes.insert(at, bytes.substr(at, length));
        break;
      case 4:
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), length, '\0');
        break;
      case 5:
        bytes.resize(at);
        break;
      case 6:
        std::fill_n(bytes.begin() + static_cast<ptrdiff_t>(at), length, '\xff');
        break;
      default:
        bytes.replace(at, length, pieces[below(random, std::size(pieces))]);
    }
  }
  return bytes;
}

pl_status open_with(const std::string &model, const std::string &spec) {
  pl_classifier *lens = nullptr;
  const pl_status status =
      pl_open_memory(model.data(), model.size(), spec.data(), spec.size(), nullptr, &lens);
  if ((status == PL_OK) != (lens != nullptr)) std::abort();
  pl_free(lens);
  return status;
}

pl_status open_damaged(const std::string &model, const std::string &spec, Random &random) {
  const std::string bytes = damaged(model, random);  // may by chance be what it was
  return bytes == model ? PL_MODEL_MISMATCH : open_with(bytes, spec);
}

pl_status prepare_damaged(pl_classifier *lens, const std::string &photo, std::vector<float> *tensor,
                          Random &random) {
  // exactly as many bytes as there are, so that reading past the end is seen
  const std::string text = damaged(photo, random);
  const std::vector<char> bytes(text.begin(), text.end());
  return pl_prepare_image(lens, bytes.data(), bytes.size(), tensor->data(), tensor->size());
}

pl_status prepare_numbers(pl_classifier *lens, std::vector<float> *tensor, Random &random) {
  const int32_t odd[] = {-1, 0, 1, 2, 3, 16, 2147483647, -2147483647};
  const std::vector<uint8_t> bytes(16 * 16 * 4);
  const auto pick = [&](int32_t usual) {
    return below(random, 4) == 0 ? odd[below(random, std::size(odd))] : usual;
  };
  pl_pixels pixels = {bytes.data(), pick(16), pick(16), 64, pick(2), pick(1)};
  if (below(random, 4) == 0) pixels.stride = below(random, 64);
  // Sizes cannot be checked against memory that the library does not know: only smaller ones.
  if (pixels.width > 16 && pixels.width < 2147483647) pixels.width = 16;
  return pl_prepare_pixels(lens, &pixels, tensor->data(), tensor->size());
}

}  // namespace

int main(int argc, char **argv) {
  if (argc < 4) {
    std::fprintf(stderr, "fuzz SEED ROUNDS MODEL.ms [PHOTO...]\n");
    return 2;
  }
  Random random(std::strtoull(argv[1], nullptr, 10));
  const long rounds = std::strtol(argv[2], nullptr, 10);
  const std::string path = argv[3];
  const std::string model = read(path);
  const std::string spec = read(path.substr(0, path.find_last_of('/') + 1) + "spec.json");
  std::vector<std::string> photos;
  for (const Sample &s : samples()) photos.emplace_back(s.file.begin(), s.file.end());
  for (int i = 4; i < argc; i++) photos.push_back(read(argv[i]));

  pl_classifier *lens = nullptr;
  if (pl_open(path.c_str(), nullptr, nullptr, &lens) != PL_OK) {
    std::fprintf(stderr, "%s\n", pl_last_error());
    return 1;
  }
  pl_info info;
  pl_get_info(lens, &info);
  std::vector<float> tensor(info.tensor_values);
  std::map<std::string, std::map<std::string, long>> counts;
  long round = 0;
  for (; round < rounds && std::clock() / CLOCKS_PER_SEC < 600; round++) {
    const char *kind = "photo";
    pl_status status = PL_OK;
    switch (below(random, 16)) {
      case 0:
        kind = "model";
        status = open_damaged(model, spec, random);
        break;
      case 1:
      case 2:
      case 3:
      case 4:
        kind = "spec.json";
        status = open_with(model, damaged(spec, random));
        break;
      case 5:
        kind = "pixels";
        status = prepare_numbers(lens, &tensor, random);
        break;
      default:
        status = prepare_damaged(lens, photos[below(random, photos.size())], &tensor, random);
    }
    counts[kind][pl_status_name(status)]++;
    // A damaged model that passes would mean that the digest is not compared.
    const bool passed = std::string(kind) == "model" && status != PL_MODEL_MISMATCH;
    const bool wrong = passed || status == PL_INTERNAL_ERROR;
    if (wrong) {
      std::fprintf(stderr, "round %ld, %s: %s: %s\n", round, kind, pl_status_name(status),
                   pl_last_error());
      return 1;
    }
  }
  pl_free(lens);
  std::printf("%ld rounds in %ld s\n", round, static_cast<long>(std::clock() / CLOCKS_PER_SEC));
  for (const auto &[kind, statuses] : counts) {
    for (const auto &[name, count] : statuses) {
      std::printf("  %-10s %-20s %ld\n", kind.c_str(), name.c_str(), count);
    }
  }
  return 0;
}
