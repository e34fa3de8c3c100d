// Stacks and the switch between them. A fiber is a stack plus the stack pointer at which it was left.
#pragma once

#include <cstddef>
#include <vector>

namespace kbk {

struct Stack {
  char* base = nullptr;  // lowest usable address; the page below it faults when guarded
  std::size_t bytes = 0;
};

// Saves the callee-saved registers of the caller, stores its stack pointer in *save and continues at `to`.
extern "C" void kbk_switch(void** save, void* to);

// A stack pointer that, when switched to, calls `entry` on a fresh stack. `entry` must never return.
void* fresh_stack_pointer(const Stack& stack, void (*entry)());

// Stacks are mapped in slabs and reused; a guard page lies below each while the kernel's limit on mappings allows it.
class StackPool {
 public:
  explicit StackPool(std::size_t bytes) : bytes_(bytes) {}
  ~StackPool();
  StackPool(const StackPool&) = delete;
  StackPool& operator=(const StackPool&) = delete;
  Stack take();  // base is null when there is no memory
  void give(const Stack& stack) { free_.push_back(stack); }
  std::size_t stack_bytes() const { return bytes_; }
  // True if `address` lies on a guard page of this pool.
  bool is_guard(const void* address) const;
  // True if `address` lies on a stack of this pool, or beside one.
  bool holds(const void* address) const;
  // Returns every stack to the pool, whoever held it (after a launch was ended).
  void reclaim();

 private:
  struct Slab {
    char* base;
    std::size_t stride, count;
    bool guarded;
  };
  bool grow();
  std::size_t bytes_;
  std::vector<Slab> slabs_;
  std::vector<Stack> free_;
};

}  // namespace kbk
