#include "block.h"

namespace kernels {
namespace {

// One row of the gradient of the depthwise convolution's input. Behind an expansion it goes on
// through the ReLU6 with the output `expanded`, and its sum is the gradient of the bias; else it is
// the block's own input gradient, to which the skip's is added.
struct InputGradient {
  float *to;
  int channels;
  const float *expanded, *added;
  float *sums;
  vec sum = {};
  vec start(int) const { return vec{}; }
  void put(vec v, int w, int c, Lanes lanes) {
    const size_t at = static_cast<size_t>(w) * channels + c;
    if (expanded != nullptr) {
      v = relu6_gradient(v, lanes.load(expanded + at));
      sum += v;
    } else if (added != nullptr) {
      v += lanes.load(added + at);
    }
    lanes.store(to + at, v);
  }
  void end(int c, Lanes) {
    if (expanded != nullptr) store(sums + c, load(sums + c) + sum);
    sum = vec{};
  }
};

struct Sums {  // of one group: weights and bias of each convolution
  float *expand, *project;
  float *taps;  // of the depthwise one as in depthwise.h
};

struct Backward {
  const Block &b;
  const Weights &weights;
  const float *x, *dy;
  float *dx;
  const float *expand, *taps, *project;  // packed for the way back

  void photos(int from, int to, const Sums &sums) const {
    static thread_local Buffer depthwise_memory, expanded_memory;
    const Window &s = b.window;
    Between between(b, weights, x, from, to);
    const int gradients = std::min(s.out_height, b.band() + s.kernel - 1);
    Sliding gd(depthwise_memory, to - from, gradients, b.out_row());
    const int most = b.most_rows();
    float *ge = b.expands ? expanded_memory.get((to - from) * most * b.in_row()) : nullptr;
    int done = 0;
    for (int h = 0; h < s.out_height; h += b.band()) {
      const int end = std::min(s.out_height, h + b.band());
      between.compute(h, end);
      gd.drop_before(h - (s.kernel - 1));
      project_rows(from, to, h, end, between.depthwise(), gd.row(0, h), sums);
      gd.append(end);
      const int complete = b.end_complete(end);
      for (int photo = from; photo < to; photo++) {
        depthwise_rows(between, gd, photo - from, h, end, sums.taps);
        if (!b.expands && !b.settings.input_gradient) continue;
        float *rows = b.expands ? ge + (photo - from) * s.height * b.in_row()
                                : dx + (photo * s.height + done) * b.in_row();
        input_rows(between, gd, photo, photo - from, done, complete, rows, sums);
      }
      if (b.expands && complete > done) expand_rows(from, to, done, complete, ge, sums);
      done = complete;
    }
  }

  // Output rows h..end-1 through the projection: gd is the gradient of the depthwise map d.
  void project_rows(int from, int to, int h, int end, const float *d, float *gd,
                    const Sums &sums) const {
    const Window &s = b.window;
    const size_t hidden = b.hidden(), outputs = b.outputs;
    const size_t at = (static_cast<size_t>(from) * s.out_height + h) * s.out_width * outputs;
    const size_t rows = static_cast<size_t>(to - from) * (end - h) * s.out_width;
    multiply(dy + at, outputs, rows, outputs, project, hidden, Masked{gd, hidden, d});
    accumulate(dy + at, outputs, d, hidden, hidden, rows, sums.project);
    add_rows(dy + at, rows, outputs, sums.project + outputs * hidden);
  }

  // Output rows h..end-1 of the `at`-th photo of these: the gradient of the depthwise weights.
  void depthwise_rows(const Between &between, const Sliding &gd, int at, int h, int end,
                      float *sums) const {
    const Window &s = b.window;
    for (int row = h; row < end; row++) {
      const int top = row * s.stride - s.top;
      const Rows seen(between.expanded(at), s.kernel, top, s.height, between.zeros());
      weight_gradient_row(seen, s, gd.row(at, row), sums);
    }
  }

  // Rows first..end-1 of the gradient of the expanded map, or of x, are written from `to` on.
  void input_rows(const Between &between, const Sliding &gd, int photo, int at, int first, int end,
                  float *to, const Sums &sums) const {
    const Window &s = b.window;
    const size_t skipped = static_cast<size_t>(photo) * s.height * b.in_row();
    float *bias = b.expands ? sums.expand + b.hidden() * b.inputs : nullptr;
    for (int h = first; h < end; h++, to += b.in_row()) {
      const float *expanded = b.expands ? between.expanded(at).row(h) : nullptr;
      const float *added = b.settings.skip ? dy + skipped + h * b.in_row() : nullptr;
      InputGradient out{to, s.channels, expanded, added, bias};
      if (s.stride == 1) {
        const int reach = s.kernel - 1;
        const Rows seen(gd.map(at), s.kernel, h + s.top - reach, s.out_height, between.zeros());
        convolve_row(seen, s.out_width, s.channels, s.width, 1, reach - s.left, taps, out);
      } else {
        scatter_row(gd.map(at), h, s, taps, out);
      }
    }
  }

