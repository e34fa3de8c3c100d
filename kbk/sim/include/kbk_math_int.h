// Integer intrinsics: bit counting, permutation, wide products, averages, funnel shifts, packed dot products.
// https://docs.nvidia.com/cuda/cuda-math-api/cuda_math_api/group__CUDA__MATH__INTRINSIC__INT.html
#pragma once

#include <cstdint>

#include "vector_types.h"

inline int __popc(unsigned int x) { return __builtin_popcount(x); }
inline int __popcll(unsigned long long x) { return __builtin_popcountll(x); }
inline int __clz(int x) { return x == 0 ? 32 : __builtin_clz(static_cast<unsigned int>(x)); }
inline int __clzll(long long x) { return x == 0 ? 64 : __builtin_clzll(static_cast<unsigned long long>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __ffsll(long long x) { return __builtin_ffsll(x); }

inline unsigned int __brev(unsigned int x) {
  x = ((x >> 1) & 0x55555555u) | ((x & 0x55555555u) << 1);
  x = ((x >> 2) & 0x33333333u) | ((x & 0x33333333u) << 2);
  x = ((x >> 4) & 0x0f0f0f0fu) | ((x & 0x0f0f0f0fu) << 4);
  return __builtin_bswap32(x);
}
inline unsigned long long __brevll(unsigned long long x) {
  return (static_cast<unsigned long long>(__brev(static_cast<unsigned int>(x))) << 32) |
         __brev(static_cast<unsigned int>(x >> 32));
}

// Picks four of the eight bytes of y:x; the low three bits of each nibble of s name one.
inline unsigned int __byte_perm(unsigned int x, unsigned int y, unsigned int s) {
  const uint64_t bytes = (static_cast<uint64_t>(y) << 32) | x;
  unsigned int result = 0;
  for (int i = 0; i < 4; ++i) {
    const unsigned int selector = (s >> (4 * i)) & 7u;
    result |= static_cast<unsigned int>((bytes >> (8 * selector)) & 0xffu) << (8 * i);
  }
  return result;
}

// Position of the offset-th set bit of mask, counted from bit `base` upwards (offset > 0) or downwards (< 0).
inline unsigned int __fns(unsigned int mask, unsigned int base, int offset) {
  const int step = offset < 0 ? -1 : 1;
  int left = offset < 0 ? -offset : offset;
  if (left == 0) return base < 32 && ((mask >> base) & 1u) ? base : 0xffffffffu;
  for (int bit = static_cast<int>(base); bit >= 0 && bit < 32; bit += step) {
    if (((mask >> bit) & 1u) && --left == 0) return static_cast<unsigned int>(bit);
  }
  return 0xffffffffu;
}

inline int __mulhi(int x, int y) { return static_cast<int>((static_cast<int64_t>(x) * y) >> 32); }
inline unsigned int __umulhi(unsigned int x, unsigned int y) {
  return static_cast<unsigned int>((static_cast<uint64_t>(x) * y) >> 32);
}
inline long long __mul64hi(long long x, long long y) {
  return static_cast<long long>((static_cast<__int128>(x) * y) >> 64);
}
inline unsigned long long __umul64hi(unsigned long long x, unsigned long long y) {
  return static_cast<unsigned long long>((static_cast<unsigned __int128>(x) * y) >> 64);
}

// Low 32 bits of the product of the low 24 bits.
inline int __mul24(int x, int y) {
  const int64_t a = static_cast<int>(static_cast<unsigned int>(x) << 8) >> 8;
  const int64_t b = static_cast<int>(static_cast<unsigned int>(y) << 8) >> 8;
  return static_cast<int>(a * b);
}
inline unsigned int __umul24(unsigned int x, unsigned int y) { return (x & 0xffffffu) * (y & 0xffffffu); }

inline unsigned int __sad(int x, int y, unsigned int z) {
  const int64_t difference = static_cast<int64_t>(x) - y;
  return static_cast<unsigned int>(difference < 0 ? -difference : difference) + z;
}
inline unsigned int __usad(unsigned int x, unsigned int y, unsigned int z) { return (x > y ? x - y : y - x) + z; }

inline int __hadd(int x, int y) { return static_cast<int>((static_cast<int64_t>(x) + y) >> 1); }
inline int __rhadd(int x, int y) { return static_cast<int>((static_cast<int64_t>(x) + y + 1) >> 1); }
inline unsigned int __uhadd(unsigned int x, unsigned int y) {
  return static_cast<unsigned int>((static_cast<uint64_t>(x) + y) >> 1);
}
inline unsigned int __urhadd(unsigned int x, unsigned int y) {
  return static_cast<unsigned int>((static_cast<uint64_t>(x) + y + 1) >> 1);
}

// Shifts of the 64-bit word hi:lo; l and r take the shift modulo 32, lc and rc clamp it to 32.
namespace kbk::num {
inline uint64_t hi_lo(unsigned int hi, unsigned int lo) { return (static_cast<uint64_t>(hi) << 32) | lo; }
}  // namespace kbk::num
inline unsigned int __funnelshift_l(unsigned int lo, unsigned int hi, unsigned int shift) {
  return static_cast<unsigned int>((kbk::num::hi_lo(hi, lo) << (shift & 31u)) >> 32);
}
inline unsigned int __funnelshift_lc(unsigned int lo, unsigned int hi, unsigned int shift) {
  return static_cast<unsigned int>((kbk::num::hi_lo(hi, lo) << (shift < 32u ? shift : 32u)) >> 32);
}
inline unsigned int __funnelshift_r(unsigned int lo, unsigned int hi, unsigned int shift) {
  return static_cast<unsigned int>(kbk::num::hi_lo(hi, lo) >> (shift & 31u));
}
inline unsigned int __funnelshift_rc(unsigned int lo, unsigned int hi, unsigned int shift) {
  return static_cast<unsigned int>(kbk::num::hi_lo(hi, lo) >> (shift < 32u ? shift : 32u));
}

// Products of packed bytes (dp4a), or of halfwords with the low or high two bytes (dp2a), summed onto c.
inline int __dp4a(int a, int b, int c) {
  unsigned int sum = static_cast<unsigned int>(c);
  for (int i = 0; i < 32; i += 8) {
    sum += static_cast<unsigned int>(static_cast<int8_t>(a >> i) * static_cast<int8_t>(b >> i));
  }
  return static_cast<int>(sum);
}
inline unsigned int __dp4a(unsigned int a, unsigned int b, unsigned int c) {
  for (int i = 0; i < 32; i += 8) c += ((a >> i) & 0xffu) * ((b >> i) & 0xffu);
  return c;
}
inline int __dp4a(char4 a, char4 b, int c) {
  return static_cast<int>(static_cast<unsigned int>(c) +
                          static_cast<unsigned int>(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w));
}
inline unsigned int __dp4a(uchar4 a, uchar4 b, unsigned int c) {
  return c + static_cast<unsigned int>(a.x * b.x + a.y * b.y + a.z * b.z + a.w * b.w);
}

inline int __dp2a_lo(int a, int b, int c) {
  const int products = static_cast<int16_t>(a) * static_cast<int8_t>(b) +
                       static_cast<int16_t>(a >> 16) * static_cast<int8_t>(b >> 8);
  return static_cast<int>(static_cast<unsigned int>(c) + static_cast<unsigned int>(products));
}
inline unsigned int __dp2a_lo(unsigned int a, unsigned int b, unsigned int c) {
  return c + (a & 0xffffu) * (b & 0xffu) + (a >> 16) * ((b >> 8) & 0xffu);
}
inline int __dp2a_hi(int a, int b, int c) { return __dp2a_lo(a, b >> 16, c); }
inline unsigned int __dp2a_hi(unsigned int a, unsigned int b, unsigned int c) { return __dp2a_lo(a, b >> 16, c); }
inline int __dp2a_lo(short2 a, char4 b, int c) {
  return static_cast<int>(static_cast<unsigned int>(c) + static_cast<unsigned int>(a.x * b.x + a.y * b.y));
}
inline unsigned int __dp2a_lo(ushort2 a, uchar4 b, unsigned int c) {
  return c + static_cast<unsigned int>(a.x) * b.x + static_cast<unsigned int>(a.y) * b.y;
}
inline int __dp2a_hi(short2 a, char4 b, int c) {
  return static_cast<int>(static_cast<unsigned int>(c) + static_cast<unsigned int>(a.x * b.z + a.y * b.w));
}
inline unsigned int __dp2a_hi(ushort2 a, uchar4 b, unsigned int c) {
  return c + static_cast<unsigned int>(a.x) * b.z + static_cast<unsigned int>(a.y) * b.w;
}
