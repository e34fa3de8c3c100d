// Reads of memory that nobody has written: shared memory since the block began, global memory since it was allocated.
#include <cstdlib>
#include <memory>
#include <unordered_map>

#include "findings.h"
#include "regions.h"
#include "sanitizer.h"

namespace kbk {

namespace {

class Initialized : public Listener {
 public:
  void begin(const Launch&) override { blocks_.clear(), contents_.clear(), last_ = nullptr; }
  void end(const Launch&) override { blocks_.clear(), last_ = nullptr; }
  void block_begin(const Block& block) override {
    blocks_[&block].reset_touched(static_cast<std::uint64_t>(block.arena.end - block.arena.base));
    last_ = nullptr;
  }

  void touch(const Thread& thread, const Touch& touch) override {
    if (touch.space == Space::kShared) return shared(thread, touch);
    if (touch.space != Space::kGlobal) return;
    Region* region = region_of(touch.address);
    if (region == nullptr) return;
    if (reads(touch.access) && has_untouched(*region, touch.address, touch.at, touch.bytes))
      report("uninitialized-global", thread, touch);
    if (writes(touch.access) && !region->written.empty()) region->written.set(touch.address - region->low, touch.bytes);
  }

 private:
  void shared(const Thread& thread, const Touch& touch) {
    const Block* block = thread.block;
    if (block != last_) {
      last_ = block;
      written_ = &blocks_[block];
    }
    const std::uint64_t offset = touch.address - reinterpret_cast<std::uintptr_t>(block->arena.base);
    if (reads(touch.access) && !written_->all(offset, touch.bytes) && !is_excused(*block, offset, touch))
      report("uninitialized-shared", thread, touch);
    if (writes(touch.access)) written_->set(offset, touch.bytes);
  }

  // The copy of a struct takes its padding with it, which nobody writes.
  bool is_excused(const Block& block, std::uint64_t offset, const Touch& touch) {
    const Launch& launch = *block.launch;
    const auto dynamic = static_cast<std::uint64_t>(block.dynamic - block.arena.base);
    if (offset >= dynamic) {  // what type it has there, nobody knows: every element as it was declared needs a value
      const std::uint32_t item = launch.dynamic.element;
      if (touch.aligned || item < 2 || touch.bytes % item != 0) return !touch.aligned && written_->any(offset, touch.bytes);
      for (std::uint32_t first = 0; first < touch.bytes; first += item)
        if (!written_->any(offset + first, item)) return false;
      return true;
    }
    for (const SharedSlot* slot : launch.slots) {
      if (offset < slot->offset || offset >= std::uint64_t{slot->offset} + slot->size) continue;
      if (slot->contents == nullptr) return !touch.aligned && slot->type == '?' && written_->any(offset, touch.bytes);
      const unsigned char* const contents = contents_of(*slot);
      for (std::uint32_t i = 0; i < touch.bytes; ++i)
        if (contents[(offset + i - slot->offset) % slot->element] != 0 && !written_->all(offset + i, 1)) return false;
      return true;
    }
    return false;
  }

  // Which bytes of an element are no padding. Asked once: the answer is traced code, too.
  const unsigned char* contents_of(const SharedSlot& slot) {
    std::unique_ptr<unsigned char, decltype(&std::free)>& known =
        contents_.try_emplace(&slot, nullptr, &std::free).first->second;
    if (known == nullptr) {
      const std::size_t align = slot.align > 16 ? slot.align : 16;
      known.reset(static_cast<unsigned char*>(std::aligned_alloc(align, (slot.element + align - 1) / align * align)));
      Thread* const running = current;
      current = nullptr;
      slot.contents(known.get());
      current = running;
    }
    return known.get();
  }

  static void report(const char* code, const Thread& thread, const Touch& touch) {
    Finding finding;
    finding.kind = "uninitialized";
    finding.code = code;
    finding.actor = actor_of(thread, touch);
    finding.has_memory = true;
    finding.space = touch.space;
    finding.address = touch.address;
    finding.bytes = touch.bytes;
    found(*thread.block->launch, std::move(finding));
  }

  std::unordered_map<const Block*, Bits> blocks_;
  std::unordered_map<const SharedSlot*, std::unique_ptr<unsigned char, decltype(&std::free)>> contents_;
  const Block* last_ = nullptr;
  Bits* written_ = nullptr;
};

}  // namespace

Listener& initialized_checker() {
  static Initialized checker;
  return checker;
}

}  // namespace kbk
