// Fibers by hand: the calling convention's callee-saved registers are pushed, the stack pointer changes, they are
// popped.
// x86-64: System V ABI; aarch64: AAPCS64 (written for, not run).
#include "fiber.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>

#if defined(__x86_64__)
asm(R"(
.text
.globl kbk_switch
.hidden kbk_switch
.type kbk_switch, @function
.p2align 4
kbk_switch:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
.size kbk_switch, .-kbk_switch
)");
namespace {
constexpr int kSavedWords = 6;
}
#elif defined(__aarch64__)
asm(R"(
.text
.globl kbk_switch
.p2align 4
kbk_switch:
  sub sp, sp, #160
  stp x19, x20, [sp, #0]
  stp x21, x22, [sp, #16]
  stp x23, x24, [sp, #32]
  stp x25, x26, [sp, #48]
  stp x27, x28, [sp, #64]
  stp x29, x30, [sp, #80]
  stp d8, d9, [sp, #96]
  stp d10, d11, [sp, #112]
  stp d12, d13, [sp, #128]
  stp d14, d15, [sp, #144]
  mov x9, sp
  str x9, [x0]
  mov sp, x1
  ldp x19, x20, [sp, #0]
  ldp x21, x22, [sp, #16]
  ldp x23, x24, [sp, #32]
  ldp x25, x26, [sp, #48]
  ldp x27, x28, [sp, #64]
  ldp x29, x30, [sp, #80]
  ldp d8, d9, [sp, #96]
  ldp d10, d11, [sp, #112]
  ldp d12, d13, [sp, #128]
  ldp d14, d15, [sp, #144]
  add sp, sp, #160
  ret
)");
namespace {
constexpr int kSavedWords = 20;
constexpr int kLinkRegister = 11;  // x30 in the frame above
}
#else
#error "kbk: no fiber switch for this processor (x86-64 and aarch64 are supported)"
#endif

namespace kbk {

void* fresh_stack_pointer(const Stack& stack, void (*entry)()) {
  auto top = reinterpret_cast<std::uintptr_t>(stack.base + stack.bytes) & ~std::uintptr_t{63};
  auto* words = reinterpret_cast<std::uintptr_t*>(top);
#if defined(__x86_64__)
  *--words = 0;  // the return address of `entry`: nothing, which also ends a backtrace
  words[-1] = reinterpret_cast<std::uintptr_t>(entry);
  std::uintptr_t* frame = words - 1 - kSavedWords;
  for (int i = 0; i < kSavedWords; ++i) frame[i] = 0;
  return frame;
#else
  std::uintptr_t* frame = words - kSavedWords;
  for (int i = 0; i < kSavedWords; ++i) frame[i] = 0;
  frame[kLinkRegister] = reinterpret_cast<std::uintptr_t>(entry);
  return frame;
#endif
}

namespace {
constexpr std::size_t kGuardedStacks = 16000;  // two mappings each; Linux allows 65,530 in all
constexpr std::size_t kStacksPerSlab = 256;
}  // namespace

StackPool::~StackPool() {
  for (const Slab& slab : slabs_) munmap(slab.base, slab.stride * slab.count);
}

bool StackPool::grow() {
  const std::size_t page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  std::size_t count = slabs_.empty() ? 32 : kStacksPerSlab;
  const bool guarded = slabs_.size() * kStacksPerSlab < kGuardedStacks;
  const std::size_t stride = bytes_ + page;
  void* base =
      mmap(nullptr, stride * count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (base == MAP_FAILED) return false;
  Slab slab{static_cast<char*>(base), stride, count, guarded};
  for (std::size_t i = count; i-- > 0;) {
    char* low = slab.base + i * stride;
    if (guarded) mprotect(low, page, PROT_NONE);
    free_.push_back({low + page, bytes_});
  }
  slabs_.push_back(slab);
  return true;
}

Stack StackPool::take() {
  if (free_.empty() && !grow()) return {};
  Stack stack = free_.back();
  free_.pop_back();
  return stack;
}

bool StackPool::is_guard(const void* address) const {
  auto* byte = static_cast<const char*>(address);
  for (const Slab& slab : slabs_) {
    if (byte < slab.base || byte >= slab.base + slab.stride * slab.count) continue;
    return slab.guarded && static_cast<std::size_t>(byte - slab.base) % slab.stride < slab.stride - bytes_;
  }
  return false;
}

bool StackPool::holds(const void* address) const {
  auto* byte = static_cast<const char*>(address);
  for (const Slab& slab : slabs_)
    if (byte >= slab.base && byte < slab.base + slab.stride * slab.count) return true;
  return false;
}

void StackPool::reclaim() {
  free_.clear();
  for (const Slab& slab : slabs_)
    for (std::size_t i = slab.count; i-- > 0;)
      free_.push_back({slab.base + i * slab.stride + (slab.stride - bytes_), bytes_});
}

}  // namespace kbk
