#include "findings.h"

#include <cstring>
#include <map>
#include <string_view>
#include <tuple>
#include <vector>

#include "../json.h"
#include "sanitizer.h"

namespace kbk {

bool checking = false;

namespace {

constexpr std::size_t kMostFindings = 1000;  // different ones, of one call

struct Kept {
  Finding finding;
  std::string launch;  // JSON members of the launch and of the __shared__ variable
  std::uint64_t count = 1;
};

using Key = std::tuple<std::string_view, const void*, const void*, const char*, int>;  // code, the two places, and the place of a launch
std::map<Key, std::size_t> collected_at;
std::vector<Kept> collected;
std::uint64_t dropped = 0;

const char* name_of(Access access) {
  const char* const names[] = {"read", "write", "atomic", "atomic-load", "atomic-store", "volatile-read", "volatile-write"};
  return names[static_cast<int>(access)];
}

std::string member(const Actor& actor) {
  if (actor.pc == nullptr && !actor.known) return "null";
  std::uintptr_t base = 0;
  library_of(actor.pc, base);
  const std::uintptr_t at = reinterpret_cast<std::uintptr_t>(actor.pc);
  std::string out = "{\"offset\":" + std::to_string(at > base ? at - base : 0);
  out += ",\"block\":" + (actor.known ? json_triple(actor.block) : "null") +
         ",\"thread\":" + (actor.known ? json_triple(actor.thread) : "null") + ",\"access\":\"" + name_of(actor.access) +
         "\",\"value\":" + (actor.has_value ? std::to_string(actor.value) : "null") + "}";
  return out;
}

// The variable of shared memory at or nearest to an address.
std::string shared_member(const Launch& launch, const Block& block, std::uint64_t address) {
  const auto base = reinterpret_cast<std::uintptr_t>(block.arena.base);
  const auto dynamic = reinterpret_cast<std::uintptr_t>(block.dynamic);
  if (address >= dynamic - kDynamicReach) {
    const DynamicShared& d = launch.dynamic;
    return "{\"name\":" + json_text(*d.name != '\0' ? d.name : "dynamic shared memory") +
           ",\"offset\":" + std::to_string(static_cast<std::int64_t>(address - dynamic)) +
           ",\"size\":" + std::to_string(launch.config.dynamic_bytes) + ",\"element\":" + std::to_string(d.element) +
           ",\"extents\":[" + std::to_string(launch.config.dynamic_bytes / d.element) + "],\"type\":\"" + d.type +
           "\",\"dynamic\":true}";
  }
  const SharedSlot* nearest = nullptr;
  std::uint64_t least = ~std::uint64_t{0};
  for (const SharedSlot* slot : launch.slots) {
    const std::uint64_t low = base + slot->offset, high = low + slot->size;
    const std::uint64_t far = address < low ? low - address : address >= high ? address - high + 1 : 0;
    if (far < least) least = far, nearest = slot;
  }
  if (nearest == nullptr) return "null";
  std::string extents;
  for (const unsigned each : nearest->extents)
    if (each != 0) extents += (extents.empty() ? "" : ",") + std::to_string(each);
  return "{\"name\":" + json_text(nearest->name) +
         ",\"offset\":" + std::to_string(static_cast<std::int64_t>(address - base - nearest->offset)) +
         ",\"size\":" + std::to_string(nearest->size) + ",\"element\":" + std::to_string(nearest->element) + ",\"extents\":[" +
         extents + "],\"type\":\"" + nearest->type + "\",\"dynamic\":false}";
}

std::string launch_members(const Launch& launch, const Finding& finding) {
  std::uintptr_t base = 0;
  std::string out = "\"kernel\":" + json_text(launch.kernel) +
                    ",\"library\":" + json_text(library_of(reinterpret_cast<const void*>(launch.body), base)) +
                    ",\"launch\":" + std::to_string(launch.serial) + ",\"memory\":";
  if (!finding.has_memory) return out + "null";
  const char* const spaces[] = {"global", "shared", "module", "host"};
  out += std::string("{\"space\":\"") + spaces[static_cast<int>(finding.space)] +
         "\",\"address\":" + std::to_string(finding.address) + ",\"bytes\":" + std::to_string(finding.bytes) +
         ",\"beyond\":" + (finding.beyond < 0 ? "null" : std::to_string(finding.beyond)) + ",\"shared\":";
  if (finding.space == Space::kShared && current != nullptr)
    out += shared_member(launch, *current->block, finding.address);
  else
    out += "null";
  return out + "}";
}

}  // namespace

Actor actor_of(const Thread& thread, const void* pc, Access access) {
  Actor actor;
  actor.pc = pc;
  actor.block = thread.block->index;
  actor.thread = thread.index;
  actor.access = access;
  actor.known = true;
  return actor;
}

Actor actor_of(const Thread& thread, const Touch& touch) {
  Actor actor = actor_of(thread, touch.pc, touch.access);
  if (reads(touch.access)) {
    std::memcpy(&actor.value, touch.at, touch.bytes < 8 ? touch.bytes : 8);
    actor.has_value = true;
  }
  return actor;
}

void found(const Launch& launch, Finding finding) {
  const Key key{finding.code, finding.actor.pc, finding.other.pc, finding.file, finding.line};
  const auto known = collected_at.find(key);
  if (known != collected_at.end()) {
    Kept& earlier = collected[known->second];
    ++earlier.count;
    if (finding.severity < earlier.finding.severity) {  // the worst of them is told
      earlier.launch = launch_members(launch, finding);
      earlier.finding = std::move(finding);
    }
    return;
  }
  if (collected.size() == kMostFindings) {
    ++dropped;
    return;
  }
  collected_at.emplace(key, collected.size());
  std::string members = launch_members(launch, finding);
  collected.push_back({std::move(finding), std::move(members)});
}

std::string take_findings() {
  std::string out;
  for (const Kept& each : collected) {
    const Finding& f = each.finding;
    const char* const severities[] = {"error", "warning", "info"};
    out += std::string(out.empty() ? "" : ",") + "{\"kind\":\"" + f.kind + "\",\"code\":\"" + f.code + "\",\"severity\":\"" +
           severities[static_cast<int>(f.severity)] + "\",\"count\":" + std::to_string(each.count) + "," + each.launch +
           ",\"actor\":" + member(f.actor) + ",\"other\":" + member(f.other) + ",\"number\":" + std::to_string(f.number) +
           ",\"text\":" + json_text(f.text) + ",\"file\":" + (f.file == nullptr ? "null" : json_text(f.file)) + ",\"line\":" + (f.line == 0 ? "null" : std::to_string(f.line)) +
           ",\"waiters\":[]}";
  }
  out = "{\"dropped\":" + std::to_string(dropped) + ",\"findings\":[" + out + "]}";
  collected_at.clear();
  collected.clear();
  dropped = 0;
  return out;
}

}  // namespace kbk
