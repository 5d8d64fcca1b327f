#include <doctest/doctest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

#include "failure.h"
#include "pixels.h"
#include "prepare.h"
#include "resample.h"

using namespace pocketlens;

namespace {

// 7 x 5 pixels, no two rows or columns alike.
std::vector<uint8_t> pattern() {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < 5; y++) {
    for (int x = 0; x < 7; x++) {
      for (int c = 0; c < 3; c++) {
        rgb.push_back(static_cast<uint8_t>((37 * x + 91 * y + 53 * c + x * y * 11) % 256));
      }
    }
  }
  return rgb;
}

std::vector<uint8_t> resized(Interpolation interpolation, int width, int height) {
  const std::vector<uint8_t> rgb = pattern();
  const RowSource photo({rgb.data(), 7, 5, 21, PL_RGB, 1});
  return resample(photo, {7, width, 0, width}, {5, height, 0, height}, interpolation);
}

int64_t weighted_sum(const std::vector<uint8_t> &values) {
  int64_t sum = 0;
  for (size_t i = 0; i < values.size(); i++) sum += static_cast<int64_t>(i + 1) * values[i];
  return sum;
}

std::string upright(int orientation) {
  // stored as two rows: a b c / d e f
  std::string rgb;
  for (const char letter : std::string("abcdef")) rgb += std::string(3, letter);
  const RowSource photo({reinterpret_cast<const uint8_t *>(rgb.data()), 3, 2, 9, PL_RGB,
                         orientation});
  std::string text;
  std::vector<uint8_t> buffer(9);
  for (int y = 0; y < photo.height(); y++) {
    const uint8_t *row = photo.row(y, buffer.data());
    for (int x = 0; x < photo.width(); x++) text += static_cast<char>(row[3 * x]);
    text += '/';
  }
  return text;
}

}  // namespace

// Expected values: Pillow 12.3, Image.resize with the filter of that name.
TEST_CASE("resizing gives Pillow's pixels") {
  const auto red = [](const std::vector<uint8_t> &rgb) {
    std::vector<int> values;
    for (size_t i = 0; i < rgb.size(); i += 3) values.push_back(rgb[i]);
    return values;
  };
  CHECK(red(resized(Interpolation::kBilinear, 3, 2)) ==
        std::vector<int>{108, 135, 131, 117, 127, 106});
  CHECK(red(resized(Interpolation::kBicubic, 3, 2)) ==
        std::vector<int>{107, 134, 135, 120, 125, 103});
  CHECK(red(resized(Interpolation::kLanczos, 3, 2)) ==
        std::vector<int>{107, 136, 137, 123, 126, 101});
  CHECK(weighted_sum(resized(Interpolation::kBilinear, 10, 8)) == 3596658);
  CHECK(weighted_sum(resized(Interpolation::kBicubic, 10, 8)) == 3605827);
  CHECK(weighted_sum(resized(Interpolation::kLanczos, 10, 8)) == 3600954);
  CHECK(resized(Interpolation::kLanczos, 7, 5) == pattern());
}

TEST_CASE("a window is a part of the whole") {
  const std::vector<uint8_t> rgb = pattern();
  const RowSource photo({rgb.data(), 7, 5, 21, PL_RGB, 1});
  const auto part = resample(photo, {7, 10, 4, 3}, {5, 8, 2, 5}, Interpolation::kBicubic);
  const auto whole = resized(Interpolation::kBicubic, 10, 8);
  REQUIRE(part.size() == 3 * 5 * 3);
  for (size_t y = 0; y < 5; y++) {
    for (size_t v = 0; v < 9; v++) CHECK(part[y * 9 + v] == whole[((y + 2) * 10 + 4) * 3 + v]);
  }
}

TEST_CASE("weights sum to one and stay inside the photo") {
  for (const auto interpolation :
       {Interpolation::kBilinear, Interpolation::kBicubic, Interpolation::kLanczos}) {
    for (const int size : {1, 2, 5, 224, 225, 8000}) {
      const Weights w = make_weights({size, 224, 0, 224}, interpolation);
      for (size_t i = 0; i < 224; i++) {
        CHECK(w.start[i] >= 0);
        CHECK(w.start[i] + w.length[i] <= size);
        int64_t sum = 0;
        for (int k = 0; k < w.length[i]; k++) sum += w.weight[w.offset[i] + static_cast<size_t>(k)];
        CHECK(std::abs(sum - (1 << kWeightBits)) <= w.length[i]);
      }
    }
  }
}

