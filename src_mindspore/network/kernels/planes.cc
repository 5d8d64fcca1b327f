// 3x3 and 5x5 depthwise convolutions over NCHW maps, plane by plane: for layers whose batch norms
// learn their statistics, so that nothing can be folded into the convolution and MindSpore's own
// layers stand on both sides of it.
//
// A plane is copied into a frame with its zeros around it. In a frame, a window moves one column by
// one float, whatever the width, so that whole planes are one loop over vectors: what it gives for
// windows that straddle the frame's edge is left out. Strides above 1 use every stride-th window.
#include "layer.h"

namespace kernels {
namespace {

struct Plane {
  Settings settings;
  int kernel, photos, channels, height, width, out_height, out_width, top, left;
  size_t columns, frame;  // floats of a row of a frame, of the whole with room behind it
  size_t windows;         // from the first window to the last, those between strides included

  // x, w and y are shapes: of the input, the weight (C, 1, K, K) and the output.
  Plane(void **params, const int64_t *x, const int64_t *w, const int64_t *y)
      : settings(params[0]),
        kernel(w[3]),
        photos(x[0]),
        channels(x[1]),
        height(x[2]),
        width(x[3]),
        out_height(y[2]),
        out_width(y[3]),
        top(settings.padding_before(height, out_height, kernel)),
        left(settings.padding_before(width, out_width, kernel)) {
    const int stride = settings.stride;
    columns = std::max(left + width, (out_width - 1) * stride + kernel);
    const size_t rows = std::max(top + height, (out_height - 1) * stride + kernel);
    windows = static_cast<size_t>(out_height - 1) * stride * columns + (out_width - 1) * stride + 1;
    frame = rounded(rows * columns + (kernel - 1) * (columns + 1)) + kLanes;
  }

  bool known() const { return kernel == 3 || kernel == 5; }
  int taps() const { return kernel * kernel; }
  size_t offset(int tap) const { return tap / kernel * columns + tap % kernel; }
  size_t last_offset() const { return offset(taps() - 1); }
  // Where a plane begins, before and behind the convolution.
  size_t inputs(int photo, int channel) const {
    return (static_cast<size_t>(photo) * channels + channel) * height * width;
  }
  size_t outputs(int photo, int channel) const {
    return (static_cast<size_t>(photo) * channels + channel) * out_height * out_width;
  }

