// CUDA's built-in vector types, with CUDA's sizes and alignments.
// https://docs.nvidia.com/cuda/cuda-c-programming-guide/#built-in-vector-types
//
// Plain build: aggregates. Traced build: types of 2, 4, 8, 16 and 32 bytes copy as a whole (kbk_whole_move.h).
#pragma once

#include "kbk_whole_move.h"

#define KBK_VECTOR_1(Name, T) \
  struct Name {               \
    T x;                      \
  };

#define KBK_VECTOR_3(Name, T) \
  struct Name {               \
    T x, y, z;                \
  };

#ifdef KBK_TRACED
#define KBK_VECTOR_2(Name, T, align)                                     \
  struct alignas(align) Name {                                           \
    T x, y;                                                              \
    Name() = default;                                                    \
    constexpr Name(T x_, T y_ = 0) : x(x_), y(y_) {}                   \
    KBK_VECTOR_MOVES(Name, 2 * sizeof(T))                                \
  };
#define KBK_VECTOR_4(Name, T, align)                                     \
  struct alignas(align) Name {                                           \
    T x, y, z, w;                                                        \
    Name() = default;                                                    \
    constexpr Name(T x_, T y_ = 0, T z_ = 0, T w_ = 0)             \
        : x(x_), y(y_), z(z_), w(w_) {}                                  \
    KBK_VECTOR_MOVES(Name, 4 * sizeof(T))                                \
  };
#else
#define KBK_VECTOR_2(Name, T, align) \
  struct alignas(align) Name {       \
    T x, y;                          \
  };
#define KBK_VECTOR_4(Name, T, align) \
  struct alignas(align) Name {       \
    T x, y, z, w;                    \
  };
#endif

KBK_VECTOR_1(char1, signed char)
KBK_VECTOR_2(char2, signed char, 2)
KBK_VECTOR_3(char3, signed char)
KBK_VECTOR_4(char4, signed char, 4)
KBK_VECTOR_1(uchar1, unsigned char)
KBK_VECTOR_2(uchar2, unsigned char, 2)
KBK_VECTOR_3(uchar3, unsigned char)
KBK_VECTOR_4(uchar4, unsigned char, 4)
KBK_VECTOR_1(short1, short)
KBK_VECTOR_2(short2, short, 4)
KBK_VECTOR_3(short3, short)
KBK_VECTOR_4(short4, short, 8)
KBK_VECTOR_1(ushort1, unsigned short)
KBK_VECTOR_2(ushort2, unsigned short, 4)
KBK_VECTOR_3(ushort3, unsigned short)
KBK_VECTOR_4(ushort4, unsigned short, 8)
KBK_VECTOR_1(int1, int)
KBK_VECTOR_2(int2, int, 8)
KBK_VECTOR_3(int3, int)
KBK_VECTOR_4(int4, int, 16)
KBK_VECTOR_1(uint1, unsigned int)
KBK_VECTOR_2(uint2, unsigned int, 8)
KBK_VECTOR_3(uint3, unsigned int)
KBK_VECTOR_4(uint4, unsigned int, 16)
KBK_VECTOR_1(long1, long)
KBK_VECTOR_2(long2, long, 16)
KBK_VECTOR_3(long3, long)
KBK_VECTOR_4(long4, long, 16)
KBK_VECTOR_4(long4_16a, long, 16)
KBK_VECTOR_4(long4_32a, long, 32)
KBK_VECTOR_1(ulong1, unsigned long)
KBK_VECTOR_2(ulong2, unsigned long, 16)
KBK_VECTOR_3(ulong3, unsigned long)
KBK_VECTOR_4(ulong4, unsigned long, 16)
KBK_VECTOR_4(ulong4_16a, unsigned long, 16)
KBK_VECTOR_4(ulong4_32a, unsigned long, 32)
KBK_VECTOR_1(longlong1, long long)
KBK_VECTOR_2(longlong2, long long, 16)
KBK_VECTOR_3(longlong3, long long)
KBK_VECTOR_4(longlong4, long long, 16)
KBK_VECTOR_4(longlong4_16a, long long, 16)
KBK_VECTOR_4(longlong4_32a, long long, 32)
KBK_VECTOR_1(ulonglong1, unsigned long long)
KBK_VECTOR_2(ulonglong2, unsigned long long, 16)
KBK_VECTOR_3(ulonglong3, unsigned long long)
KBK_VECTOR_4(ulonglong4, unsigned long long, 16)
KBK_VECTOR_4(ulonglong4_16a, unsigned long long, 16)
KBK_VECTOR_4(ulonglong4_32a, unsigned long long, 32)
KBK_VECTOR_1(float1, float)
KBK_VECTOR_2(float2, float, 8)
KBK_VECTOR_3(float3, float)
KBK_VECTOR_4(float4, float, 16)
KBK_VECTOR_1(double1, double)
KBK_VECTOR_2(double2, double, 16)
KBK_VECTOR_3(double3, double)
KBK_VECTOR_4(double4, double, 16)
KBK_VECTOR_4(double4_16a, double, 16)
KBK_VECTOR_4(double4_32a, double, 32)

#undef KBK_VECTOR_1
#undef KBK_VECTOR_2
#undef KBK_VECTOR_3
#undef KBK_VECTOR_4

// Extent of a grid or block: what is not given is 1.
struct dim3 {
  unsigned int x, y, z;
  constexpr dim3(unsigned int x_ = 1, unsigned int y_ = 1, unsigned int z_ = 1) : x(x_), y(y_), z(z_) {}
  constexpr dim3(uint3 v) : x(v.x), y(v.y), z(v.z) {}
  constexpr operator uint3() const { return uint3{x, y, z}; }
};
