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

// The generator's outputs from number `first` of the stream's floats on. Four states are kept, each
// four steps ahead of itself at every turn: one alone would wait for its multiplications.
class Draws {
 public:
  Draws(const SeedSequence &seed, uint64_t first) {
    uint64_t words[4];
    seed.state(words, 4);
    const Word increment = wide(words[2], words[3]) << 1 | 1;
    Word state = (increment + wide(words[0], words[1])) * kFactor + increment;
    // a step taken twice is a step with another factor and another increment
    Word factor = kFactor, added = increment;
    for (uint64_t steps = first / 2; steps > 0; steps >>= 1) {
      if (steps & 1) state = state * factor + added;
      added *= factor + 1;
      factor *= factor;
    }
    for (Word &one : states_) one = state = state * kFactor + increment;
    increment_ = ((increment * (kFactor + 1)) * (kFactor * kFactor + 1));
    refill(rest_);
    used_ = first % 2;
  }

  // The next `count` draws of 32 bits.
  void take(uint32_t *to, size_t count) {
    for (; count > 0 && used_ < kBlock; count--) *to++ = rest_[used_++];
    for (; count >= kBlock; count -= kBlock, to += kBlock) refill(to);
    if (count == 0) return;
    refill(rest_);
    for (used_ = 0; used_ < count;) *to++ = rest_[used_++];
  }

 private:
  static constexpr Word kFactor = wide(0x2360ed051fc65da4, 0x4385df649fccf645);
  static constexpr Word kLeap = kFactor * kFactor * kFactor * kFactor;
  static constexpr size_t kStates = 4, kBlock = 2 * kStates;

  void refill(uint32_t *to) {
    for (size_t i = 0; i < kStates; i++) {
      Word &state = states_[i];
      const uint64_t mixed = static_cast<uint64_t>(state >> 64) ^ static_cast<uint64_t>(state);
      const unsigned turn = static_cast<unsigned>(state >> 122);
      const uint64_t output = mixed >> turn | mixed << (-turn & 63);
      to[2 * i] = static_cast<uint32_t>(output);
      to[2 * i + 1] = static_cast<uint32_t>(output >> 32);
      state = state * kLeap + increment_;
    }
  }

  Word states_[kStates], increment_;
  uint32_t rest_[kBlock];
  size_t used_;
};

constexpr int kUnused = 8;  // bits of a draw: a float is the others divided by 2^24

}  // namespace head
