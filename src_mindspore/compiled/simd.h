// Vectors of floats, as long as the processor's, and memory that a thread keeps between calls.
//
// GCC's vector extension does the arithmetic: one source is AVX-512, AVX2 or NEON code. Only `fma`,
// and for AVX-512 the loads and stores of part of a vector, are written by hand.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <new>
#if defined(__FMA__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

namespace kernels {

#if defined(__AVX512F__)
constexpr size_t kLanes = 16;
#else
constexpr size_t kLanes = 8;
#endif
typedef float vec __attribute__((vector_size(kLanes * sizeof(float))));

inline size_t rounded(size_t channels) { return (channels + kLanes - 1) / kLanes * kLanes; }

inline vec load(const float *from) {
  vec v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

inline void store(float *to, vec v) { std::memcpy(to, &v, sizeof v); }

inline vec all(float value) { return vec{} + value; }

// a * b + c, rounded once where the processor can. Left to the compiler, it depends on the loop that
// it stands in: GCC avoids chains of them for AMD's processors, in some tiles and not in others, and
// a row's result would depend on how many rows a thread has.
inline vec fma(vec a, vec b, vec c) {
#if defined(__AVX512F__)
  return (vec)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
  return (vec)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
  return a * b + c;
#endif
}

// The first lanes of a vector: all of them, or those that the last channels fill.
class Lanes {
 public:
#if defined(__AVX512F__)
  explicit Lanes(size_t count)
      : mask_(count >= kLanes ? 0xffff : static_cast<__mmask16>((1u << count) - 1)) {}
  vec load(const float *from) const { return (vec)_mm512_maskz_loadu_ps(mask_, from); }
  void store(float *to, vec v) const { _mm512_mask_storeu_ps(to, mask_, (__m512)v); }

 private:
  __mmask16 mask_;
#else
  explicit Lanes(size_t count) : count_(count < kLanes ? count : kLanes) {}
  vec load(const float *from) const {
    if (count_ == kLanes) return kernels::load(from);
    vec v = {};
    for (size_t i = 0; i < count_; i++) v[i] = from[i];
    return v;
  }
  void store(float *to, vec v) const {
    if (count_ == kLanes) return kernels::store(to, v);
    for (size_t i = 0; i < count_; i++) to[i] = v[i];
  }

 private:
  size_t count_;
#endif
};

inline vec relu6(vec v) {
  const vec low = {}, high = all(6);
  v = v > low ? v : low;
  return v < high ? v : high;
}

// The gradient of ReLU6: `v` where its output `y` is inside 0..6, and 0 elsewhere.
inline vec relu6_gradient(vec v, vec y) {
  const vec zero = {};
  v = y > zero ? v : zero;
  return y < all(6) ? v : zero;
}

// Floats, aligned to a cache line, that only grow. One that is `thread_local` spares a fresh
// mapping, and so a page fault every 4 KiB, at every call.
class Buffer {
 public:
  Buffer() = default;
  Buffer(const Buffer &) = delete;
  Buffer &operator=(const Buffer &) = delete;
  ~Buffer() { std::free(data_); }

  // At least `count` floats; what they hold is not defined.
  float *get(size_t count) {
    if (count > size_) {
      std::free(data_);
      size_ = 0;
      data_ = static_cast<float *>(std::aligned_alloc(64, (count * sizeof(float) + 63) / 64 * 64));
      if (data_ == nullptr) throw std::bad_alloc();
      size_ = count;
    }
    return data_;
  }

  float *zeros(size_t count) {
    float *data = get(count);
    std::memset(data, 0, count * sizeof(float));
    return data;
  }

 private:
  float *data_ = nullptr;
  size_t size_ = 0;
};

}  // namespace kernels
