// An inverted residual block with frozen batch norms: 1x1 expansion and ReLU6 (left out where the
// block has none), 3x3 or 5x5 depthwise convolution and ReLU6, 1x1 projection, and the skip. Maps
// are NHWC.
//
// A photo goes through all of them before the next one starts, a band of output rows at a time, so
// that what lies between the layers stays in the caches. It is not kept: the way back computes it
// once more, which takes less time than writing and reading it, and no memory.
#pragma once

#include "layer.h"

namespace kernels {

constexpr size_t kBand = 1 << 16;  // floats that a band of the expanded map may have: 256 KiB
constexpr int kRows = 192;         // small maps are taken together until they have so many rows

struct Block {
  Settings settings;
  bool expands;
  int photos, inputs, outputs;
  Window window;
  Folded expand, depthwise, project;

  // x is the input's shape, y the output's, w the depthwise weight's, (hidden, 1, K, K); params
  // begin with the first weight.
  Block(const Settings &s, bool expands_, const int64_t *x, const int64_t *y, const int64_t *w,
        void **params)
      : settings(s),
        expands(expands_),
        photos(x[0]),
        inputs(x[3]),
        outputs(y[3]),
        window{static_cast<int>(x[1]),
               static_cast<int>(x[2]),
               static_cast<int>(y[1]),
               static_cast<int>(y[2]),
               static_cast<int>(w[0]),
               static_cast<int>(w[3]),
               s.stride,
               s.padding_before(x[1], y[1], w[3]),
               s.padding_before(x[2], y[2], w[3])},
        expand(params, w[0], x[3], s.eps),
        depthwise(params + (expands_ ? kParameters : 0), w[0], w[2] * w[3], s.eps),
        project(params + (expands_ ? 2 : 1) * kParameters, y[3], w[0], s.eps) {}

  // Whether there are functions for its window.
  bool known() const { return window.kernel == 3 || window.kernel == 5; }

  size_t hidden() const { return window.channels; }
  size_t in_row() const { return window.width * hidden(); }  // of the expanded map
  size_t out_row() const { return window.out_width * hidden(); }

  // Output rows of a band: bands are about equal.
  int band() const {
    const int most = std::clamp<int>(kBand / (window.stride * in_row()), 1, window.out_height);
    const int bands = (window.out_height + most - 1) / most;
    return (window.out_height + bands - 1) / bands;
  }

  // Photos that are taken together: several only where a band is a whole map.
  int together() const {
    if (band() < window.out_height) return 1;
    return std::max<int>(1, kRows / (window.out_height * window.out_width));
  }

  // Rows of the expanded map that the output rows h..end-1 see, or whose gradient they complete.
  int first_seen(int h) const {
    return std::clamp(h * window.stride - window.top, 0, window.height);
  }
  int end_seen(int end) const {
    if (end == window.out_height) return window.height;
    const int seen = (end - 1) * window.stride - window.top + window.kernel;
    return std::clamp(seen, 0, window.height);
  }
  // Rows of it that are in memory at the same time.
  int most_rows() const {
    return std::min(window.height, band() * window.stride + window.kernel - 1);
  }
  int end_complete(int end) const {
    return end == window.out_height ? window.height : first_seen(end);
  }
};

// Rows of the maps of a few photos: new ones are appended, old ones dropped.
class Sliding {
 public:
  Sliding(Buffer &memory, int photos, int capacity, size_t row_size)
      : data_(memory.get(photos * capacity * row_size)), capacity_(capacity), row_size_(row_size) {}

  int end() const { return end_; }
  float *row(int photo, int h) const {
    return data_ + (static_cast<size_t>(photo) * capacity_ + h - first_) * row_size_;
  }
  Map map(int photo) const { return {row(photo, first_), first_, row_size_}; }

  void append(int end) { end_ = end; }

  // Only where there is one photo: several have all their rows at once.
  void drop_before(int h) {
    if (h <= first_) return;
    std::memmove(data_, row(0, h), (end_ - h) * row_size_ * sizeof(float));
    first_ = h;
  }

