// What a traced build counts besides accesses: divisions of floating-point numbers, and which memory is __constant__.
// The translator writes the macros (kbk/sim/translate/counted.py).
#pragma once

#include <type_traits>

#include "kbk_runtime.h"

#ifdef KBK_TRACED

namespace kbk {

constexpr int kDivision = 5;  // Special::kDivision of runtime/trace.h
constexpr int kRsqrt = 4;

struct Divide {};
inline constexpr Divide divide{};
struct DivideAssign {};
inline constexpr DivideAssign divide_assign{};

// Numbers by value: a reference would keep a local variable in memory. Others as they are: they may not be copied.
template <class A>
using Operand = std::conditional_t<std::is_arithmetic_v<std::remove_cv_t<A>>, std::remove_cv_t<A>, const A&>;

template <class A>
struct Dividend {
  Operand<A> value;
};

// Whether nvcc multiplies instead: a constant that is a power of two.
template <class B>
__attribute__((always_inline)) constexpr bool divides_by_a_power_of_two(B b) {
  if constexpr (std::is_floating_point_v<B> || std::is_integral_v<B>) {
    if (!__builtin_constant_p(b) || !(b > B(0))) return false;
    double value = static_cast<double>(b);
    while (value > 1) value /= 2;
    while (value < 1) value *= 2;
    return value == 1;
  } else {
    return false;
  }
}

template <class Quotient, class B>
__attribute__((always_inline)) constexpr void count_division(const B& b) {
  using Plain = std::remove_cv_t<std::remove_reference_t<Quotient>>;
  if constexpr (!std::is_integral_v<Plain> && !std::is_pointer_v<Plain>) {
    if (!__builtin_is_constant_evaluated() && !divides_by_a_power_of_two(b)) special_function(kDivision);
  }
  (void)b;
}

// a / divide / b
template <class A>
__attribute__((always_inline)) constexpr Dividend<A> operator/(const A& a, Divide) {
  return {a};
}
template <class A, class B>
__attribute__((always_inline)) constexpr auto operator/(Dividend<A> a, const B& b) -> decltype(a.value / b) {
  count_division<decltype(a.value / b)>(b);
  return a.value / b;
}
// a / divide_assign = b
template <class A>
struct Divided {
  A& value;
  template <class B>
  __attribute__((always_inline)) constexpr A& operator=(const B& b) {
    count_division<std::remove_cv_t<A>>(b);
    value /= b;
    return value;
  }
};
template <class A>
__attribute__((always_inline)) constexpr Divided<A> operator/(A& a, DivideAssign) {
  return {a};
}

}  // namespace kbk

#define KBK_DIVIDE ::kbk::divide /
#define KBK_DIVIDE_ASSIGN / ::kbk::divide_assign =
#define KBK_COUNT_SPECIAL(what) ::kbk::special_function(what)
#if defined(__linux__)
#define KBK_IN_CONSTANT_MEMORY __attribute__((section("kbk_constant")))
// The linker's names for the ends of that section; null where nothing is in it.
extern "C" {
extern char __start_kbk_constant[] __attribute__((weak, visibility("hidden")));
extern char __stop_kbk_constant[] __attribute__((weak, visibility("hidden")));
}
#define KBK_CONSTANT_MEMORY(config) (config).constant_low = __start_kbk_constant, (config).constant_high = __stop_kbk_constant
#else
#define KBK_IN_CONSTANT_MEMORY
#define KBK_CONSTANT_MEMORY(config) (void)0
#endif

#else
#define KBK_DIVIDE
#define KBK_DIVIDE_ASSIGN /=
#define KBK_COUNT_SPECIAL(what) (void)0
#define KBK_IN_CONSTANT_MEMORY
#define KBK_CONSTANT_MEMORY(config) (void)0
#endif
