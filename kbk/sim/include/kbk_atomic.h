// Atomics on global and shared memory. CUDA C++ Programming Guide, "Atomic Functions". All are relaxed, as on the GPU.
// Each tells the runtime what it saw, so that a thread that waits in a loop for another one lets it run.
#pragma once

#include <cstdint>
#include <cstring>

#include "cuda_bf16.h"
#include "cuda_fp16.h"
#include "kbk_runtime.h"
#include "kbk_warp.h"

namespace kbk {

// What an atomic operation returns.
template <class T>
inline T given_back(const volatile void* address, T old) {
#ifdef KBK_TRACED
  const std::uint64_t bits = atomic_used(address, to_bits(old));
  T same;
  std::memcpy(static_cast<void*>(&same), &bits, sizeof same);
  return same;
#else
  (void)address;
  return old;
#endif
}

#ifdef KBK_TRACED
#define KBK_NEXT_ATOMIC(condition, what) \
  if (condition) kbk::next_atomic(kbk::NextAtomic::what)
#define KBK_ALWAYS_USED(address) kbk::atomic_always_used(address)
#else
#define KBK_NEXT_ATOMIC(condition, what) (void)0
#define KBK_ALWAYS_USED(address) (void)0
#endif

// Compare-and-swap loop on the bits of T: `change` maps the old value to the new one. Returns the old value.
template <class Word, class T, class Change>
inline T atomic_change(T* address, Change change) {
  static_assert(sizeof(Word) == sizeof(T), "kbk: atomics are as wide as their word");
  auto* word = reinterpret_cast<Word*>(address);
#ifdef KBK_TRACED
  auto seen = static_cast<Word>(untold_load(word, sizeof(Word)));  // one access is told: the exchange
#else
  Word seen = __atomic_load_n(word, __ATOMIC_RELAXED);
#endif
  Word next;
  T old;
  do {
    std::memcpy(static_cast<void*>(&old), &seen, sizeof old);
    const T changed = change(old);
    std::memcpy(&next, static_cast<const void*>(&changed), sizeof next);
  } while (!__atomic_compare_exchange_n(word, &seen, next, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  poll(address, to_bits(old));
  return given_back(address, old);
}

template <class T>
inline T seen_by(const volatile void* address, T old) {
  poll(address, static_cast<std::uint64_t>(old));
  return given_back(address, old);
}

}  // namespace kbk

#define KBK_ATOMIC_SCOPES(define) define() define(_block) define(_system)

// int, unsigned, unsigned long long: add, exch, and, or, xor by the processor's instructions; the rest by
// compare-and-swap.
#define KBK_INTEGER(T, Word, scope)                                                                                  \
  inline T atomicAdd##scope(T* p, T v) {                                                                             \
    KBK_NEXT_ATOMIC(__builtin_constant_p(v) && v == 1, kIncrement);                                                  \
    return kbk::seen_by(p, __atomic_fetch_add(p, v, __ATOMIC_RELAXED));                                              \
  }                                                                                                                  \
  inline T atomicExch##scope(T* p, T v) { return kbk::seen_by(p, __atomic_exchange_n(p, v, __ATOMIC_RELAXED)); }     \
  inline T atomicAnd##scope(T* p, T v) { return kbk::seen_by(p, __atomic_fetch_and(p, v, __ATOMIC_RELAXED)); }       \
  inline T atomicOr##scope(T* p, T v) { return kbk::seen_by(p, __atomic_fetch_or(p, v, __ATOMIC_RELAXED)); }         \
  inline T atomicXor##scope(T* p, T v) { return kbk::seen_by(p, __atomic_fetch_xor(p, v, __ATOMIC_RELAXED)); }       \
  inline T atomicCAS##scope(T* p, T expected, T v) {                                                                 \
    KBK_NEXT_ATOMIC(true, kSwap);                                                                                    \
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);                         \
    return kbk::seen_by(p, expected);                                                                                \
  }                                                                                                                  \
  KBK_MIN_MAX(T, Word, scope)
#define KBK_MIN_MAX(T, Word, scope)                                                                                  \
  inline T atomicMin##scope(T* p, T v) {                                                                             \
    return kbk::atomic_change<Word>(p, [v](T old) { return v < old ? v : old; });                                    \
  }                                                                                                                  \
  inline T atomicMax##scope(T* p, T v) {                                                                             \
    return kbk::atomic_change<Word>(p, [v](T old) { return v > old ? v : old; });                                    \
  }
