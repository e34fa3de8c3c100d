// The functions that code compiled with -fsanitize=thread calls. The unit is linked without that switch, so they are these and
// not libtsan's. Plain accesses are told before they happen; atomic ones are done here, in the place of the compiler.
// Names and signatures: https://github.com/llvm/llvm-project/blob/main/compiler-rt/lib/tsan/rtl/tsan_interface.h
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>

#include "trace.h"

namespace kbk {
namespace {

// A thread's own local variables reach nobody.
inline bool is_own_local(const volatile void* address) {
  const Stack& stack = current->stack;
  return static_cast<std::size_t>(static_cast<const volatile char*>(address) - stack.base) < stack.bytes;
}

inline void tell(const volatile void* address, std::uint64_t bytes, Access access, const void* pc, bool aligned = true) {
  if (!watched() || is_own_local(address)) return;
  if (worker->yield_wanted) {  // a tick came while the runtime was at work
    worker->yield_wanted = false;
    yield();
  }
  trace_access(const_cast<const void*>(address), bytes, access, pc, aligned);
  if (access == Access::kAtomic) current->next_atomic = NextAtomic::kAny;
}

// What is no single access on a GPU: the copy of a struct whose alignment is less than its size (a float3, or four floats without
// alignas). nvcc takes the members one after another, and most members are words.
inline void tell_each(void* address, std::uint64_t bytes, Access access, const void* pc) {
  if (!watched()) return;
  const std::uint64_t odd = reinterpret_cast<std::uintptr_t>(address) | bytes;
  const std::uint64_t step = odd % 4 == 0 ? 4 : odd % 2 == 0 ? 2 : 1;
  for (std::uint64_t at = 0; at < bytes; at += step) trace_access(static_cast<char*>(address) + at, step, access, pc);
}

// A copy of a range by the C library: no lane moves more than 16 bytes at once.
inline void tell_range(const void* address, std::size_t bytes, Access access, const void* pc) {
  constexpr std::size_t kMost = 16;
  const char* from = static_cast<const char*>(address);
  for (std::size_t at = 0; at == 0 || at < bytes; at += kMost) {
    tell(from + at, bytes - at < kMost ? bytes - at : kMost, access, pc, false);
  }
}

// 128-bit atomics, which the processor may lack: one at a time.
std::atomic_flag wide_busy = ATOMIC_FLAG_INIT;
struct Wide {
  Wide() {
    while (wide_busy.test_and_set(std::memory_order_acquire)) {
    }
  }
  ~Wide() { wide_busy.clear(std::memory_order_release); }
};

}  // namespace
}  // namespace kbk

namespace kbk {
namespace {

// A thread that looks at a volatile variable again and again waits for another one.
template <class T>
inline void watch(const void* p, std::uint64_t bytes, const void* pc, bool aligned) {
  if (current == nullptr) return;
  if (tracing) trace_check(p, bytes, Access::kVolatileRead, pc, aligned);
  T value;
  std::memcpy(&value, p, sizeof value);
  poll(p, static_cast<std::uint64_t>(value));
}

}  // namespace
}  // namespace kbk

#define KBK_PC __builtin_return_address(0)
using kbk::Access;