 private:
  float *data_;
  int capacity_;
  size_t row_size_;
  int first_ = 0, end_ = 0;
};

// Weights for the way forward: packed by a team of threads, in the order of these members.
class Weights {
 public:
  Weights(const Block &b, Buffer &memory) {
    const size_t hidden = rounded(b.hidden()), outputs = rounded(b.outputs);
    expand = memory.get(packed_size(b.inputs, hidden) + packed_size(hidden, outputs) +
                        (b.window.taps() + 3) * hidden + 2 * outputs);
    project = expand + packed_size(b.inputs, hidden);
    taps = project + packed_size(hidden, outputs);
    taps_bias = taps + b.window.taps() * hidden;
    expand_bias = taps_bias + hidden;
    expand_scale = expand_bias + hidden;
    project_bias = expand_scale + hidden;
    project_scale = project_bias + outputs;
    b.depthwise.pack_depthwise(false, taps), b.depthwise.biases(taps_bias);
    b.project.biases(project_bias), b.project.scales(project_scale);
    if (b.expands) b.expand.biases(expand_bias), b.expand.scales(expand_scale);
  }

  float *expand, *project, *taps, *taps_bias, *expand_bias, *expand_scale, *project_bias,
      *project_scale;
};

struct DepthwiseOut {  // relu6 of one row
  float *to;
  int channels;
  const float *bias;
  vec start(int c) const { return load(bias + c); }
  void put(vec v, int w, int c, Lanes lanes) const {
    lanes.store(to + static_cast<size_t>(w) * channels + c, relu6(v));
  }
  void end(int, Lanes) const {}
};

// The maps between the layers, for photos from..to-1 and a band of output rows after the other.
class Between {
 public:
  Between(const Block &b, const Weights &weights, const float *x, int from, int to)
      : b_(b),
        weights_(weights),
        x_(x),
        from_(from),
        photos_(to - from),
        expanded_(expanded_memory(), b.expands ? photos_ : 0, b.most_rows(), b.in_row()),
        depthwise_(depthwise_memory().get(photos_ * b.band() * b.out_row())),
        zeros_(zero_row().zeros(std::max(b.in_row(), b.out_row()))) {}

  const float *zeros() const { return zeros_; }

  // Of the band: (photos, end - h, out_width, hidden)
  const float *depthwise() const { return depthwise_; }

  // The expanded map of a photo of these, or the input that takes its place.
  Map expanded(int photo) const {
    if (b_.expands) return expanded_.map(photo);
    return {x_ + (from_ + photo) * b_.window.height * b_.in_row(), 0, b_.in_row()};
  }

  void compute(int h, int end) {
    const Window &s = b_.window;
    if (b_.expands) expand(b_.first_seen(h), b_.end_seen(end));
    float *to = depthwise_;
    for (int photo = 0; photo < photos_; photo++) {
      for (int row = h; row < end; row++, to += b_.out_row()) {
        const Rows seen(expanded(photo), s.kernel, row * s.stride - s.top, s.height, zeros_);
        convolve_row(seen, s.width, s.channels, s.out_width, s.stride, s.left, weights_.taps,
                     DepthwiseOut{to, s.channels, weights_.taps_bias});
      }
    }
  }

 private:
  void expand(int first, int end) {
    const int done = expanded_.end();
    expanded_.drop_before(first);
    if (end <= done) return;
    const size_t at = (static_cast<size_t>(from_) * b_.window.height + done) * b_.window.width;
    const size_t rows = ((photos_ - 1) * b_.window.height + end - done) * b_.window.width;
    multiply(x_ + at * b_.inputs, b_.inputs, rows, b_.inputs, weights_.expand, b_.hidden(),
             Activated{expanded_.row(0, done), b_.hidden(), weights_.expand_bias});
    expanded_.append(end);
  }

  static Buffer &expanded_memory() {
    static thread_local Buffer memory;
    return memory;
  }
  static Buffer &depthwise_memory() {
    static thread_local Buffer memory;
    return memory;
  }
  static Buffer &zero_row() {
    static thread_local Buffer memory;
    return memory;
  }

  const Block &b_;
  const Weights &weights_;
  const float *x_;
  int from_, photos_;
  Sliding expanded_;
  float *depthwise_;
  const float *zeros_;
};

}  // namespace kernels
