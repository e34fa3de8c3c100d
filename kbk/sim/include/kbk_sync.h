// Barriers and fences. CUDA C++ Programming Guide, "Synchronization Functions" and "Memory Fence Functions".
#pragma once

#include "kbk_runtime.h"

// The line keeps a compiler from making one call of two, in the two branches of an if.
#define KBK_LINE int line = __builtin_LINE()
inline void __syncthreads(KBK_LINE) { kbk::barrier(0, 0, line); }
inline int __syncthreads_count(int predicate, KBK_LINE) { return kbk::barrier(1, predicate, line); }
inline int __syncthreads_and(int predicate, KBK_LINE) { return kbk::barrier(2, predicate, line); }
inline int __syncthreads_or(int predicate, KBK_LINE) { return kbk::barrier(3, predicate, line); }
#undef KBK_LINE
inline void __syncwarp(unsigned mask = 0xffffffffu) { kbk::collective(kbk::Op::kSync, mask, 0, 0, 32, nullptr); }

#ifdef KBK_TRACED
inline void __threadfence_block() { kbk::fence(0); }
inline void __threadfence() { kbk::fence(1); }
inline void __threadfence_system() { kbk::fence(2); }
#else
inline void __threadfence_block() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
inline void __threadfence_system() { __atomic_thread_fence(__ATOMIC_SEQ_CST); }
#endif

inline void __nanosleep(unsigned) { kbk::yield(); }
inline long long clock64() { return kbk::clock_ticks(); }
[[noreturn]] inline void __trap() { kbk::trap("trap", "__trap() was called"); }
inline void __brkpt() {}
inline void __prof_trigger(int) {}
