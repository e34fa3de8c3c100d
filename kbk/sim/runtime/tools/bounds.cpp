// Accesses outside any memory that the kernel may know of, outside the views that it was given, and off their alignment.
#include "findings.h"
#include "regions.h"
#include "sanitizer.h"

namespace kbk {

namespace {

Finding memory_finding(const char* kind, const char* code, const Thread& thread, const Touch& touch) {
  Finding finding;
  finding.kind = kind;
  finding.code = code;
  finding.actor = actor_of(thread, touch.pc, touch.access);
  finding.has_memory = true;
  finding.space = touch.space;
  finding.address = touch.address;
  finding.bytes = touch.bytes;
  finding.beyond = touch.beyond;
  return finding;
}

class Bounds : public Listener {
 public:
  void check(const Thread& thread, const Touch& access) override { touch(thread, access); }
  void touch(const Thread& thread, const Touch& touch) override {
    if (touch.aligned && (touch.address & (touch.bytes - 1)) != 0) stop(thread, touch, "misaligned", "misaligned");
    switch (touch.space) {
      case Space::kGlobal: return global(thread, touch);
      case Space::kShared: return shared(thread, touch);
      case Space::kHost: stop(thread, touch, "out-of-bounds", "bounds-host");
      case Space::kModule: return;
    }
  }

  void misaligned(const Thread& thread, const Touch& touch) override {
    if ((touch.address & (touch.bytes - 1)) != 0) stop(thread, touch, "misaligned", "misaligned");
  }

 private:
  [[noreturn]] static void stop(const Thread& thread, const Touch& touch, const char* kind, const char* code) {
    found(*thread.block->launch, memory_finding(kind, code, thread, touch));
    end_after_finding();
  }

  static void global(const Thread& thread, const Touch& touch) {
    if (touch.beyond >= 0) stop(thread, touch, "out-of-bounds", "bounds-global");
    const Region* region = region_of(touch.address);
    if (region == nullptr || touch.address + touch.bytes > region->high) stop(thread, touch, "out-of-bounds", "bounds-global");
    if (region->owner == Owner::kHostTensor) stop(thread, touch, "out-of-bounds", "bounds-host");
    const bool in_view = touch.address >= region->view_low && touch.address + touch.bytes <= region->view_high &&
                         (region->inside.empty() || region->inside.all(touch.address - region->low, touch.bytes));
    if (in_view) return;
    Finding finding = memory_finding("out-of-bounds", "bounds-view", thread, touch);
    finding.severity = Severity::kInfo;
    found(*thread.block->launch, std::move(finding));
  }

  static void shared(const Thread& thread, const Touch& touch) {
    const Block& block = *thread.block;
    const Launch& launch = *block.launch;
    const auto dynamic = reinterpret_cast<std::uintptr_t>(block.dynamic);
    if (touch.address >= dynamic && touch.address + touch.bytes <= dynamic + launch.config.dynamic_bytes) return;
    const std::uint64_t offset = touch.address - reinterpret_cast<std::uintptr_t>(block.arena.base);
    for (const SharedSlot* slot : launch.slots)
      if (offset >= slot->offset && offset + touch.bytes <= std::uint64_t{slot->offset} + slot->size) return;
    stop(thread, touch, "out-of-bounds", "bounds-shared");
  }
};

}  // namespace

Listener& bounds_checker() {
  static Bounds checker;
  return checker;
}

void end_after_finding() { trap("finding", "the sanitizer ended the launch before an access that must not happen"); }

}  // namespace kbk
