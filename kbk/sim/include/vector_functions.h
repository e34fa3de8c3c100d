// make_float4 and its family: one constructor function per built-in vector type.
#pragma once

#include "vector_types.h"

#define KBK_MAKE_123(name, T)                                                        \
  inline name##1 make_##name##1(T x) { return name##1{x}; }                          \
  inline name##2 make_##name##2(T x, T y) { return name##2{x, y}; }                  \
  inline name##3 make_##name##3(T x, T y, T z) { return name##3{x, y, z}; }
#define KBK_MAKE_4(Name, T) \
  inline Name make_##Name(T x, T y, T z, T w) { return Name{x, y, z, w}; }
#define KBK_MAKE(name, T) KBK_MAKE_123(name, T) KBK_MAKE_4(name##4, T)
#define KBK_MAKE_WIDE(name, T) \
  KBK_MAKE(name, T) KBK_MAKE_4(name##4_16a, T) KBK_MAKE_4(name##4_32a, T)

KBK_MAKE(char, signed char)
KBK_MAKE(uchar, unsigned char)
KBK_MAKE(short, short)
KBK_MAKE(ushort, unsigned short)
KBK_MAKE(int, int)
KBK_MAKE(uint, unsigned int)
KBK_MAKE_WIDE(long, long)
KBK_MAKE_WIDE(ulong, unsigned long)
KBK_MAKE_WIDE(longlong, long long)
KBK_MAKE_WIDE(ulonglong, unsigned long long)
KBK_MAKE(float, float)
KBK_MAKE_WIDE(double, double)

#undef KBK_MAKE_123
#undef KBK_MAKE_4
#undef KBK_MAKE
#undef KBK_MAKE_WIDE
