// Many optimiser steps of a classifier head in one call: batches are gathered from features in
// memory, dropout is drawn, and the weights are updated where they lie.
//
// What a thread adds up does not depend on their number: rows of a batch are apart on the way
// forward and back, inputs of a layer where weights are updated. Results are the same to the bit.

#include <omp.h>
#include <sched.h>

#include <atomic>
#include <limits>
#include <vector>

#include "draws.h"
#include "layers.h"
#include "rules.h"

namespace head {

enum Rules { kMomentum, kPlain, kAdam, kAdamW, kRmsProp };

// As `_Call` in fast_head.py. All fields have eight bytes.
struct Call {
  int64_t layers;          // Dense layers
  const int64_t *widths;   // layers + 1 numbers, of features first and of classes last
  int64_t activation;      // Activation
  int64_t binary;          // whether the loss is binary cross entropy
  int64_t rule;            // Rules
  int64_t threads;         // at most
  double dropout;          // share, before the last layer
  double on, off;          // targets of the true class and of the others
  double momentum;         // of the rules that have one
  double decay;            // of weights, not of biases
  float *state[3];         // weights and two moments, as `Head` lays them out
  float *powers;           // of Adam's beta1 and beta2, up to the step before
  const float *features;   // rows of widths[0] values
  const int64_t *rows;     // (photos) which of them are trained on, in this order
  const int32_t *labels;   // (photos)
  const float *class_weights;
  const float *lr;         // one for every step of the call
  int64_t photos;
  int64_t batch;           // photos of a step
  int64_t first;           // number of the first step in its epoch
  const uint32_t *entropy; // of the dropout's seed, without the step
  int64_t words;
  double *sums;            // loss * weight, weight, hits, photos are added to
  double *last_loss;       // of the step at which the call ended
};

struct Head {
  std::vector<Dense> layers;

  Head(size_t count, const int64_t *widths) {
    size_t at = 0;
    for (size_t l = 0; l < count; l++) {
      layers.push_back({static_cast<size_t>(widths[l]), static_cast<size_t>(widths[l + 1]), at});
      at += layers.back().size();
    }
  }

  size_t size() const { return layers.back().at + layers.back().size(); }
};

// Where all threads of a team meet. OpenMP's own wait for each other on the processor for
// milliseconds, which other programs want as well; a step has far less.
class Meeting {
 public:
  void wait(size_t team) {
    const size_t turn = turn_.load(std::memory_order_acquire);
    if (arrived_.fetch_add(1, std::memory_order_acq_rel) + 1 == team) {
      arrived_.store(0, std::memory_order_relaxed);
      turn_.store(turn + 1, std::memory_order_release);
      return;
    }
    for (int tries = 0; turn_.load(std::memory_order_acquire) == turn; tries++) {
      if (tries > kTries) sched_yield();
    }
  }

 private:
  static constexpr int kTries = 2000;
  std::atomic<size_t> arrived_{0}, turn_{0};
};

// Maps of a batch: what goes into each layer, what comes out before its activation, and gradients.
class Maps {
 public:
  Maps(const Head &head, size_t rows) {
    const size_t count = head.layers.size();
    size_t floats = 0;
    const auto take = [&](size_t n) {
      floats += n;
      return floats - n;
    };
    std::vector<size_t> places;
    for (const Dense &layer : head.layers) {
      places.push_back(take(rows * leading(layer.inputs)));
      places.push_back(take(rows * leading(layer.outputs)));
      places.push_back(take(rows * leading(layer.outputs)));
      places.push_back(take(rounded(layer.inputs) * layer.outputs));
    }
    const size_t width = head.layers.back().inputs;
    const size_t others[] = {take(rows * width), take(rows * leading(width)), take(2 * rows)};
    static thread_local kernels::Buffer memory;
    float *data = memory.zeros(floats);
    for (size_t l = 0; l < count; l++) {
      input.push_back(data + places[4 * l]);
      output.push_back(data + places[4 * l + 1]);
      gradient.push_back(data + places[4 * l + 2]);
      backward.push_back(data + places[4 * l + 3]);
    }
    keep = data + others[0];
    kept = data + others[1];
    losses = data + others[2];
    hits = losses + rows;
  }

