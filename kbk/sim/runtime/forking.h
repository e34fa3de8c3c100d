// A child of fork has none of the other threads, but their locks as they were: each file says here how to make its own state new.
#pragma once

namespace kbk {
struct AfterFork {
  explicit AfterFork(void (*in_child)());
};
}  // namespace kbk
