#include "race_findings.h"

#include <cstring>
#include <utility>

namespace kbk::race {

void RaceFindings::conflict(const Now& now, const Record& then, std::uint32_t lanes, std::uint64_t word) {
  const Touch& touch = *now.touch;
  const Thread& thread = *now.thread;
  const Launch& launch = *thread.block->launch;
  const bool raw = writes(then.access) && reads(touch.access), war = !writes(then.access);
  const bool mixed = (now.rank != 0) != (rank_of(then.access) != 0);
  const bool same_block = then.block == now.stamp.block, same_warp = same_block && then.warp == now.stamp.warp;
  Finding finding;
  finding.kind = "race";
  finding.code = raw ? "race-raw" : war ? "race-war" : "race-waw";
  finding.severity = same_warp ? Severity::kWarning : Severity::kError;
  finding.actor.pc = touch.pc;
  finding.other.pc = reinterpret_cast<const void*>(origin_ + static_cast<std::uintptr_t>(std::intptr_t{then.pc}));
  const std::uint64_t places = std::uint64_t{static_cast<std::uint32_t>(now.pc)} << 32 | static_cast<std::uint32_t>(then.pc);
  std::uint8_t& told = told_[raw ? 0 : war ? 1 : 2][places];
  if (told >= (same_warp ? 2 : 3)) return found(launch, std::move(finding));  // only counted

  const unsigned other = then.warp * kLanes + static_cast<unsigned>(__builtin_ctz(lanes));
  const Dim grid = launch.config.grid, dim = launch.config.block;
  finding.actor = actor_of(thread, touch.pc, touch.access);
  finding.other.access = then.access;
  finding.other.known = true;
  finding.other.block = pack(then.block % grid.x, then.block / grid.x % grid.y, then.block / grid.x / grid.y);
  finding.other.thread = pack(other % dim.x, other / dim.x % dim.y, other / dim.x / dim.y);
  finding.other.has_value = true;
  std::memcpy(&finding.other.value, touch.at, touch.bytes < 8 ? touch.bytes : 8);
  finding.has_memory = true;
  finding.space = touch.space;
  finding.address = touch.address;
  finding.bytes = touch.bytes;
  finding.number = (mixed ? 1u : 0u) | (!now.shared && !same_block ? 2u : 0u);
  if (now.writes) return wait(now, std::move(finding), &told, word, then.mask);
  finding.actor.has_value = true;
  finding.actor.value = finding.other.value;
  const std::uint8_t badness = same_warp ? 2 : 3;
  if (forgive && touch.access == Access::kRead && then.access == Access::kAtomic) {
    held_.push_back({std::move(finding), &thread, &told, badness});
    return;
  }
  told = badness;
  found(launch, std::move(finding));
}

void RaceFindings::wait(const Now& now, Finding finding, std::uint8_t* told, std::uint64_t word, std::uint8_t mask) {
  const Touch& touch = *now.touch;
  Waiting* waiting = nullptr;
  for (Waiting& each : waiting_)
    if (each.told == told) waiting = &each;
  const auto* const at = static_cast<const unsigned char*>(touch.at);
  if (waiting == nullptr) {
    const bool plain_writes = writes(finding.other.access) && !is_atomic(touch.access) && !is_atomic(finding.other.access);
    waiting_.push_back({std::move(finding), now.thread, at, told, plain_writes, 0, {}});
    waiting = &waiting_.back();
  } else if (finding.severity < waiting->finding.severity) {
    waiting->finding = std::move(finding);  // of another warp after all
  }
  if (waiting->count == 4) return;
  Waiting::Word& noted = waiting->words[waiting->count++];
  noted = {at, {0, 0, 0, 0}, 0};
  const std::uint64_t low = now.shared ? reinterpret_cast<std::uintptr_t>(touch.at) : touch.address;
  for (unsigned byte = 0; byte < 4; ++byte) {
    const std::uint64_t address = word * 4 + byte;
    if ((mask >> byte & 1) == 0 || address < low || address >= low + touch.bytes) continue;
    if (noted.mask == 0) noted.at = at + static_cast<std::int64_t>(address - low) - byte;
    noted.old[byte] = noted.at[byte];
    noted.mask = static_cast<std::uint8_t>(noted.mask | 1u << byte);
  }
}

void RaceFindings::judge_now() {
  for (Waiting& each : waiting_) {
    bool changed = !each.same_value_is_harmless;
    for (unsigned i = 0; i < each.count; ++i)
      for (unsigned byte = 0; byte < 4; ++byte)
        if (each.words[i].mask >> byte & 1) changed |= each.words[i].at[byte] != each.words[i].old[byte];
    Finding& finding = each.finding;
    if (!changed) finding.severity = Severity::kInfo;
    finding.actor.has_value = true;
    std::memcpy(&finding.actor.value, each.at, finding.bytes < 8 ? finding.bytes : 8);
    const auto badness = static_cast<std::uint8_t>(3 - static_cast<int>(finding.severity));
    if (badness > *each.told) *each.told = badness;
    tell(each.thread, std::move(finding));
  }
  waiting_.clear();
}

// A finding is told by the thread that it is about.
void RaceFindings::tell(const Thread* thread, Finding finding) {
  Thread* const running = current;
  current = const_cast<Thread*>(thread);
  found(*thread->block->launch, std::move(finding));
  current = running;
}

void RaceFindings::tell_held(const Thread* thread, const Touch* touch) {
  std::vector<Held> kept;
  for (Held& each : held_) {
    if (thread != nullptr && each.thread != thread) {
      kept.push_back(std::move(each));
      continue;
    }
    if (touch != nullptr && touch->access == Access::kAtomic && touch->address == each.finding.address) continue;
    if (each.badness > *each.told) *each.told = each.badness;
    tell(each.thread, std::move(each.finding));
  }
  held_ = std::move(kept);
}

}  // namespace kbk::race