  std::vector<float *> input, output, gradient;
  std::vector<float *> backward;  // a layer's weights, packed for the gradient of its input
  float *keep, *kept;             // dropout's factors, without a gap; the last input times them
  float *losses, *hits;           // of a row
};

// Rows from..to-1 of a batch through all layers; the first input is there. A head with dropout
// multiplies what goes into its last layer by `keep`.
inline void forward(const Head &head, const float *state, Activation kind, const Maps &maps,
                    bool dropout, size_t from, size_t to) {
  for (size_t l = 0; l < head.layers.size(); l++) {
    const Dense &layer = head.layers[l];
    const bool last = l + 1 == head.layers.size();
    const size_t ldx = leading(layer.inputs), ldz = leading(layer.outputs);
    const float *x = maps.input[l];
    if (last && dropout) {
      for (size_t r = from; r < to; r++) {
        const float *keep = maps.keep + r * layer.inputs;
        for (size_t i = 0; i < layer.inputs; i++) {
          maps.kept[r * ldx + i] = x[r * ldx + i] * keep[i];
        }
      }
      x = maps.kept;
    }
    const float *weights = state + layer.at;
    kernels::multiply(x + from * ldx, ldx, to - from, layer.inputs, weights, layer.outputs,
                      Biased{maps.output[l] + from * ldz, ldz, weights + layer.weights()});
    if (!last) {
      activate(kind, maps.output[l] + from * ldz, maps.input[l + 1] + from * ldz,
               (to - from) * ldz);
    }
  }
}

template <class Rule>
class Training {
 public:
  Training(const Call &call, const Head &head, const Maps &maps)
      : call_(call), head_(head), maps_(maps), kind_(static_cast<Activation>(call.activation)) {}

  // One step, by all threads of a team; `rule` has its learning rate.
  void step(const Rule &rule, size_t number, double *sums, double *loss) {
    const size_t start = number * call_.batch;
    const size_t rows = std::min<size_t>(call_.batch, call_.photos - start);
    const size_t team = omp_get_num_threads(), mine = omp_get_thread_num();
    const size_t from = rows * mine / team, to = rows * (mine + 1) / team;
    if (head_.layers.size() > 1) {
      pack(team, mine);
      meeting_.wait(team);
    }
    gather(start, from, to);
    if (call_.dropout > 0) drop(call_.first + number, from, to);
    forward(head_, call_.state[0], kind_, maps_, call_.dropout > 0, from, to);
    const float total = weight_of(start, rows);
    losses(start, total, from, to);
    backward(from, to);
    meeting_.wait(team);
    if (mine == 0) *loss = add_up(start, rows, total, sums);
    update(rule, rows, team, mine);
    meeting_.wait(team);
  }

 private:
  const Call &call_;
  const Head &head_;
  const Maps &maps_;
  const Activation kind_;
  Meeting meeting_;

  const float *features(size_t photo) const {
    return call_.features + call_.rows[photo] * call_.widths[0];
  }

  // 0 for a photo that could not be read: its features are NaN
  float weight(size_t photo) const {
    return std::isnan(*features(photo)) ? 0 : call_.class_weights[call_.labels[photo]];
  }

  float weight_of(size_t start, size_t rows) const {
    double total = 0;
    for (size_t r = 0; r < rows; r++) total += weight(start + r);
    return static_cast<float>(total);
  }

  void pack(size_t team, size_t mine) const {
    for (size_t l = 1; l < head_.layers.size(); l++) {
      const Dense &layer = head_.layers[l];
      const float *w = call_.state[0] + layer.at;
      const size_t panels = kernels::panels(layer.inputs);
      for (size_t p = panels * mine / team; p < panels * (mine + 1) / team; p++) {
        kernels::pack_panel(p, layer.outputs, layer.inputs, maps_.backward[l],
                            [&](size_t o, size_t i) { return w[layer.place(o, i)]; });
      }
    }
  }

  void gather(size_t start, size_t from, size_t to) const {
    const size_t width = call_.widths[0], ld = leading(width);
    for (size_t r = from; r < to; r++) {
      float *x = maps_.input[0] + r * ld;
      if (std::isnan(*features(start + r))) {
        std::fill(x, x + width, 0.0f);
      } else {
        std::memcpy(x, features(start + r), width * sizeof(float));
      }
    }
  }

  // Dropout's factors for rows of a step.
  void drop(size_t step, size_t from, size_t to) const {
    const size_t width = head_.layers.back().inputs;
    // u >= p, where u is a whole number of 2^-24 and p a float
    const uint32_t least = static_cast<uint32_t>(
        std::ceil(std::ldexp(static_cast<double>(static_cast<float>(call_.dropout)), 24)));
    const float scale = 1 / static_cast<float>(1 - call_.dropout);
    Draws draws({call_.entropy, static_cast<size_t>(call_.words), static_cast<uint32_t>(step)},
                from * width);
    constexpr size_t kPiece = 1024;
    uint32_t piece[kPiece];
    float *keep = maps_.keep + from * width;
    for (size_t left = (to - from) * width; left > 0;) {
      const size_t count = std::min(kPiece, left);
      draws.take(piece, count);
      for (size_t i = 0; i < count; i++) keep[i] = piece[i] >> kUnused >= least ? scale : 0;
      keep += count;
      left -= count;
    }
  }

