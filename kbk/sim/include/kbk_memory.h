// Loads and stores with a cache hint: ordinary ones here.
// CUDA C++ Programming Guide, "Load Functions Using Cache Hints".
#pragma once

#include <cstddef>
#include <cstdint>

#include "kbk_runtime.h"

#define KBK_LOAD(name)             \
  template <class T>               \
  inline T name(const T* address) { \
    return *address;               \
  }
KBK_LOAD(__ldg)
KBK_LOAD(__ldcs)
KBK_LOAD(__ldlu)
#undef KBK_LOAD

// These see what other threads have written since: a loop that waits for them must load again each time.
#define KBK_LOAD(name)              \
  template <class T>                \
  inline T name(const T* address) { \
    asm volatile("" ::: "memory");  \
    return *address;                \
  }
KBK_LOAD(__ldca)
KBK_LOAD(__ldcg)
KBK_LOAD(__ldcv)
#undef KBK_LOAD

#define KBK_STORE(name)                                                   \
  template <class T, class V>                                             \
  inline void name(T* address, V value) {                                 \
    *address = static_cast<T>(value);                                     \
  }
KBK_STORE(__stwb)
KBK_STORE(__stcg)
KBK_STORE(__stcs)
KBK_STORE(__stwt)
#undef KBK_STORE

// A pointer to global memory is its address; shared memory has addresses of its own, of 32 bits.
inline std::size_t __cvta_generic_to_shared(const void* p) { return kbk::shared_offset(p); }
inline std::size_t __cvta_generic_to_global(const void* p) { return reinterpret_cast<std::size_t>(p); }
inline void* __cvta_shared_to_generic(std::size_t p) { return kbk::shared_at(static_cast<unsigned>(p)); }
inline void* __cvta_global_to_generic(std::size_t p) { return reinterpret_cast<void*>(p); }