TEST_CASE("all orientations of EXIF") {
  CHECK(upright(0) == "abc/def/");
  CHECK(upright(1) == "abc/def/");
  CHECK(upright(2) == "cba/fed/");
  CHECK(upright(3) == "fed/cba/");
  CHECK(upright(4) == "def/abc/");
  CHECK(upright(5) == "ad/be/cf/");
  CHECK(upright(6) == "da/eb/fc/");
  CHECK(upright(7) == "fc/eb/da/");
  CHECK(upright(8) == "cf/be/ad/");
}

TEST_CASE("channel orders, alpha and stride") {
  const auto first = [](std::vector<uint8_t> bytes, int32_t format, int row) {
    bytes.resize(32);
    const RowSource photo({bytes.data(), 1, 2, 16, format, 1});
    uint8_t buffer[3];
    const uint8_t *p = photo.row(row, buffer);
    return std::vector<int>{p[0], p[1], p[2]};
  };
  const std::vector<uint8_t> rows = {10, 20, 30, 128, 0, 0, 0, 0, 0, 0,
                                     0,  0,  0,  0,   0, 0, 1, 2, 3, 0};
  CHECK(first(rows, PL_RGB, 0) == std::vector<int>{10, 20, 30});
  CHECK(first(rows, PL_RGB, 1) == std::vector<int>{1, 2, 3});
  CHECK(first(rows, PL_BGR, 0) == std::vector<int>{30, 20, 10});
  CHECK(first(rows, PL_RGBA, 0) == std::vector<int>{132, 137, 142});  // Pillow's alpha_composite
  CHECK(first(rows, PL_RGBA, 1) == std::vector<int>{255, 255, 255});
  CHECK(first(rows, PL_RGBA_PREMULTIPLIED, 0) == std::vector<int>{137, 147, 157});
  CHECK(first({200, 0, 0, 100}, PL_RGBA_PREMULTIPLIED, 0) == std::vector<int>{255, 155, 155});
}

TEST_CASE("pixels outside the rules are refused") {
  const uint8_t byte = 0;
  const auto status = [](const pl_pixels &pixels) {
    try {
      RowSource source(pixels);
    } catch (const Failure &failure) {
      return failure.status();
    }
    return PL_OK;
  };
  CHECK(status({nullptr, 1, 1, 3, PL_RGB, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 0, 1, 3, PL_RGB, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 1, -1, 3, PL_RGB, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 1, 1, 2, PL_RGB, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 1, 1, 3, PL_RGBA, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 1, 1, 3, 4, 1}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 1, 1, 3, PL_RGB, 9}) == PL_BAD_ARGUMENT);
  CHECK(status({&byte, 10001, 10000, 99999, PL_RGB, 1}) == PL_IMAGE_TOO_LARGE);
  CHECK(status({&byte, 1000001, 1, 9999999, PL_RGB, 1}) == PL_IMAGE_TOO_LARGE);
  CHECK(status({&byte, 1, 1, 3, PL_BGR, 8}) == PL_OK);
}

TEST_CASE("the tensor has the layout and the units of the description") {
  InputSpec input{};
  input.size = input.resize = {1, 2};
  input.mean[1] = 100;
  input.std[0] = 1, input.std[1] = 50, input.std[2] = 2;
  const std::vector<uint8_t> rgb = {10, 150, 30, 20, 50, 0};
  std::vector<float> tensor(6);
  normalise(rgb, input, PL_NHWC, tensor.data());
  CHECK(tensor == std::vector<float>{10, 1, 15, 20, -1, 0});
  normalise(rgb, input, PL_NCHW, tensor.data());
  CHECK(tensor == std::vector<float>{10, 20, 1, -1, 15, 0});
}

TEST_CASE("shorter side and crop: sizes of every shape, also extreme ones") {
  InputSpec input{};
  input.rule = ResizeRule::kShorterSide;
  input.resize = {256, 256};
  input.size = {224, 224};
  input.crop = input.size;
  for (const auto &[width, height] : {std::pair{1, 1}, {1, 100000}, {100000, 1}, {3, 5}}) {
    const std::vector<uint8_t> rgb(static_cast<size_t>(width) * height * 3, 77);
    const RowSource photo({rgb.data(), width, height, static_cast<size_t>(width) * 3, PL_RGB, 1});
    const std::vector<uint8_t> out = prepare_pixels(photo, input);
    CHECK(out == std::vector<uint8_t>(224 * 224 * 3, 77));
  }
}