  // What the zeros of a frame surround; the zeros themselves are the caller's.
  void enclose(const float *x, float *to) const {
    for (int h = 0; h < height; h++) {
      std::memcpy(to + (top + h) * columns + left, x + static_cast<size_t>(h) * width,
                  width * sizeof(float));
    }
  }
  void release(const float *from, float *x) const {
    for (int h = 0; h < height; h++) {
      std::memcpy(x + static_cast<size_t>(h) * width, from + (top + h) * columns + left,
                  width * sizeof(float));
    }
  }
};

// Outputs y of all windows of one frame, of T taps each, then those of every stride-th one.
template <int T>
void convolve(const Plane &p, const float *frame, const float *weight, float *all_windows,
              float *y) {
  vec tap[T];
#pragma GCC unroll 25
  for (int t = 0; t < T; t++) tap[t] = all(weight[t]);
  for (size_t k = 0; k < p.windows; k += kLanes) {
    vec v = load(frame + k) * tap[0];
#pragma GCC unroll 25
    for (int t = 1; t < T; t++) v += load(frame + k + p.offset(t)) * tap[t];
    store(all_windows + k, v);
  }
  const size_t stride = p.settings.stride;
  for (int h = 0; h < p.out_height; h++) {
    const float *row = all_windows + h * stride * p.columns;
    for (int w = 0; w < p.out_width; w++) *y++ = row[w * stride];
  }
}

void forward(const Plane &p, const float *x, const float *weight, float *y) {
#pragma omp parallel num_threads(p.settings.threads)
  {
    static thread_local Buffer memory;
    float *frame = memory.zeros(2 * p.frame), *windows = frame + p.frame;
#pragma omp for collapse(2) schedule(static)
    for (int photo = 0; photo < p.photos; photo++) {
      for (int c = 0; c < p.channels; c++) {
        p.enclose(x + p.inputs(photo, c), frame);
        const auto run = p.kernel == 3 ? convolve<9> : convolve<25>;
        run(p, frame, weight + c * p.taps(), windows, y + p.outputs(photo, c));
      }
    }
  }
}

// Gradients of one plane. `gradient` holds dy at the first floats of its windows, zeros elsewhere,
// and in front of it as many zeros as a window reaches back.
template <int T>
void backward_plane(const Plane &p, const float *frame, const float *gradient, const float *weight,
                    vec *sums, float *dx) {
  vec tap[T];
#pragma GCC unroll 25
  for (int t = 0; t < T; t++) tap[t] = all(weight[t]);
  for (size_t k = 0; k < p.windows; k += kLanes) {
    const vec g = load(gradient + k);
#pragma GCC unroll 25
    for (int t = 0; t < T; t++) sums[t] += g * load(frame + k + p.offset(t));
  }
  const size_t reach = p.windows + p.last_offset();
  for (size_t k = 0; k < reach; k += kLanes) {
    vec v = load(gradient + k) * tap[0];
#pragma GCC unroll 25
    for (int t = 1; t < T; t++) v += load(gradient + k - p.offset(t)) * tap[t];
    store(dx + k, v);
  }
}

void backward(const Plane &p, const float *x, const float *weight, const float *dy, float *dx,
              float *dw) {
  const size_t before = rounded(p.last_offset());
  const size_t stride = p.settings.stride;
#pragma omp parallel num_threads(p.settings.threads)
  {
    static thread_local Buffer memory;
    float *frame = memory.zeros(3 * p.frame + before);
    float *gradient = frame + p.frame + before, *input_gradient = gradient + p.frame;
    // A channel has one thread, which takes its photos in their order: the sums do not depend on
    // the number of threads.
#pragma omp for schedule(static)
    for (int c = 0; c < p.channels; c++) {
      vec sums[kMostTaps * kMostTaps] = {};
      for (int photo = 0; photo < p.photos; photo++) {
        p.enclose(x + p.inputs(photo, c), frame);
        const float *from = dy + p.outputs(photo, c);
        for (int h = 0; h < p.out_height; h++) {
          float *row = gradient + h * stride * p.columns;
          for (int w = 0; w < p.out_width; w++) row[w * stride] = *from++;
        }
        const auto run = p.kernel == 3 ? backward_plane<9> : backward_plane<25>;
        run(p, frame, gradient, weight + c * p.taps(), sums, input_gradient);
        p.release(input_gradient, dx + p.inputs(photo, c));
      }
      for (int t = 0; t < p.taps(); t++) {
        float total = 0;
        for (size_t l = 0; l < kLanes; l++) total += sums[t][l];
        dw[c * p.taps() + t] = total;
      }
    }
  }
}

}  // namespace
}  // namespace kernels

// Inputs: settings, x (N, C, H, W), w (C, 1, K, K). Output: y (N, C, H', W').
extern "C" int PlanesForward(int, void **params, int *, int64_t **shapes, const char **, void *,
                             void *) {
  using namespace kernels;
  const Plane p(params, shapes[1], shapes[2], shapes[3]);
  if (!p.known()) return 1;
  forward(p, static_cast<const float *>(params[1]), static_cast<const float *>(params[2]),
          static_cast<float *>(params[3]));
  return 0;
}

// Inputs: settings, x, w, dy. Outputs: dx, dw.
extern "C" int PlanesBackward(int, void **params, int *, int64_t **shapes, const char **, void *,
                              void *) {
  using namespace kernels;
  const Plane p(params, shapes[1], shapes[2], shapes[3]);
  if (!p.known()) return 1;
  backward(p, static_cast<const float *>(params[1]), static_cast<const float *>(params[2]),
           static_cast<const float *>(params[3]), static_cast<float *>(params[4]),
           static_cast<float *>(params[5]));
  return 0;
}