  void losses(size_t start, float total, size_t from, size_t to) const {
    const size_t last = head_.layers.size() - 1, n = head_.layers[last].outputs, ld = leading(n);
    const float on = static_cast<float>(call_.on), off = static_cast<float>(call_.off);
    for (size_t r = from; r < to; r++) {
      const float *z = maps_.output[last] + r * ld;
      float *d = maps_.gradient[last] + r * ld;
      const size_t photo = start + r, label = call_.labels[photo];
      const float w = weight(photo);
      const float factor = w / std::max(total, std::numeric_limits<float>::min());
      const auto loss = call_.binary ? binary_cross_entropy : cross_entropy;
      maps_.losses[r] = loss(z, n, label, on, off, factor, d) * w;
      const size_t likeliest = std::max_element(z, z + n) - z;
      maps_.hits[r] = likeliest == label && !std::isnan(*features(photo));
    }
  }

  void backward(size_t from, size_t to) const {
    for (size_t l = head_.layers.size() - 1; l > 0; l--) {
      const Dense &layer = head_.layers[l];
      const size_t ldx = leading(layer.inputs), ldz = leading(layer.outputs);
      float *d = maps_.gradient[l - 1] + from * ldx;
      kernels::multiply(maps_.gradient[l] + from * ldz, ldz, to - from, layer.outputs,
                        maps_.backward[l], layer.inputs, Stored{d, ldx});
      if (l + 1 == head_.layers.size() && call_.dropout > 0) {
        for (size_t r = from; r < to; r++) {
          const float *keep = maps_.keep + r * layer.inputs;
          for (size_t i = 0; i < layer.inputs; i++) d[(r - from) * ldx + i] *= keep[i];
        }
      }
      activation_gradient(kind_, maps_.output[l - 1] + from * ldx, maps_.input[l] + from * ldx, d,
                          (to - from) * ldx);
    }
  }

  // The step's part of the epoch's sums; its loss.
  double add_up(size_t start, size_t rows, float total, double *sums) const {
    double loss = 0;
    for (size_t r = 0; r < rows; r++) {
      loss += maps_.losses[r];
      sums[2] += maps_.hits[r];
      sums[3] += !std::isnan(*features(start + r));
    }
    const double mean = loss / std::max(total, std::numeric_limits<float>::min());
    sums[0] += mean * total;
    sums[1] += total;
    return mean;
  }

  void update(const Rule &rule, size_t rows, size_t team, size_t mine) const {
    constexpr size_t kBlock = 48;  // inputs whose gradients stay in the first cache
    alignas(64) float sums[kBlock * kPanel * kLanes];
    for (size_t l = 0; l < head_.layers.size(); l++) {
      const Dense &layer = head_.layers[l];
      const bool dropped = l + 1 == head_.layers.size() && call_.dropout > 0;
      const float *x = dropped ? maps_.kept : maps_.input[l], *g = maps_.gradient[l];
      const size_t ldx = leading(layer.inputs), ldg = leading(layer.outputs);
      const size_t blocks = (layer.inputs + kBlock - 1) / kBlock;
      for (size_t b = blocks * mine / team; b < blocks * (mine + 1) / team; b++) {
        const size_t first = b * kBlock, count = std::min(kBlock, layer.inputs - first);
        for (size_t c = 0; c < layer.outputs; c += kPanel * kLanes) {
          const size_t width = std::min(kPanel * kLanes, rounded(layer.outputs) - c);
          outer(x + first, ldx, count, g + c, ldg, rows, width / kLanes, sums);
          change(rule, layer.at + layer.place(c, first), sums, count * width, call_.decay);
        }
      }
      if (mine + 1 < team) continue;  // the last thread has no more blocks than the others
      for (size_t c = 0; c < layer.outputs; c += kLanes) {
        vec sum = {};
        for (size_t r = 0; r < rows; r++) sum += load(g + r * ldg + c);
        store(sums, sum);
        change(rule, layer.at + layer.weights() + c, sums, kLanes, 0);
      }
    }
  }

