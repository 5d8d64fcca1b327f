// The dropout draws of a step, bit for bit those of
// `numpy.random.default_rng([*entropy, step]).random((rows, width), numpy.float32)`.
//
// NumPy promises that these streams stay as they are: SeedSequence is the seeding of M. E. O'Neill
// ("Developing a seed_seq Alternative", 2015) over a pool of four words, PCG64 her generator of 128
// bits with the output XSL-RR (HMC-CS-2014-0905). A float takes 24 bits of one half of an output,
// the lower half first.
#pragma once

#include <cstddef>
#include <cstdint>

namespace head {

using Word = unsigned __int128;

constexpr Word wide(uint64_t high, uint64_t low) { return static_cast<Word>(high) << 64 | low; }

class SeedSequence {
 public:
  // Hashes `count` words and `last`.
  SeedSequence(const uint32_t *words, size_t count, uint32_t last) {
    const auto word = [&](size_t i) { return i < count ? words[i] : i == count ? last : 0u; };
    for (size_t i = 0; i < kPool; i++) pool_[i] = hashed(word(i));
    for (size_t from = 0; from < kPool; from++) {
      for (size_t to = 0; to < kPool; to++) {
        if (from != to) pool_[to] = mixed(pool_[to], hashed(pool_[from]));
      }
    }
    for (size_t i = kPool; i <= count; i++) {
      for (size_t to = 0; to < kPool; to++) pool_[to] = mixed(pool_[to], hashed(word(i)));
    }
  }

  // The first `count` words of 64 bits.
  void state(uint64_t *to, size_t count) const {
    uint32_t constant = 0x8b51f9dd;
    for (size_t i = 0; i < 2 * count; i++) {
      uint32_t value = pool_[i % kPool] ^ constant;
      constant *= 0x58f38ded;
      value *= constant;
      value ^= value >> 16;
      to[i / 2] = i % 2 ? to[i / 2] | static_cast<uint64_t>(value) << 32 : value;
    }
  }

 private:
  static constexpr size_t kPool = 4;

  uint32_t hashed(uint32_t value) {
    value ^= constant_;
    constant_ *= 0x931e8875;
    value *= constant_;
    return value ^ value >> 16;
  }

  static uint32_t mixed(uint32_t x, uint32_t y) {
    const uint32_t value = 0xca01f9ddu * x - 0x4973f715u * y;
    return value ^ value >> 16;
  }

  uint32_t constant_ = 0x43b0d7e5;
  uint32_t pool_[kPool];
};

class Pcg64 {
 public:
  explicit Pcg64(const SeedSequence &seed) {
    uint64_t words[4];
    seed.state(words, 4);
    increment_ = wide(words[2], words[3]) << 1 | 1;
    state_ = (increment_ + wide(words[0], words[1])) * kFactor + increment_;
  }

  uint64_t next() {
    state_ = state_ * kFactor + increment_;
    const uint64_t value = static_cast<uint64_t>(state_ >> 64) ^ static_cast<uint64_t>(state_);
    const unsigned turn = static_cast<unsigned>(state_ >> 122);
    return value >> turn | value << (-turn & 63);
  }

  // As `steps` calls of next: the step taken twice is a step with another factor and increment.
  void skip(uint64_t steps) {
    Word factor = kFactor, increment = increment_;
    for (; steps > 0; steps >>= 1) {
      if (steps & 1) state_ = state_ * factor + increment;
      increment *= factor + 1;
      factor *= factor;
    }
  }

 private:
  static constexpr Word kFactor = wide(0x2360ed051fc65da4, 0x4385df649fccf645);

  Word state_, increment_;
};

// Numbers first..first+count-1 of the stream, as integers below 2^24: the floats are these divided
// by 2^24. Four places of the stream are walked at once: one alone waits for its multiplications.
template <class To>
inline void draw(const Pcg64 &from, size_t first, size_t count, const To &to) {
  constexpr size_t kPlaces = 4;
  constexpr int kDropped = 8;  // bits, of 32
  size_t i = 0;
  Pcg64 start = from;
  start.skip(first / 2);
  if (first % 2 && count > 0) to(i++, static_cast<uint32_t>(start.next() >> 32) >> kDropped);
  const size_t each = (count - i) / 2 / kPlaces;
  Pcg64 place[kPlaces] = {start, start, start, start};
  for (size_t p = 0; p < kPlaces; p++) place[p].skip(p * each);
  for (size_t k = 0; k < each; k++, i += 2) {
    for (size_t p = 0; p < kPlaces; p++) {
      const uint64_t both = place[p].next();
      to(i + 2 * p * each, static_cast<uint32_t>(both) >> kDropped);
      to(i + 2 * p * each + 1, static_cast<uint32_t>(both >> 32) >> kDropped);
    }
  }
  i += 2 * (kPlaces - 1) * each;
  for (Pcg64 &rest = place[kPlaces - 1]; i < count; i += 2) {
    const uint64_t both = rest.next();
    to(i, static_cast<uint32_t>(both) >> kDropped);
    if (i + 1 < count) to(i + 1, static_cast<uint32_t>(both >> 32) >> kDropped);
  }
}

}  // namespace head
