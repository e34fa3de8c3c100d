// Drives the race detector without kernels: programs of events, from a script or at random.
//
//   race_order script < program     one event a line; prints the findings
//   race_order random FIRST COUNT ALIKE THREADS   random programs of up to so many threads, judged also by vector clocks;
//                                                 prints counts
//
// The vector clocks follow the rules of runtime/tools/order.h literally: one entry a thread, one tick an event, every access kept.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "tools/findings.h"
#include "tools/race.h"

namespace kbk {
thread_local Thread* current = nullptr;
Actor actor_of(const Thread& thread, const void* pc, Access access) {
  return {pc, thread.block->index, thread.index, access, true, false, 0};
}
namespace {
std::vector<Finding> findings;
}
void found(const Launch&, Finding finding) { findings.push_back(std::move(finding)); }
}  // namespace kbk

using namespace kbk;

namespace {

constexpr unsigned kBlocks = 2, kThreads = 64, kBytes = 64, kAll = kBlocks * kThreads;

struct Machine {
  Launch launch;
  Block blocks[kBlocks];
  alignas(64) unsigned char global[kBytes] = {};
  alignas(64) unsigned char shared[kBlocks][kBytes] = {};
  Listener& tool = race_detector();

  Machine() {
    launch.config.grid = {kBlocks, 1, 1};
    launch.config.block = {kThreads, 1, 1};
    launch.body = nullptr;
    for (unsigned b = 0; b < kBlocks; ++b) {
      Block& block = blocks[b];
      block.launch = &launch;
      block.linear = block.index = b;
      block.threads.resize(kThreads);
      block.warps.resize(kThreads / kLanes);
      for (Warp& warp : block.warps) warp.alive = ~0u;
      for (unsigned t = 0; t < kThreads; ++t) {
        block.threads[t].block = &block;
        block.threads[t].linear = t;
        block.threads[t].index = t;
      }
      block.arena = {reinterpret_cast<char*>(shared[b]), reinterpret_cast<char*>(shared[b]) + kBytes};
    }
    tool.begin(launch);
    for (Block& block : blocks) tool.block_begin(block);
  }
  ~Machine() {
    for (Block& block : blocks) tool.block_end(block);
    tool.end(launch);
  }

  void access(unsigned b, unsigned t, Access access, bool in_shared, unsigned offset, unsigned bytes, std::uintptr_t pc,
              std::uint64_t value) {
    unsigned char* const at = (in_shared ? shared[b] : global) + offset;
    Touch touch{};
    touch.address = reinterpret_cast<std::uintptr_t>(at);
    touch.at = at;
    touch.pc = reinterpret_cast<const void*>(pc);
    touch.bytes = bytes;
    touch.access = access;
    touch.space = in_shared ? Space::kShared : Space::kGlobal;
    current = &blocks[b].threads[t];
    tool.touch(*current, touch);
    if (writes(access)) std::memcpy(at, &value, bytes);
  }
  void leave(unsigned b, unsigned t) {
    blocks[b].warps[t / kLanes].alive &= ~(1u << t % kLanes);
    tool.leave(blocks[b].threads[t]);
  }
};

// --- the same rules, with everything written out

using Clock = std::vector<unsigned>;

void join(Clock& a, const Clock& b) {
  for (unsigned i = 0; i < kAll; ++i)
    if (b[i] > a[i]) a[i] = b[i];
}

struct Done {
  unsigned thread, time;
  Access access;
  bool released;
  Clock clock;  // what its thread knew
  bool excused = false;
};

struct Place {
  Clock known = Clock(kAll);
  std::map<unsigned, Clock> in_block;
};

struct Oracle {
  std::vector<Clock> clock = std::vector<Clock>(kAll, Clock(kAll));
  std::vector<Clock> wide = clock, narrow = clock;  // fenced
  std::vector<bool> any_wide = std::vector<bool>(kAll), any = any_wide, fresh = any_wide, fresh_wide = any_wide, gone = any_wide;
  std::map<std::uint64_t, std::vector<Done>> bytes;
  std::map<std::uint64_t, Place> places;
  std::set<unsigned> racy, perhaps, racy_between_warps, touched;  // groups

  std::vector<std::vector<std::uint64_t>> polled = std::vector<std::vector<std::uint64_t>>(kAll);  // words of a volatile read

