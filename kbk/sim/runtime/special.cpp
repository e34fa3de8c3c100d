// Functions of mathematics that kernels of a traced build call: counted, then computed by the C library. The unit is linked with
// --wrap=expf and so on (kbk/sim/compile_flags.py).
#include <cmath>

#include "trace.h"

#if defined(__linux__)

#define KBK_COUNT(what) \
  if (kbk::watched()) kbk::trace_special(kbk::Special::what, __builtin_return_address(0))

#define KBK_SPECIAL_OF(T, name, what) \
  KBK_API T __wrap_##name(T x) {      \
    KBK_COUNT(what);                  \
    return ::name(x);                 \
  }
#define KBK_SPECIAL(name, what)        \
  KBK_SPECIAL_OF(double, name, what)   \
  KBK_SPECIAL_OF(float, name##f, what)
#define KBK_SINCOS(T, name)                  \
  KBK_API void __wrap_##name(T x, T* s, T* c) { \
    KBK_COUNT(kSinCos);                      \
    KBK_COUNT(kSinCos);                      \
    ::name(x, s, c);                         \
  }
#define KBK_POW(T, name)                \
  KBK_API T __wrap_##name(T x, T y) {   \
    KBK_COUNT(kPow);                    \
    return ::name(x, y);                \
  }

extern "C" {
KBK_SPECIAL(exp, kExp)
KBK_SPECIAL(exp2, kExp)
KBK_SPECIAL(exp10, kExp)
KBK_SPECIAL(expm1, kExp)
KBK_SPECIAL(log, kLog)
KBK_SPECIAL(log2, kLog)
KBK_SPECIAL(log10, kLog)
KBK_SPECIAL(log1p, kLog)
KBK_SPECIAL(sin, kSinCos)
KBK_SPECIAL(cos, kSinCos)
KBK_SPECIAL(tan, kSinCos)
KBK_SPECIAL(tanh, kTanh)
KBK_SPECIAL(sinh, kOther)
KBK_SPECIAL(cosh, kOther)
KBK_SPECIAL(asin, kOther)
KBK_SPECIAL(acos, kOther)
KBK_SPECIAL(atan, kOther)
KBK_SPECIAL(erf, kOther)
KBK_SPECIAL(erfc, kOther)
KBK_SPECIAL(cbrt, kOther)
KBK_SINCOS(double, sincos)
KBK_SINCOS(float, sincosf)
KBK_POW(double, pow)
KBK_POW(float, powf)
}

#endif
