// Barriers and fences. CUDA C++ Programming Guide, "Synchronization Functions" and "Memory Fence Functions".
#pragma once

#include "kbk_runtime.h"

inline void __syncthreads() { kbk::barrier(0, 0); }
inline int __syncthreads_count(int predicate) { return kbk::barrier(1, predicate); }
inline int __syncthreads_and(int predicate) { return kbk::barrier(2, predicate); }
inline int __syncthreads_or(int predicate) { return kbk::barrier(3, predicate); }
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