  void acquire(unsigned u, std::uint64_t word) {
    const auto place = places.find(word);
    if (place == places.end()) return;
    join(clock[u], place->second.known);
    const auto near = place->second.in_block.find(u / kThreads);
    if (near != place->second.in_block.end()) join(clock[u], near->second);
  }
  void settle(unsigned u) {
    for (const std::uint64_t word : polled[u]) acquire(u, word);
    polled[u].clear();
  }
  void tick(unsigned u) { ++clock[u][u]; }
  void meet(const std::vector<unsigned>& who) {
    Clock all(kAll), all_wide(kAll), all_narrow(kAll);
    bool has = false, has_wide = false;
    for (unsigned u : who) {
      settle(u);
      join(all, clock[u]);
      join(all_wide, wide[u]);
      join(all_narrow, narrow[u]);
      has = has || any[u];
      has_wide = has_wide || any_wide[u];
    }
    for (unsigned u : who) {
      clock[u] = all;
      wide[u] = all_wide;
      narrow[u] = all_narrow;
      any[u] = has;
      any_wide[u] = has_wide;
      fresh[u] = false;
      tick(u);
    }
  }
  void barrier(unsigned b) {
    std::vector<unsigned> who;
    for (unsigned t = 0; t < kThreads; ++t) who.push_back(b * kThreads + t);
    meet(who);
  }
  void sync(unsigned b, unsigned warp, unsigned lanes) {
    std::vector<unsigned> who;
    for (unsigned lane = 0; lane < kLanes; ++lane) {
      const unsigned u = b * kThreads + warp * kLanes + lane;
      if ((lanes >> lane & 1) || gone[u]) who.push_back(u);
    }
    meet(who);
  }
  void fence(unsigned u, Scope scope) {
    settle(u);
    join(narrow[u], clock[u]);
    any[u] = fresh[u] = true;
    fresh_wide[u] = scope != Scope::kBlock;
    if (fresh_wide[u]) {
      join(wide[u], clock[u]);
      any_wide[u] = true;
    }
    tick(u);
  }
  void grid() {
    Oracle next;
    next.racy = racy;
    next.perhaps = perhaps;
    next.touched = touched;
    next.racy_between_warps = racy_between_warps;
    next.gone = gone;
    *this = std::move(next);
  }
  // Strong accesses before a release that somebody has read: the detector may have let that stand for them.
  static void excuse(std::vector<Done>& before, const Done& release) {
    for (Done& each : before)
      each.excused = each.excused || (strong(each.access) && release.clock[each.thread] >= each.time);
  }
  static bool strong(Access a) { return is_atomic(a) || is_volatile(a); }
  void access(unsigned u, Access access, bool shared, std::uint64_t address, unsigned bytes_, unsigned group) {
    const unsigned b = u / kThreads, warp = u / kLanes;
    const bool is_strong = strong(access);
    touched.insert(group);
    settle(u);
    if (!is_strong) fresh[u] = false;
    const std::uint64_t first = address / 4, last = (address + bytes_ - 1) / 4;
    if (is_strong && reads(access))
      for (std::uint64_t w = first; w <= last; ++w) {
        acquire(u, w);
        if (access == Access::kVolatileRead) polled[u].push_back(w);
      }
    tick(u);
    const unsigned time = clock[u][u];
    for (std::uint64_t at = address; at < address + bytes_; ++at) {
      auto& before = bytes[at];
      for (std::size_t i = 0; i < before.size();) {
        const Done& done = before[i];
        const bool ordered = clock[u][done.thread] >= done.time;
        const bool within_warp = done.thread / kLanes == warp;
        bool fine = ordered || (!writes(access) && !writes(done.access));
        const bool both_atomic = is_atomic(access) && is_atomic(done.access);
        const bool both_volatile = is_volatile(access) && is_volatile(done.access);
        if (is_strong && strong(done.access)) fine = fine || both_atomic || !both_volatile || !shared || !within_warp;
        if (!fine) {
          (done.excused ? perhaps : racy).insert(group);
          if (!within_warp && !done.excused) racy_between_warps.insert(group);
        }
        if (fine && !ordered && access == Access::kAtomic && done.released && writes(done.access)) {
          excuse(before, before[i]);
          before.erase(before.begin() + static_cast<std::ptrdiff_t>(i));
        } else {
          ++i;
        }
      }
      before.push_back({u, time, access, is_strong && any[u], clock[u], false});
    }
    if (!is_strong || !writes(access)) return;
    if (fresh[u]) {
      join(narrow[u], clock[u]);
      if (fresh_wide[u]) join(wide[u], clock[u]);
      fresh[u] = false;
    }
    for (std::uint64_t w = first; w <= last; ++w) {
      if (access != Access::kAtomic && bytes_ >= 4) places.erase(w);
      if (!any[u]) continue;
      Place& place = places[w];
      join(place.known, shared ? narrow[u] : wide[u]);
      place.in_block.emplace(b, Clock(kAll));
      join(place.in_block[b], narrow[u]);
    }
  }
};

// Words 0-1, 2-3, … of a space are a group: no access leaves its group. The pc tells the group.
unsigned group_of(bool shared, unsigned b, unsigned offset) { return (shared ? 16 + 16 * b : 0) + offset / 8; }

struct Tally {
  unsigned programs = 0, clean = 0, racy = 0, both = 0, only_told = 0, only_true = 0, milder = 0;
};

void run_random(unsigned seed, unsigned most, Tally& tally) {
  std::mt19937 random(seed);
  auto pick = [&](unsigned n) { return static_cast<unsigned>(random() % n); };
  findings.clear();
  Oracle oracle;
  std::set<unsigned> told, told_error;
  std::vector<unsigned> who;
  const unsigned active = 2 + pick(most - 1);
  for (unsigned i = 0; i < active; ++i) {
    const unsigned near = pick(3);  // often neighbours: lanes of one warp
    who.push_back(near == 0 || who.empty() ? pick(kAll) : (who.back() & ~31u) + (near == 1 ? pick(32) : who.back() + 1) % 32);
  }
  const unsigned events = 6 + pick(60), groups = 1 + pick(3), kind = pick(4), sizes = pick(2);
  {
    Machine machine;
    for (unsigned i = 0; i < events; ++i) {
      const unsigned u = who[pick(active)], b = u / kThreads, t = u % kThreads;
      const unsigned what = pick(100);
      if (oracle.gone[u]) continue;
      if (what < 70) {
        const bool shared = kind == 0 ? false : kind == 1 ? true : pick(2) != 0;
        const unsigned group = pick(groups), bytes = sizes == 0 ? 4 : 1u << pick(4);
        // even groups hold mostly data, odd ones mostly flags
        const Access plain[] = {Access::kRead, Access::kWrite};
        const Access strong[] = {Access::kAtomic, Access::kAtomicLoad, Access::kAtomicStore, Access::kVolatileRead,
                                 Access::kVolatileWrite};
        const bool flag = pick(10) == 0 ? group % 2 == 0 : group % 2 == 1;
        const Access access = flag ? strong[pick(5)] : plain[pick(2)];
        const unsigned offset = group * 8 + pick(8 / bytes) * bytes;
        unsigned char* const at = (shared ? machine.shared[b] : machine.global) + offset;
        const unsigned number = group_of(shared, b, offset);
        oracle.access(u, access, shared, reinterpret_cast<std::uintptr_t>(at), bytes, number);
        machine.access(b, t, access, shared, offset, bytes, 1000 + number * 8 + pick(3), random());
      } else if (what < 80) {
        const Scope scope = pick(3) == 0 ? Scope::kBlock : Scope::kDevice;
        oracle.fence(u, scope);
        machine.tool.fence(machine.blocks[b].threads[t], scope);
      } else if (what < 87) {
        oracle.barrier(b);
        machine.tool.barrier(machine.blocks[b]);
      } else if (what < 95) {
        const unsigned alive = machine.blocks[b].warps[t / kLanes].alive;
        unsigned lanes = pick(2) != 0 ? alive : (static_cast<unsigned>(random()) | 1u << t % kLanes) & alive;
        oracle.sync(b, t / kLanes, lanes);
        machine.tool.collective(machine.blocks[b], t / kLanes, lanes, Op::kSync);
      } else if (what < 97) {
        machine.tool.collective(machine.blocks[b], t / kLanes, ~0u, Op::kShflDown);
      } else if (what < 98) {
        oracle.grid();
        machine.tool.grid_barrier(machine.launch);
      } else {
        oracle.gone[u] = true;
        machine.leave(b, t);
      }
    }
    machine.tool.leave(machine.blocks[0].threads[0]);  // the last write is judged
  }
  for (const Finding& each : findings) {
    const unsigned number = static_cast<unsigned>((reinterpret_cast<std::uintptr_t>(each.actor.pc) - 1000) / 8);
    told.insert(number);
    if (each.has_memory && each.severity != Severity::kWarning) told_error.insert(number);
  }
  ++tally.programs;
  for (unsigned number = 0; number < 48; ++number) {
    const bool is = oracle.racy.count(number) != 0, says = told.count(number) != 0;
    const bool perhaps = oracle.perhaps.count(number) != 0;
    tally.clean += oracle.touched.count(number) != 0 && !is && !perhaps;
    tally.racy += is;
    tally.both += is && says;
    tally.only_told += !is && !perhaps && says;
    tally.only_true += is && !says;
    tally.milder += oracle.racy_between_warps.count(number) != 0 && says && told_error.count(number) == 0;
    if (is != says && !perhaps && std::getenv("VERBOSE") != nullptr)
      std::printf("seed %u events %u group %u: %s\n", seed, events, number, is ? "missed" : "false");
  }
}

// --- scripts

Access access_named(const std::string& name) {
  const char* const names[] = {"read", "write", "atomic", "atomic-load", "atomic-store", "volatile-read", "volatile-write"};
  for (int i = 0; i < 7; ++i)
    if (name == names[i]) return static_cast<Access>(i);
  std::fprintf(stderr, "no access: %s\n", name.c_str());
  std::exit(2);
}

// access BLOCK THREAD KIND global|shared OFFSET BYTES PC VALUE; fence BLOCK THREAD SCOPE; barrier BLOCK; sync BLOCK WARP LANES;
// shuffle BLOCK WARP LANES; leave BLOCK THREAD; grid
void run_script() {
  {
    Machine m;
    char line[256], word[32], kind[32], space[32];
    unsigned b = 0, t = 0, x = 0, y = 0;
    unsigned long pc = 0, value = 0;
    while (std::fgets(line, sizeof line, stdin) != nullptr) {
      if (std::sscanf(line, "%31s", word) != 1) continue;
      const std::string what = word;
      const char* const rest = line + std::strspn(line, " ") + what.size();
      if (what == "access" && std::sscanf(rest, "%u %u %31s %31s %u %u %lu %lu", &b, &t, kind, space, &x, &y, &pc, &value) == 8)
        m.access(b, t, access_named(kind), std::string(space) == "shared", x, y, pc, value);
      else if (what == "fence" && std::sscanf(rest, "%u %u %u", &b, &t, &x) == 3)
        m.tool.fence(m.blocks[b].threads[t], static_cast<Scope>(x));
      else if (what == "barrier" && std::sscanf(rest, "%u", &b) == 1)
        m.tool.barrier(m.blocks[b]);
      else if (what == "sync" && std::sscanf(rest, "%u %u %x", &b, &t, &x) == 3)
        m.tool.collective(m.blocks[b], t, x, Op::kSync);
      else if (what == "shuffle" && std::sscanf(rest, "%u %u %x", &b, &t, &x) == 3)
        m.tool.collective(m.blocks[b], t, x, Op::kShflDown);
      else if (what == "leave" && std::sscanf(rest, "%u %u", &b, &t) == 2)
        m.leave(b, t);
      else if (what == "grid")
        m.tool.grid_barrier(m.launch);
      else
        std::fprintf(stderr, "no event: %s", line), std::exit(2);
    }
    m.tool.leave(m.blocks[0].threads[0]);
  }
  const char* const severities[] = {"error", "warning", "info"};
  for (const Finding& f : findings) {
    if (!f.has_memory) continue;  // the same again
    std::printf("%s %s %lu %lu %u %u %lu %ld %u %u %lu %ld\n", f.code, severities[static_cast<int>(f.severity)], f.number,
                reinterpret_cast<unsigned long>(f.actor.pc), unpack_x(f.actor.block), unpack_x(f.actor.thread), f.actor.value,
                static_cast<long>(reinterpret_cast<std::uintptr_t>(f.other.pc)), unpack_x(f.other.block), unpack_x(f.other.thread),
                f.other.value, static_cast<long>(f.bytes));
  }
}

}  // namespace

int main(int count, char** arguments) {
  if (count == 6 && std::string(arguments[1]) == "random") {
    race_forgives(false);
    race_limit(kRaceRecords, static_cast<unsigned>(std::atoi(arguments[4])));
    Tally tally;
    auto number = [&](int i) { return static_cast<unsigned>(std::atoi(arguments[i])); };
    for (unsigned i = 0; i < number(3); ++i) run_random(number(2) + i, number(5), tally);
    std::printf("{\"programs\": %u, \"clean\": %u, \"racy\": %u, \"found\": %u, \"false\": %u, \"missed\": %u, \"milder\": %u}\n",
                tally.programs, tally.clean, tally.racy, tally.both, tally.only_told, tally.only_true, tally.milder);
    return 0;
  }
  if (count == 2 && std::string(arguments[1]) == "script") return run_script(), 0;
  return 2;
}
