// __shared__ variables. The translator turns each declaration into a struct of the same text and asks for its place in
// the arena.
#pragma once

#include "kbk_runtime.h"

namespace kbk {

template <class T>
inline T& shared(SharedSlot* slot) {
  return *static_cast<T*>(shared_slot(slot));
}

}  // namespace kbk

#define KBK_SLOT(type, name) \
  { name, __FILE__, __LINE__, static_cast<unsigned>(sizeof(type)), static_cast<unsigned>(alignof(type)), 0, 0 }
