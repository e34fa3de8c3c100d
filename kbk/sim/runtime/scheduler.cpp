// Who runs next. Threads of a block are fibers on one OS thread. A thread starts on the stack of the one that just
// finished, so a kernel without barriers uses one stack; it takes a stack of its own when it first waits.
// Lanes of the running warp come first, then other warps in order; with a seed the choice is random, but the same each
// time.
#include "state.h"
#include "trace.h"

namespace kbk {

thread_local Thread* current = nullptr;
thread_local Worker* worker = nullptr;
Settings settings;

namespace {

// xorshift64*: any generator would do; it only has to be the same everywhere.
std::uint64_t next_random(Worker& w) {
  w.random ^= w.random >> 12;
  w.random ^= w.random << 25;
  w.random ^= w.random >> 27;
  return w.random * 2685821657736338717ull;
}

unsigned pick_bit(Worker& w, unsigned mask) {
  if (w.random == 0) return static_cast<unsigned>(__builtin_ctz(mask));
  unsigned skip = static_cast<unsigned>(next_random(w) % static_cast<unsigned>(__builtin_popcount(mask)));
  while (skip-- > 0) mask &= mask - 1;
  return static_cast<unsigned>(__builtin_ctz(mask));
}

// Only this OS thread writes it; a tick on the same OS thread reads it.
void count_switch(Worker& w) { w.switches = w.switches + 1; }

void take_ready(Block& block, unsigned warp, unsigned lane) {
  Warp& w = block.warps[warp];
  w.ready &= ~(1u << lane);
  if (w.ready == 0) block.ready_warps &= ~(1u << warp);
}

// The next thread of the block that may run, or null.
Thread* pick(Block& block, unsigned warp) {
  Worker& self = *worker;
  Warp& here = block.warps[warp];
  if (here.ready == 0 && here.active_wait != 0) resolve_active_mask(block, warp);
  if (here.ready == 0 || (self.random != 0 && next_random(self) % 4 == 0)) {
    if (block.ready_warps == 0) return nullptr;
    warp = pick_bit(self, block.ready_warps);
  }
  const unsigned lane = pick_bit(self, block.warps[warp].ready);
  take_ready(block, warp, lane);
  return &block.threads[warp * kLanes + lane];
}

void finish(Thread& thread) {
  Block& block = *thread.block;
  const unsigned warp = thread.linear / kLanes;
  thread.wait = Wait::kDone;
  trace_leave(thread);
  block.warps[warp].alive &= ~(1u << thread.linear % kLanes);
  --block.live;
  thread_left_warp(block, warp);
  if (block.live > 0 && block.arrived == block.live) release_barrier(block);
  if (block.launch->config.cooperative) --block.launch->grid_live;
}

// The first frame of every stack: runs threads one after another until one is waiting elsewhere for its turn.
void fiber_main() {
  for (;;) {
    Thread* thread = current;
    Block& block = *thread->block;
    block.launch->body(block.launch->context);
    thread = current;  // the same thread, perhaps after many switches
    const Stack stack = thread->stack;
    finish(*thread);
    Thread* next = pick(block, thread->linear / kLanes);
    if (next != nullptr && next->stack_pointer == nullptr) {
      next->stack = stack;
      current = next;
      continue;
    }
    // Leave this stack. Nobody returns to it: it is handed out fresh next time.
    worker->stacks.give(stack);
    void* unused;
    count_switch(*worker);
    current = next;
    kbk_switch(&unused, next != nullptr ? next->stack_pointer : worker->main_stack_pointer);
  }
}

// False, with the fault recorded, when there is no memory for another stack.
bool start(Thread& thread) {
  thread.stack = worker->stacks.take();
  if (thread.stack.base == nullptr) {
    record_fault("launch", "no memory for the stacks of so many waiting threads", nullptr);
    return false;
  }
  thread.stack_pointer = fresh_stack_pointer(thread.stack, fiber_main);
  return true;
}

}  // namespace

void make_ready(Block& block, unsigned warp, unsigned lanes) {
  if (lanes == 0) return;
  block.warps[warp].ready |= lanes;
  block.ready_warps |= 1u << warp;
}

void block_current(Wait wait, const void* pc) {
  Thread* self = current;
  Block& block = *self->block;
  self->wait = wait;
  self->wait_pc = pc;
  Worker& w = *worker;
  count_switch(w);
  w.polls = 0;
  Thread* next = pick(block, self->linear / kLanes);
  if (next == self) {  // a sibling's arrival freed it at once
    self->wait = Wait::kNone;
    return;
  }
  void* to = w.main_stack_pointer;
  if (next != nullptr) {
    if (next->stack_pointer == nullptr && !start(*next)) end_launch_here();
    to = next->stack_pointer;
  }
  current = next;
  kbk_switch(&self->stack_pointer, to);
  current = self;
  self->wait = Wait::kNone;
}

void end_launch_here() {
  void* unused;
  current = nullptr;
  kbk_switch(&unused, worker->main_stack_pointer);
  __builtin_unreachable();
}

namespace {

// Blocks that may live at once when threads poll: as many as the device could hold, within reason for the host.
std::size_t resident_blocks(const Launch& launch) {
  const auto threads = static_cast<std::size_t>((launch.threads_per_block + kLanes - 1) / kLanes * kLanes);
  const std::size_t per_sm = static_cast<std::size_t>(profile().threads_per_sm) / threads;
  const std::size_t all = static_cast<std::size_t>(profile().sms) * (per_sm > 0 ? per_sm : 1);
  return all < 1024 ? all : 1024;
}

void begin_block(Worker& w, Block& block, std::uint64_t number) {
  Launch& launch = *w.launch;
  const Dim grid = launch.config.grid, dim = launch.config.block;
  block.launch = &launch;
  block.linear = number;
  const std::uint64_t rest = number / grid.x;
  block.index = pack(static_cast<unsigned>(number % grid.x), static_cast<unsigned>(rest % grid.y),
                     static_cast<unsigned>(rest / grid.y));
  const auto threads = static_cast<unsigned>(launch.threads_per_block);
  block.live = threads;
  block.arrived = block.grid_arrived = 0;
  block.barrier_count = block.barrier_or = 0;
  block.barrier_and = 1;
  if (block.threads.size() != threads) {
    block.threads.assign(threads, {});
    block.warps.assign((threads + kLanes - 1) / kLanes, {});
  }
  unsigned x = 0, y = 0, z = 0;
  for (unsigned i = 0; i < threads; ++i) {
    Thread& thread = block.threads[i];
    thread.stack_pointer = nullptr;
    thread.block = &block;
    thread.linear = i;
    thread.index = pack(x, y, z);
    thread.wait = Wait::kNone;
    thread.entered = false;
    thread.edge = nullptr;
    if (++x == dim.x) {
      x = 0;
      if (++y == dim.y) y = 0, ++z;
    }
  }
  block.ready_warps = 0;
  block.spun_warps = 0;
  for (unsigned i = 0; i < block.warps.size(); ++i) {
    Warp& warp = block.warps[i];
    const unsigned lanes = threads - i * kLanes;
    warp.alive = lanes >= kLanes ? ~0u : (1u << lanes) - 1;
    warp.barrier = warp.grid = warp.spun = warp.active_wait = 0;
    warp.groups.clear();
    warp.ready = 0;
    make_ready(block, i, warp.alive);
  }
  prepare_shared(block);
  trace_block_begin(block);
}

Block* admit(Worker& w) {
  Launch& launch = *w.launch;
  const std::uint64_t ticket = launch.next_block.fetch_add(1, std::memory_order_relaxed);
  if (ticket >= launch.blocks) return nullptr;
  if (w.idle.empty()) {
    w.pool.push_back(std::make_unique<Block>());
    w.idle.push_back(w.pool.back().get());
  }
  Block* block = w.idle.back();
  w.idle.pop_back();
  begin_block(w, *block, launch.order.empty() ? ticket : launch.order[ticket]);
  w.active.push_back(block);
  if (launch.config.cooperative) launch.cooperative_blocks.push_back(block);
  return block;
}

// Runs threads of the block until all are done or none can go on.
void enter(Worker& w, Block& block) {
  w.block = &block;
  const unsigned first = w.random == 0 ? static_cast<unsigned>(__builtin_ctz(block.ready_warps))
                                       : pick_bit(w, block.ready_warps);
  Thread* next = pick(block, first);
  if (next->stack_pointer == nullptr && !start(*next)) return;
  current = next;
  kbk_switch(&w.main_stack_pointer, next->stack_pointer);
  current = nullptr;
}

void retire(Worker& w, std::size_t position) {
  w.idle.push_back(w.active[position]);
  w.active.erase(w.active.begin() + static_cast<std::ptrdiff_t>(position));
}

// Threads that polled get their next turn.
bool wake_spinners(Block& block) {
  unsigned warps = block.spun_warps;
  block.spun_warps = 0;
  for (unsigned mask = warps; mask != 0; mask &= mask - 1) {
    const auto i = static_cast<unsigned>(__builtin_ctz(mask));
    const unsigned lanes = block.warps[i].spun;
    block.warps[i].spun = 0;
    make_ready(block, i, lanes);
  }
  return warps != 0;
}

}  // namespace

void run_blocks(Worker& w) {
  Launch& launch = *w.launch;
  if (launch.config.cooperative)
    while (admit(w) != nullptr) {
    }
  std::size_t turn = 0;
  while (!launch.stop.load(std::memory_order_relaxed)) {
    if (w.active.empty() && admit(w) == nullptr) return;
    if (turn >= w.active.size()) turn = 0;
    std::size_t tried = 0;
    while (tried < w.active.size() && w.active[turn]->ready_warps == 0) {
      turn = (turn + 1) % w.active.size();
      ++tried;
    }
    if (tried == w.active.size()) {
      // Nobody is ready. Polling threads may wait for a block that has not started: start it, then let them poll again.
      bool spinning = false;
      for (Block* block : w.active) spinning = spinning || block->spun_warps != 0;
      if (!spinning) return report_deadlock(w);
      const bool admitted = w.active.size() < resident_blocks(launch) && admit(w) != nullptr;
      for (std::size_t i = 0; i < w.active.size() - (admitted ? 1 : 0); ++i) wake_spinners(*w.active[i]);
      if (admitted) turn = w.active.size() - 1;
      continue;
    }
    Block& block = *w.active[turn];
    enter(w, block);
    if (launch.stop.load(std::memory_order_relaxed)) return;
    if (block.finished()) {
      trace_block_end(block);
      retire(w, turn);
    } else if (block.ready_warps == 0) {
      if (!launch.config.cooperative && block.spun_warps == 0) return report_deadlock(w);
      ++turn;
    }
  }
}

}  // namespace kbk