  void change(const Rule &rule, size_t at, const float *g, size_t count, double decay) const {
    float *const *state = call_.state;
    apply(rule, state[0] + at, state[1] + at, state[2] + at, g, count, static_cast<float>(decay));
  }
};

// Steps of `call`, until a loss is not finite; the number of those done. `rule_at(step)` gives the
// rule with its rate, and is called once for each.
template <class Rule, class RuleAt>
int64_t train(const Call &call, const RuleAt &rule_at) {
  const Head head(call.layers, call.widths);
  const Maps maps(head, call.batch);
  const int64_t steps = (call.photos + call.batch - 1) / call.batch;
  Training<Rule> training(call, head, maps);
  std::vector<Rule> rules;
  for (int64_t number = 0; number < steps; number++) rules.push_back(rule_at(number));
  int64_t done = 0;
#pragma omp parallel num_threads(static_cast<int>(call.threads))
  for (int64_t number = 0; number < steps; number++) {
    training.step(rules[number], number, call.sums, call.last_loss);
    const bool finite = std::isfinite(*call.last_loss);
    if (omp_get_thread_num() == 0) done = number + 1;
    if (!finite) break;
  }
  return done;
}

}  // namespace head

extern "C" {

// Floats of a head's weights, and of each of its moments.
int64_t HeadSize(int64_t layers, const int64_t *widths) {
  return head::Head(layers, widths).size();
}

// Between a Dense layer's (outputs, inputs) weights and its (outputs) biases and its part of a
// state; `read` takes them out of it.
void HeadCopy(int64_t layers, const int64_t *widths, int64_t index, float *state, float *weights,
              float *biases, int64_t read) {
  const head::Dense layer = head::Head(layers, widths).layers[index];
  float *packed = state + layer.at;
  for (size_t o = 0; o < layer.outputs; o++) {
    for (size_t i = 0; i < layer.inputs; i++) {
      float &one = weights[o * layer.inputs + i], &other = packed[layer.place(o, i)];
      (read ? one : other) = read ? other : one;
    }
    float &one = biases[o], &other = packed[layer.weights() + o];
    (read ? one : other) = read ? other : one;
  }
}

// Trains; the number of steps done, less than all where a loss was not finite.
int64_t HeadTrain(const head::Call *call) {
  const head::Call &c = *call;
  const float momentum = static_cast<float>(c.momentum);
  switch (c.rule) {
    case head::kMomentum:
      return head::train<head::Momentum>(
          c, [&](int64_t i) { return head::Momentum{c.lr[i], momentum}; });
    case head::kPlain:
      return head::train<head::Plain>(c, [&](int64_t i) { return head::Plain{c.lr[i]}; });
    case head::kAdam:
      return head::train<head::Adam>(c, [&](int64_t i) {
        c.powers[0] *= 0.9f;
        c.powers[1] *= 0.999f;
        return head::Adam{c.lr[i] * std::sqrt(1 - c.powers[1]) / (1 - c.powers[0])};
      });
    case head::kAdamW:
      return head::train<head::AdamW>(c, [&](int64_t i) { return head::AdamW{c.lr[i]}; });
    default:
      return head::train<head::RmsProp>(
          c, [&](int64_t i) { return head::RmsProp{c.lr[i], momentum}; });
  }
}

// logits (rows, classes) of features (rows, widths[0]), in inference mode.
void HeadLogits(int64_t layers, const int64_t *widths, int64_t activation, const float *state,
                const float *features, int64_t rows, int64_t threads, float *logits) {
  constexpr int64_t kRows = 64;  // of a block
  const head::Head head(layers, widths);
  const size_t n = head.layers.back().outputs, ld = head::leading(n);
  const size_t width = widths[0], ldx = head::leading(width);
#pragma omp parallel num_threads(static_cast<int>(threads))
  {
    const head::Maps maps(head, kRows);
#pragma omp for
    for (int64_t start = 0; start < rows; start += kRows) {
      const size_t count = std::min(kRows, rows - start);
      for (size_t r = 0; r < count; r++) {
        std::memcpy(maps.input[0] + r * ldx, features + (start + r) * width,
                    width * sizeof(float));
      }
      head::forward(head, state, static_cast<head::Activation>(activation), maps, false, 0, count);
      for (size_t r = 0; r < count; r++) {
        std::memcpy(logits + (start + r) * n, maps.output.back() + r * ld, n * sizeof(float));
      }
    }
  }
}

// The draws that a step's dropout is made of, as whole numbers of 2^-24: for the tests.
void HeadDraws(const uint32_t *entropy, int64_t words, int64_t step, int64_t first, int64_t count,
               uint32_t *numbers) {
  head::Draws draws({entropy, static_cast<size_t>(words), static_cast<uint32_t>(step)}, first);
  draws.take(numbers, count);
  for (int64_t i = 0; i < count; i++) numbers[i] >>= head::kUnused;
}
}
