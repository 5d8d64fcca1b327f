#include "block.h"

namespace kernels {
namespace {

void photos(const Block &b, const Weights &weights, const float *x, float *y, int from, int to) {
  const Window &s = b.window;
  const size_t outputs = b.outputs;
  Between between(b, weights, x, from, to);
  for (int h = 0; h < s.out_height; h += b.band()) {
    const int end = std::min(s.out_height, h + b.band());
    between.compute(h, end);
    const size_t at = (static_cast<size_t>(from) * s.out_height + h) * s.out_width * outputs;
    const size_t rows = static_cast<size_t>(to - from) * (end - h) * s.out_width;
    multiply(between.depthwise(), b.hidden(), rows, b.hidden(), weights.project, outputs,
             Biased{y + at, outputs, weights.project_bias, b.settings.skip ? x + at : nullptr});
  }
}

void forward(const Block &b, const float *x, float *y) {
  static thread_local Buffer memory;
  const Weights weights(b, memory);
  const int together = b.together();
#pragma omp parallel num_threads(b.settings.threads)
  {
    if (b.expands) b.expand.pack_forward(weights.expand_scale, weights.expand);
    b.project.pack_forward(weights.project_scale, weights.project);
#pragma omp for schedule(dynamic)
    for (int photo = 0; photo < b.photos; photo += together) {
      photos(b, weights, x, y, photo, std::min(b.photos, photo + together));
    }
  }
}

}  // namespace
}  // namespace kernels

// Inputs: settings, x (N, H, W, I), five parameters of each convolution, of which there are three
// where the block expands and two else. Output: y (N, H', W', O).
extern "C" int BlockForward(int count, void **params, int *, int64_t **shapes, const char **,
                            void *, void *) {
  using namespace kernels;
  const bool expands = count == 2 + 3 * kParameters + 1;
  if (!expands && count != 2 + 2 * kParameters + 1) return 1;
  const int convolutions = expands ? 3 : 2;
  const int64_t *depthwise = shapes[2 + (convolutions - 2) * kParameters];
  const int output = 2 + convolutions * kParameters;
  const Block b(Settings(params[0]), expands, shapes[1], shapes[output], depthwise, params + 2);
  if (!b.known()) return 1;
  forward(b, static_cast<const float *>(params[1]), static_cast<float *>(params[output]));
  return 0;
}
