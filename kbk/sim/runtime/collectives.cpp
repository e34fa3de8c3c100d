// Meeting points: block barriers count the threads that are alive; warp collectives are a rendezvous of the living
// lanes in the mask.
// CUDA C++ Programming Guide, "Synchronization Functions" and "Warp Shuffle Functions".
#include <cstdio>
#include <limits>

#include "state.h"
#include "trace.h"

namespace kbk {

// --- __syncthreads and its relatives

void release_barrier(Block& block) {
  trace_barrier(block);
  block.barrier_result[1] = block.barrier_count;
  block.barrier_result[2] = block.barrier_and;
  block.barrier_result[3] = block.barrier_or;
  block.barrier_count = block.barrier_or = 0;
  block.barrier_and = 1;
  block.arrived = 0;
  for (unsigned i = 0; i < block.warps.size(); ++i) {
    make_ready(block, i, block.warps[i].barrier);
    block.warps[i].barrier = 0;
  }
}

int barrier(int kind, int predicate, int line) {
  const void* pc = __builtin_return_address(0);
  Thread* self = current;
  if (self == nullptr) trap("unsupported", "__syncthreads() was called outside a kernel");
  check_stop();
  Block& block = *self->block;
  self->wait_pc = pc;
  self->wait_line = line;
  block.barrier_count += predicate != 0;
  block.barrier_and &= predicate != 0;
  block.barrier_or |= predicate != 0;
  if (++block.arrived == block.live) {
    release_barrier(block);
  } else {
    block.warps[self->linear / kLanes].barrier |= 1u << self->linear % kLanes;
    block_current(Wait::kBarrier, pc);
  }
  return block.barrier_result[kind];
}

bool grid_is_cooperative() { return current != nullptr && current->block->launch->config.cooperative; }

void grid_barrier() {
  const void* pc = __builtin_return_address(0);
  Thread* self = current;
  Launch& launch = *self->block->launch;
  if (!launch.config.cooperative)
    trap("launch", "grid.sync() needs a cooperative launch (cudaLaunchCooperativeKernel)");
  check_stop();
  if (++launch.grid_arrived == launch.grid_live) {
    launch.grid_arrived = 0;
    trace_grid_barrier(launch);
    for (Block* block : launch.cooperative_blocks)
      for (unsigned i = 0; i < block->warps.size(); ++i) {
        make_ready(*block, i, block->warps[i].grid);
        block->warps[i].grid = 0;
      }
    return;
  }
  self->block->warps[self->linear / kLanes].grid |= 1u << self->linear % kLanes;
  block_current(Wait::kGrid, pc);
}

// --- warp collectives

namespace {

// What a lane gets that reads a lane which takes no part: undefined in CUDA, a NaN here.
constexpr std::uint64_t kNobodysValue = 0xffffdeadffffdeadull;

std::uint64_t reduce(Op op, const Warp& warp, unsigned lanes) {
  std::uint64_t total = 0;
  bool first = true;
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const std::uint64_t v = warp.value[__builtin_ctz(rest)];
    const auto u = static_cast<std::uint32_t>(v);
    const auto a = static_cast<std::uint32_t>(total);
    const auto su = static_cast<std::int32_t>(u), sa = static_cast<std::int32_t>(a);
    if (first) {
      total = u;
    } else {
      switch (op) {
        case Op::kAddU: case Op::kAddS: total = a + u; break;
        case Op::kMinU: total = u < a ? u : a; break;
        case Op::kMaxU: total = u > a ? u : a; break;
        case Op::kMinS: total = static_cast<std::uint32_t>(su < sa ? su : sa); break;
        case Op::kMaxS: total = static_cast<std::uint32_t>(su > sa ? su : sa); break;
        case Op::kAnd: total = a & u; break;
        case Op::kOr: total = a | u; break;
        default: total = a ^ u; break;
      }
    }
    first = false;
  }
  return total;
}

// The value that `lane` gets; `source` becomes the lane that it asked for.
std::uint64_t shuffled(Op op, const Warp& warp, unsigned lanes, unsigned lane, unsigned& source) {
  const unsigned width = static_cast<unsigned>(warp.width[lane]), argument = warp.argument[lane];
  const unsigned first = lane & ~(width - 1);
  source = lane;
  switch (op) {
    case Op::kShflIdx: source = first + (argument & (width - 1)); break;
    case Op::kShflUp: source = lane - first < argument ? lane : lane - argument; break;
    case Op::kShflDown: source = lane - first + argument >= width ? lane : lane + argument; break;
    default: {  // xor: a lane may read a lower segment, not a higher one
      const unsigned other = lane ^ argument;
      source = other < kLanes && other < first + width ? other : lane;
    }
  }
  return lanes >> source & 1 ? warp.value[source] : kNobodysValue;
}

void complete(Block& block, unsigned number, const Group& group) {
  Warp& warp = block.warps[number];
  const unsigned lanes = group.arrived;
  trace_collective(block, number, lanes, group.op);
  unsigned ballot = 0;
  bool all_equal = true;
  const std::uint64_t leader = warp.value[__builtin_ctz(lanes)];
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    if (warp.value[lane] != 0) ballot |= 1u << lane;
    all_equal = all_equal && warp.value[lane] == leader;
  }
  std::uint64_t common = 0;
  switch (group.op) {
    case Op::kSync: return;
    case Op::kBallot: common = ballot; break;
    case Op::kAny: common = ballot != 0; break;
    case Op::kAll: common = ballot == lanes; break;
    case Op::kMatchAll: common = all_equal ? lanes : 0; break;
    case Op::kShflIdx: case Op::kShflUp: case Op::kShflDown: case Op::kShflXor: case Op::kMatchAny: break;
    default: common = reduce(group.op, warp, lanes);
  }
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) {
    const auto lane = static_cast<unsigned>(__builtin_ctz(rest));
    std::uint64_t value = common;
    if (group.op <= Op::kShflXor) {
      unsigned source;
      value = shuffled(group.op, warp, lanes, lane, source);
      warp.source[lane] = static_cast<std::uint8_t>(source);
      if ((lanes >> source & 1) == 0) trace_stray_shuffle(block.threads[number * kLanes + lane], source, group.mask);
    } else if (group.op == Op::kMatchAny) {
      value = 0;
      for (unsigned others = lanes; others != 0; others &= others - 1) {
        const auto other = static_cast<unsigned>(__builtin_ctz(others));
        if (warp.value[other] == warp.value[lane]) value |= 1u << other;
      }
    }
    warp.result[lane] = value;
    warp.second[lane] = all_equal;
  }
  trace_exchange(block, number, lanes, group.op);
}

}  // namespace