extern "C" {

KBK_API void __tsan_init() {}
KBK_API void __tsan_func_entry(void*) {}
KBK_API void __tsan_func_exit() {}
KBK_API void __tsan_ignore_thread_begin() {}
KBK_API void __tsan_ignore_thread_end() {}
KBK_API void __tsan_vptr_read(void** p) { kbk::tell(p, sizeof(void*), Access::kRead, KBK_PC); }
KBK_API void __tsan_vptr_update(void** p, void*) { kbk::tell(p, sizeof(void*), Access::kWrite, KBK_PC); }
KBK_API void __tsan_read_range(void* p, std::size_t n) { kbk::tell_each(p, n, Access::kRead, KBK_PC); }
KBK_API void __tsan_write_range(void* p, std::size_t n) { kbk::tell_each(p, n, Access::kWrite, KBK_PC); }

#define KBK_PLAIN(prefix, n, aligned)                                                                          \
  KBK_API void __tsan_##prefix##read##n(void* p) { kbk::tell(p, n, Access::kRead, KBK_PC, aligned); }          \
  KBK_API void __tsan_##prefix##write##n(void* p) { kbk::tell(p, n, Access::kWrite, KBK_PC, aligned); }
#define KBK_BOTH(prefix, n, aligned)                       \
  KBK_API void __tsan_##prefix##read_write##n(void* p) {   \
    kbk::tell(p, n, Access::kRead, KBK_PC, aligned);       \
    kbk::tell(p, n, Access::kWrite, KBK_PC, aligned);      \
  }
#define KBK_VOLATILE(prefix, n, T, aligned)                                                \
  KBK_API void __tsan_##prefix##read##n(void* p) {                                         \
    kbk::watch<T>(p, n, KBK_PC, aligned); /* before it is told: others may run meanwhile */ \
    kbk::tell(p, n, Access::kVolatileRead, KBK_PC, aligned);                               \
  }                                                                                        \
  KBK_API void __tsan_##prefix##write##n(void* p) { kbk::tell(p, n, Access::kVolatileWrite, KBK_PC, aligned); }
#define KBK_WHOLE true
#define KBK_SIZE(n, T)                                                                     \
  KBK_PLAIN(, n, KBK_WHOLE)                                    \
  KBK_PLAIN(unaligned_, n, false)                           \
  KBK_VOLATILE(volatile_, n, T, true)                                                      \
  KBK_VOLATILE(unaligned_volatile_, n, T, false)                                           \
  KBK_BOTH(, n, KBK_WHOLE)                                                                      \
  KBK_BOTH(unaligned_, n, false)
KBK_SIZE(1, std::uint8_t)
KBK_SIZE(2, std::uint16_t)
KBK_SIZE(4, std::uint32_t)
KBK_SIZE(8, std::uint64_t)
// For g++ a struct of 16 bytes may need a multiple of 8 only; what its type needs, __ubsan_handle_type_mismatch_v1 knows. Clang
// copies structs by memcpy: there it is a vector.
#undef KBK_WHOLE
#define KBK_WHOLE kbk::by_clang
KBK_SIZE(16, std::uint64_t)


// -fsanitize=alignment: called before an access that the type of the object forbids there.
// https://github.com/llvm/llvm-project/blob/main/compiler-rt/lib/ubsan/ubsan_handlers.h
struct KbkTypeMismatch {
  const char* file;
  std::uint32_t line, column;
  const void* type;
  unsigned char log_alignment, what;  // 0 a load, 1 a store; the rest touches no memory
};
KBK_API void __ubsan_handle_type_mismatch_v1(const KbkTypeMismatch* told, std::uintptr_t address) {
  if (!kbk::watched() || told->what > 1 || address == 0) return;
  kbk::trace_misaligned(reinterpret_cast<const void*>(address), std::uint64_t{1} << told->log_alignment,
                        told->what == 0 ? Access::kRead : Access::kWrite, KBK_PC);
}

// -fsanitize-coverage=trace-pc: at the beginning of every stretch of code without jumps. Those that lie before the last one of the thread
// are reached by a jump backwards.
// https://gcc.gnu.org/onlinedocs/gcc/Instrumentation-Options.html
KBK_API void __sanitizer_cov_trace_pc() {
  if (!kbk::watched()) return;
  const void* here = KBK_PC;
  kbk::Thread& thread = *kbk::current;
  if (here <= thread.edge) kbk::trace_turn(thread.edge);
  thread.edge = here;
}