  // Rows first..end-1 through the expansion, whose gradient is ge.
  void expand_rows(int from, int to, int first, int end, const float *ge, const Sums &sums) const {
    const Window &s = b.window;
    const size_t hidden = b.hidden(), inputs = b.inputs;
    const size_t at = (static_cast<size_t>(from) * s.height + first) * s.width * inputs;
    const size_t rows = static_cast<size_t>(to - from) * (end - first) * s.width;
    accumulate(ge, hidden, x + at, inputs, inputs, rows, sums.expand);
    if (!b.settings.input_gradient) return;
    multiply(ge, hidden, rows, hidden, expand, inputs,
             Added{dx + at, inputs, b.settings.skip ? dy + at : nullptr});
  }
};

// gradients: of the parameters, three of each convolution, in the order of the parameters
void backward(const Block &b, const float *x, const float *dy, float *dx, void **gradients) {
  static thread_local Buffer memory, back_memory, partial_sums;
  const Weights weights(b, memory);
  const size_t hidden = rounded(b.hidden()), inputs = rounded(b.inputs);
  float *expand = back_memory.get(packed_size(hidden, inputs) + packed_size(b.outputs, hidden) +
                                  b.window.taps() * hidden);
  float *project = expand + packed_size(hidden, inputs);
  float *taps = project + packed_size(b.outputs, hidden);
  b.depthwise.pack_depthwise(b.settings.stride == 1, taps);

  const int groups = std::min(b.settings.groups, b.photos);
  const size_t before = b.expands ? b.expand.sums() : 0;
  const size_t after = before + b.depthwise.sums();
  const size_t stride = after + b.project.sums();
  float *partial = partial_sums.get(groups * stride);
  const Backward work{b, weights, x, dy, dx, expand, taps, project};
#pragma omp parallel num_threads(b.settings.threads)
  {
    if (b.expands) {
      b.expand.pack_forward(weights.expand_scale, weights.expand);
      b.expand.pack_backward(weights.expand_scale, expand);
    }
    b.project.pack_backward(weights.project_scale, project);
#pragma omp for schedule(dynamic)
    for (int k = 0; k < groups; k++) {
      static thread_local Buffer taps_memory;
      float *mine = partial + k * stride;
      std::memset(mine, 0, stride * sizeof(float));
      const Sums sums{mine, mine + after, taps_memory.zeros((b.window.taps() + 1) * hidden)};
      const int end = part_start(k + 1, groups, b.photos);
      for (int photo = part_start(k, groups, b.photos); photo < end; photo += b.together()) {
        work.photos(photo, std::min(end, photo + b.together()), sums);
      }
      depthwise_sums(sums.taps, b.window.taps(), b.hidden(), mine + before);
    }
    if (b.expands) b.expand.finish(partial, groups, stride, gradients);
    void **rest = gradients + (b.expands ? 3 : 0);
    b.depthwise.finish(partial + before, groups, stride, rest);
    b.project.finish(partial + after, groups, stride, rest + 3);
  }
}

}  // namespace
}  // namespace kernels

// Inputs: as of BlockForward, then dy. Outputs: dx (one value where nobody wants it), then dw,
// dgamma, dbeta of each convolution.
extern "C" int BlockBackward(int count, void **params, int *, int64_t **shapes, const char **,
                             void *, void *) {
  using namespace kernels;
  const bool expands = count == 2 + 3 * kParameters + 1 + 1 + 9;
  if (!expands && count != 2 + 2 * kParameters + 1 + 1 + 6) return 1;
  const int convolutions = expands ? 3 : 2;
  const int64_t *depthwise = shapes[2 + (convolutions - 2) * kParameters];
  const int dy = 2 + convolutions * kParameters;
  const Block b(Settings(params[0]), expands, shapes[1], shapes[dy], depthwise, params + 2);
  if (!b.known()) return 1;
  backward(b, static_cast<const float *>(params[1]), static_cast<const float *>(params[dy]),
           static_cast<float *>(params[dy + 1]), params + dy + 2);
  return 0;
}