std::uint64_t collective(Op op, unsigned mask, std::uint64_t value, unsigned argument, int width, int* second) {
  const void* pc = __builtin_return_address(0);
  Thread* self = current;
  if (self == nullptr) trap("unsupported", "a warp collective was called outside a kernel");
  check_stop();
  Block& block = *self->block;
  const unsigned number = self->linear / kLanes, lane = self->linear % kLanes, bit = 1u << lane;
  Warp& warp = block.warps[number];
  if ((mask & bit) == 0) {
    char text[160];
    std::snprintf(text, sizeof text, "lane %u called a warp collective whose mask 0x%08x does not name it", lane, mask);
    trap("invalid-mask", text);
  }
  if (width < 1 || width > kLanes || (width & (width - 1)) != 0) {
    char text[160];
    std::snprintf(text, sizeof text, "the width of a shuffle must be a power of two from 1 to 32; it was %d", width);
    trap("invalid-width", text);
  }
  self->wait_pc = pc;
  warp.value[lane] = value;
  warp.argument[lane] = argument;
  warp.width[lane] = width;
  Group* group = nullptr;
  for (Group& candidate : warp.groups)
    if (candidate.op == op && candidate.mask == mask) group = &candidate;
  if (group == nullptr) {
    warp.groups.push_back({op, mask, 0});
    group = &warp.groups.back();
  }
  group->arrived |= bit;
  if (group->arrived == (mask & warp.alive)) {
    const Group met = *group;
    *group = warp.groups.back();
    warp.groups.pop_back();
    complete(block, number, met);
    make_ready(block, number, met.arrived & ~bit);
  } else {
    block_current(Wait::kCollective, pc);
  }
  if (second != nullptr) *second = warp.second[lane];
  return warp.result[lane];
}

// A lane has finished: collectives that waited only for it can complete.
void thread_left_warp(Block& block, unsigned number) {
  Warp& warp = block.warps[number];
  for (std::size_t i = 0; i < warp.groups.size();) {
    const Group group = warp.groups[i];
    if (group.arrived == (group.mask & warp.alive) && group.arrived != 0) {
      warp.groups[i] = warp.groups.back();
      warp.groups.pop_back();
      complete(block, number, group);
      make_ready(block, number, group.arrived);
    } else {
      ++i;
    }
  }
}

// --- __activemask: the lanes that have come to the same place when no other lane of the warp can go on

unsigned active_mask() {
  const void* pc = __builtin_return_address(0);
  Thread* self = current;
  if (self == nullptr) return 1;
  check_stop();
  Block& block = *self->block;
  const unsigned lane = self->linear % kLanes;
  Warp& warp = block.warps[self->linear / kLanes];
  warp.active_wait |= 1u << lane;
  block_current(Wait::kActiveMask, pc);
  return static_cast<unsigned>(warp.result[lane]);
}

bool resolve_active_mask(Block& block, unsigned number) {
  Warp& warp = block.warps[number];
  if (warp.active_wait == 0) return false;
  const Thread* threads = &block.threads[number * kLanes];
  const void* lowest = threads[__builtin_ctz(warp.active_wait)].wait_pc;
  for (unsigned rest = warp.active_wait; rest != 0; rest &= rest - 1)
    if (threads[__builtin_ctz(rest)].wait_pc < lowest) lowest = threads[__builtin_ctz(rest)].wait_pc;
  unsigned lanes = 0;
  for (unsigned rest = warp.active_wait; rest != 0; rest &= rest - 1)
    if (threads[__builtin_ctz(rest)].wait_pc == lowest) lanes |= 1u << __builtin_ctz(rest);
  for (unsigned rest = lanes; rest != 0; rest &= rest - 1) warp.result[__builtin_ctz(rest)] = lanes;
  warp.active_wait &= ~lanes;
  make_ready(block, number, lanes);
  return true;
}

// --- polling: a thread that keeps seeing the same value steps back until the others have run

void poll(const volatile void* address, std::uint64_t value) {
  Worker* w = worker;
  if (current == nullptr) return;
  constexpr unsigned kPatience = 32;
  if (w->poll_address == address && w->poll_value == value) {
    if (++w->polls >= kPatience) yield();
    return;
  }
  w->poll_address = address;
  w->poll_value = value;
  w->polls = 0;
}

void yield() {
  Thread* self = current;
  if (self == nullptr) return;
  check_stop();
  Block& block = *self->block;
  const unsigned number = self->linear / kLanes;
  block.warps[number].spun |= 1u << self->linear % kLanes;
  block.spun_warps |= 1u << number;
  block_current(Wait::kSpin, __builtin_return_address(0));
  worker->polls = 32;  // still waiting: one more look, then step back again
}

}  // namespace kbk