KBK_API void* __tsan_memcpy(void* to, const void* from, std::size_t n) {
  kbk::tell_range(from, n, Access::kRead, KBK_PC);
  kbk::tell_range(to, n, Access::kWrite, KBK_PC);
  return std::memcpy(to, from, n);
}
KBK_API void* __tsan_memmove(void* to, const void* from, std::size_t n) {
  kbk::tell_range(from, n, Access::kRead, KBK_PC);
  kbk::tell_range(to, n, Access::kWrite, KBK_PC);
  return std::memmove(to, from, n);
}
KBK_API void* __tsan_memset(void* to, int value, std::size_t n) {
  kbk::tell_range(to, n, Access::kWrite, KBK_PC);
  return std::memset(to, value, n);
}

#if defined(__linux__)
// Clang before 16 calls the C library for the copy of a struct; its units are linked with --wrap.
KBK_API void* __wrap_memcpy(void* to, const void* from, std::size_t n) __attribute__((alias("__tsan_memcpy")));
KBK_API void* __wrap_memmove(void* to, const void* from, std::size_t n) __attribute__((alias("__tsan_memmove")));
KBK_API void* __wrap_memset(void* to, int value, std::size_t n) __attribute__((alias("__tsan_memset")));
#endif

KBK_API void __tsan_atomic_thread_fence(int) { kbk::fence(1); }
KBK_API void __tsan_atomic_signal_fence(int) { std::atomic_signal_fence(std::memory_order_seq_cst); }

// The strongest order each time: the unit may ask for less.
#define KBK_MODIFY(bits, T, name, builtin)                                          \
  KBK_API T __tsan_atomic##bits##_##name(volatile T* p, T v, int) {                 \
    kbk::tell(p, sizeof(T), Access::kAtomic, KBK_PC);                               \
    return builtin(p, v, __ATOMIC_SEQ_CST);                                         \
  }
#define KBK_SWAP_IF(bits, T, name)                                                                           \
  KBK_API int __tsan_atomic##bits##_compare_exchange_##name(volatile T* p, T* expected, T v, int, int) {     \
    kbk::tell(p, sizeof(T), Access::kAtomic, KBK_PC);                                                        \
    return __atomic_compare_exchange_n(p, expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);           \
  }
#define KBK_ATOMIC(bits, T)                                                                                  \
  KBK_API T __tsan_atomic##bits##_load(const volatile T* p, int) {                                           \
    kbk::tell(p, sizeof(T), Access::kAtomicLoad, KBK_PC);                                                    \
    return __atomic_load_n(p, __ATOMIC_SEQ_CST);                                                             \
  }                                                                                                          \
  KBK_API void __tsan_atomic##bits##_store(volatile T* p, T v, int) {                                        \
    kbk::tell(p, sizeof(T), Access::kAtomicStore, KBK_PC);                                                   \
    __atomic_store_n(p, v, __ATOMIC_SEQ_CST);                                                                \
  }                                                                                                          \
  KBK_MODIFY(bits, T, exchange, __atomic_exchange_n)                                                         \
  KBK_MODIFY(bits, T, fetch_add, __atomic_fetch_add)                                                         \
  KBK_MODIFY(bits, T, fetch_sub, __atomic_fetch_sub)                                                         \
  KBK_MODIFY(bits, T, fetch_and, __atomic_fetch_and)                                                         \
  KBK_MODIFY(bits, T, fetch_or, __atomic_fetch_or)                                                           \
  KBK_MODIFY(bits, T, fetch_xor, __atomic_fetch_xor)                                                         \
  KBK_MODIFY(bits, T, fetch_nand, __atomic_fetch_nand)                                                       \
  KBK_SWAP_IF(bits, T, strong)                                                                               \
  KBK_SWAP_IF(bits, T, weak)                                                                                 \
  KBK_API T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T expected, T v, int, int) {           \
    kbk::tell(p, sizeof(T), Access::kAtomic, KBK_PC);                                                        \
    __atomic_compare_exchange_n(p, &expected, v, false, __ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST);                 \
    return expected;                                                                                         \
  }
