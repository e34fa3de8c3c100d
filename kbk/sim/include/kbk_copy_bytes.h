// memcpy, memmove and memset of a traced build: the runtime does them and tells of the bytes as one access each.
//
// The compilers either take a call apart before the instrumentation sees it, or leave it to the C library, which tells nobody.
#pragma once

#ifdef KBK_TRACED
#include <cstddef>
#include <cstring>

#include "kbk_runtime.h"

extern "C" {
KBK_API void* __tsan_memcpy(void* to, const void* from, std::size_t bytes);
KBK_API void* __tsan_memmove(void* to, const void* from, std::size_t bytes);
KBK_API void* __tsan_memset(void* to, int value, std::size_t bytes);
}
namespace std {
using ::__tsan_memcpy;
using ::__tsan_memmove;
using ::__tsan_memset;
}  // namespace std

// From here on: the headers above have their own.
#define memcpy __tsan_memcpy
#define memmove __tsan_memmove
#define memset __tsan_memset
#endif