#define KBK_FLOATING(T, Word, scope)                                                                                 \
  inline T atomicAdd##scope(T* p, T v) {                                                                             \
    return kbk::atomic_change<Word>(p, [v](T old) { return static_cast<T>(old + v); });                              \
  }
// Two halves: nvcc has no reduction for them.
#define KBK_PACKED(T, scope)                                                                                         \
  inline T atomicAdd##scope(T* p, T v) {                                                                             \
    const T old = kbk::atomic_change<std::uint32_t>(p, [v](T before) { return static_cast<T>(before + v); });        \
    KBK_ALWAYS_USED(p);                                                                                              \
    return old;                                                                                                      \
  }

#define KBK_DEFINE(scope)                                                                                            \
  KBK_INTEGER(int, std::uint32_t, scope)                                                                             \
  KBK_INTEGER(unsigned, std::uint32_t, scope)                                                                        \
  KBK_INTEGER(unsigned long long, std::uint64_t, scope)                                                              \
  KBK_MIN_MAX(long long, std::uint64_t, scope)                                                                       \
  inline long long atomicAnd##scope(long long* p, long long v) {                                                     \
    return kbk::seen_by(p, __atomic_fetch_and(p, v, __ATOMIC_RELAXED));                                              \
  }                                                                                                                  \
  inline long long atomicOr##scope(long long* p, long long v) {                                                      \
    return kbk::seen_by(p, __atomic_fetch_or(p, v, __ATOMIC_RELAXED));                                               \
  }                                                                                                                  \
  inline long long atomicXor##scope(long long* p, long long v) {                                                     \
    return kbk::seen_by(p, __atomic_fetch_xor(p, v, __ATOMIC_RELAXED));                                              \
  }                                                                                                                  \
  inline int atomicSub##scope(int* p, int v) { return kbk::seen_by(p, __atomic_fetch_sub(p, v, __ATOMIC_RELAXED)); } \
  inline unsigned atomicSub##scope(unsigned* p, unsigned v) {                                                        \
    return kbk::seen_by(p, __atomic_fetch_sub(p, v, __ATOMIC_RELAXED));                                              \
  }                                                                                                                  \
  inline unsigned atomicInc##scope(unsigned* p, unsigned v) {                                                        \
    return kbk::atomic_change<std::uint32_t>(p, [v](unsigned old) { return old >= v ? 0u : old + 1; });              \
  }                                                                                                                  \
  inline unsigned atomicDec##scope(unsigned* p, unsigned v) {                                                        \
    return kbk::atomic_change<std::uint32_t>(p, [v](unsigned old) { return old == 0 || old > v ? v : old - 1; });    \
  }                                                                                                                  \
  inline float atomicExch##scope(float* p, float v) {                                                                \
    return kbk::atomic_change<std::uint32_t>(p, [v](float) { return v; });                                           \
  }                                                                                                                  \
  KBK_FLOATING(float, std::uint32_t, scope)                                                                          \
  KBK_FLOATING(double, std::uint64_t, scope)                                                                         \
  KBK_FLOATING(__half, std::uint16_t, scope)                                                                         \
  KBK_PACKED(__half2, scope)                                                                                         \
  KBK_FLOATING(__nv_bfloat16, std::uint16_t, scope)                                                                  \
  KBK_PACKED(__nv_bfloat162, scope)                                                                                  \
  inline unsigned short atomicCAS##scope(unsigned short* p, unsigned short expected, unsigned short v) {             \
    KBK_NEXT_ATOMIC(true, kSwap);                                                                                    \
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);                         \
    return kbk::seen_by(p, expected);                                                                                \
  }
KBK_ATOMIC_SCOPES(KBK_DEFINE)
#undef KBK_DEFINE
#undef KBK_FLOATING
#undef KBK_PACKED
#undef KBK_MIN_MAX
#undef KBK_INTEGER
#undef KBK_ATOMIC_SCOPES

// sm_90: each component is added by itself.
inline float2 atomicAdd(float2* p, float2 v) { return make_float2(atomicAdd(&p->x, v.x), atomicAdd(&p->y, v.y)); }
inline float4 atomicAdd(float4* p, float4 v) {
  return make_float4(atomicAdd(&p->x, v.x), atomicAdd(&p->y, v.y), atomicAdd(&p->z, v.z), atomicAdd(&p->w, v.w));
}