KBK_ATOMIC(8, std::uint8_t)
KBK_ATOMIC(16, std::uint16_t)
KBK_ATOMIC(32, std::uint32_t)
KBK_ATOMIC(64, std::uint64_t)

__extension__ typedef unsigned __int128 kbk_wide;
KBK_API kbk_wide __tsan_atomic128_load(const volatile kbk_wide* p, int) {
  kbk::tell(p, sizeof *p, Access::kAtomicLoad, KBK_PC);
  const kbk::Wide lock;
  return *p;
}
KBK_API void __tsan_atomic128_store(volatile kbk_wide* p, kbk_wide v, int) {
  kbk::tell(p, sizeof *p, Access::kAtomicStore, KBK_PC);
  const kbk::Wide lock;
  *p = v;
}
#define KBK_WIDE(name, change)                                                   \
  KBK_API kbk_wide __tsan_atomic128_##name(volatile kbk_wide* p, kbk_wide v, int) { \
    kbk::tell(p, sizeof *p, Access::kAtomic, KBK_PC);                            \
    const kbk::Wide lock;                                                        \
    const kbk_wide old = *p;                                                     \
    *p = change;                                                                 \
    return old;                                                                  \
  }
KBK_WIDE(exchange, v)
KBK_WIDE(fetch_add, old + v)
KBK_WIDE(fetch_sub, old - v)
KBK_WIDE(fetch_and, old& v)
KBK_WIDE(fetch_or, old | v)
KBK_WIDE(fetch_xor, old ^ v)
KBK_WIDE(fetch_nand, ~(old & v))
KBK_API kbk_wide __tsan_atomic128_compare_exchange_val(volatile kbk_wide* p, kbk_wide expected, kbk_wide v, int, int) {
  kbk::tell(p, sizeof *p, Access::kAtomic, KBK_PC);
  const kbk::Wide lock;
  const kbk_wide old = *p;
  if (old == expected) *p = v;
  return old;
}
#define KBK_WIDE_SWAP_IF(name)                                                                                       \
  KBK_API int __tsan_atomic128_compare_exchange_##name(volatile kbk_wide* p, kbk_wide* expected, kbk_wide v, int, int) { \
    kbk::tell(p, sizeof *p, Access::kAtomic, KBK_PC);                                                                \
    const kbk::Wide lock;                                                                                            \
    const kbk_wide old = *p;                                                                                         \
    const bool same = old == *expected;                                                                              \
    if (same) *p = v;                                                                                                \
    *expected = old;                                                                                                 \
    return same;                                                                                                     \
  }
KBK_WIDE_SWAP_IF(strong)
KBK_WIDE_SWAP_IF(weak)

}  // extern "C"

namespace kbk {

void fence(int scope) {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  if (watched()) trace_fence(static_cast<Scope>(scope));
}

std::uint64_t atomic_used(const volatile void* address, std::uint64_t old) {
  if (watched()) trace_used(const_cast<const void*>(address));
  return old;
}

void next_atomic(NextAtomic what) {
  if (watched()) current->next_atomic = what;
}

void atomic_always_used(const volatile void* address) {
  if (watched()) trace_used(const_cast<const void*>(address));
}

void special_function(int what) {
  if (watched()) trace_special(static_cast<Special>(what), __builtin_return_address(0));
}

std::uint64_t untold_load(const volatile void* address, unsigned bytes) {
  if (bytes == 1) return __atomic_load_n(static_cast<const volatile std::uint8_t*>(address), __ATOMIC_RELAXED);
  if (bytes == 2) return __atomic_load_n(static_cast<const volatile std::uint16_t*>(address), __ATOMIC_RELAXED);
  if (bytes == 4) return __atomic_load_n(static_cast<const volatile std::uint32_t*>(address), __ATOMIC_RELAXED);
  return __atomic_load_n(static_cast<const volatile std::uint64_t*>(address), __ATOMIC_RELAXED);
}

}  // namespace kbk
