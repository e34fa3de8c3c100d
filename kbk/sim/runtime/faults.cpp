// How a launch ends that must not go on: an invalid address, a division by zero, Ctrl-C, too much time, a deadlock,
// a trap.
// A signal handler never unwinds: it notes the fault, discards the fiber and continues in the worker's scheduler.
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <mutex>
#include <stdexcept>

#include "guarded.h"
#include "launch.h"
#include "signals.h"

namespace kbk {

namespace {

bool in_text(std::uintptr_t pc) {
  const Launch& launch = *worker->launch;
  return pc >= launch.text_low && pc < launch.text_high;
}

// The innermost address of the kernel's own library: `pc` itself, or a return address on the fiber's stack.
const void* nearest_kernel_pc(std::uintptr_t pc, std::uintptr_t stack_pointer) {
  if (in_text(pc)) return reinterpret_cast<const void*>(pc);
  const Thread& thread = *current;
  const auto low = reinterpret_cast<std::uintptr_t>(thread.stack.base), high = low + thread.stack.bytes;
  if (stack_pointer < low || stack_pointer >= high) return nullptr;
  for (std::uintptr_t at = (stack_pointer + 7) & ~std::uintptr_t{7}; at + 8 <= high; at += 8) {
    std::uintptr_t word;
    std::memcpy(&word, reinterpret_cast<const void*>(at), sizeof word);
    if (in_text(word)) return reinterpret_cast<const void*>(word - 1);
  }
  return nullptr;
}

// The same for a call that the kernel made into the runtime: both keep frame pointers, so the chain of frames is exact, where
// words on the stack may be left over from another thread.
const void* calling_kernel_pc(void* frame_address) {
  const Thread& thread = *current;
  const auto low = reinterpret_cast<std::uintptr_t>(thread.stack.base), high = low + thread.stack.bytes;
  auto frame = reinterpret_cast<std::uintptr_t>(frame_address);
  while (frame >= low && frame + 16 <= high && frame % 8 == 0) {
    std::uintptr_t words[2];  // the caller's frame, the return address
    std::memcpy(words, reinterpret_cast<const void*>(frame), sizeof words);
    if (in_text(words[1])) return reinterpret_cast<const void*>(words[1] - 1);
    if (words[0] <= frame) break;
    frame = words[0];
  }
  return nearest_kernel_pc(0, reinterpret_cast<std::uintptr_t>(frame_address));
}

void note(const char* kind, std::string message, const void* pc) {
  Worker& w = *worker;
  if (w.fault || w.launch->stop.exchange(true)) return;  // the first fault is the one that counts
  w.fault = std::make_unique<Fault>();
  w.fault->kind = kind;
  w.fault->message = std::move(message);
  w.fault->pc = pc;
  if (current != nullptr) {
    w.fault->has_thread = true;
    w.fault->block = current->block->index;
    w.fault->thread = current->index;
  }
}

}  // namespace

void record_fault(const char* kind, std::string message, const void* pc) { note(kind, std::move(message), pc); }

namespace {

std::string overtime() {
  char text[160];
  std::snprintf(text, sizeof text,
                "still running after %.3g s (the time limit; kbk.sim.settings(time_limit=...) sets another)",
                settings.time_limit);
  return text;
}

void continue_in_scheduler(MachineContext& context) {
  // The fiber is given up: its stack is free to run the way out on.
  const auto top = reinterpret_cast<std::uintptr_t>(current->stack.base + current->stack.bytes);
  context.jump(reinterpret_cast<std::uintptr_t>(&end_launch_here), top - 512);
}

}  // namespace

// --- called from signal handlers (signals.cpp), on a worker's OS thread, with a thread of the kernel running

void on_fatal_signal(int number, const void* address, bool address_unknown, MachineContext& context) {
  const std::uintptr_t pc = context.pc(), sp = context.sp();
  const void* where = nearest_kernel_pc(pc, sp);
  char text[256];
  if (number != SIGFPE && number != SIGILL && !address_unknown && explain_guarded(address, text, sizeof text)) {
    note("out-of-bounds", text, where);
    continue_in_scheduler(context);
    return;
  }
  if (number == SIGFPE) {
    std::snprintf(text, sizeof text, "integer division by zero (a GPU returns an arbitrary number here)");
  } else if (number == SIGILL) {
    std::snprintf(text, sizeof text,
                  "undefined behaviour that the compiler could see: "
                  "a division by zero or a null pointer on this path");
  } else if (address_unknown) {
    std::snprintf(text, sizeof text, "invalid address: far outside any memory, or a vector access that is not aligned");
  } else if (worker->stacks.is_guard(address)) {
    if (address < current->stack.base)
      std::snprintf(text, sizeof text,
                    "the local variables of one thread need more than %zu KB of stack (a large local array, or recursion)",
                    worker->stacks.stack_bytes() / 1024);
    else
      std::snprintf(text, sizeof text, "out of bounds: past the end of a local array");
  } else {
    const Arena& arena = current->block->arena;
    const char* byte = static_cast<const char*>(address);
    if (byte >= arena.end && byte < arena.end + kArenaFence && worker->launch->config.dynamic_bytes == 0)
      std::snprintf(text, sizeof text, "access past the end of shared memory");
    else if (byte >= arena.end && byte < arena.end + kArenaFence)
      std::snprintf(text, sizeof text, "access past the end of dynamic shared memory (the launch asked for %zu bytes)",
                    worker->launch->config.dynamic_bytes);
    else if (address == nullptr && !in_text(pc) && pc == 0)
      std::snprintf(text, sizeof text, "call of a null function pointer");
    else
      std::snprintf(text, sizeof text, "invalid address %p: no memory there that this process may access", address);
  }
  note("crash", text, where);
  continue_in_scheduler(context);
}

bool on_tick(MachineContext& context) {
  Worker& w = *worker;
  Launch& launch = *w.launch;
  const bool late = settings.time_limit > 0 && seconds() - launch.begin > settings.time_limit;
  const bool here = in_text(context.pc());
  if (launch.stop.load() || interrupted() || late) {
    if (!here) return false;  // inside the runtime or a library: the next tick, or check_stop(), ends it
    if (interrupted()) note("interrupt", "interrupted", reinterpret_cast<const void*>(context.pc()));
    else if (late) note("hang", overtime(), reinterpret_cast<const void*>(context.pc()));
    continue_in_scheduler(context);
    return false;
  }
  return here && launch.config.may_spin;
}

// --- called from the runtime

void check_stop() {
  Worker& w = *worker;
  if (__builtin_expect(!stop_wanted(), 1) && !w.launch->stop.load(std::memory_order_relaxed)) return;
  const bool late = settings.time_limit > 0 && seconds() - w.launch->begin > settings.time_limit;
  if (!w.launch->stop.load() && !interrupted() && !late) return;
  const void* pc = calling_kernel_pc(__builtin_frame_address(0));
  if (interrupted()) note("interrupt", "interrupted", pc);
  else if (late) note("hang", overtime(), pc);
  end_launch_here();
}

void trap(const char* kind, const char* message) {
  if (current == nullptr) throw std::runtime_error(std::string("kbk: ") + message);
  note(kind, message, calling_kernel_pc(__builtin_frame_address(0)));
  end_launch_here();
}

void assert_failed(const char* expression, const char* file, int line, const char* function) {
  // The translator's spellings go back to CUDA's.
  const char* const spellings[][2] = {{"::kbk::thread_idx()", "threadIdx"},
                                      {"::kbk::block_idx()", "blockIdx"},
                                      {"::kbk::block_dimensions()", "blockDim"},
                                      {"::kbk::grid_dimensions()", "gridDim"}};
  std::string shown = expression;
  for (const auto& pair : spellings)
    for (std::size_t at; (at = shown.find(pair[0])) != std::string::npos;)
      shown.replace(at, std::strlen(pair[0]), pair[1]);
  const std::string text = "assertion `" + shown + "` failed at " + file + ":" + std::to_string(line) +
                           " in " + function;
  trap("assert", text.c_str());
}

// --- nobody can go on

namespace {

void add_waiter(Fault& fault, const Thread& thread, const char* what, unsigned mask, unsigned missing) {
  std::string where = what;
  if (mask != 0) {
    char text[48];
    std::snprintf(text, sizeof text, " (mask 0x%08x)", mask);
    where += text;
  }
  for (Fault::Waiter& known : fault.waiters) {
    if (known.pc != thread.wait_pc || known.block != thread.block->index || known.where != where) continue;
    if (known.missing != missing) continue;
    known.last = thread.linear;
    ++known.count;
    return;
  }
  if (fault.waiters.size() < 16)
    fault.waiters.push_back({where, thread.wait_pc, thread.block->index, thread.linear, thread.linear, 1, missing});
}

}  // namespace

void add_waiters(const Worker& w, Fault& fault) {
  for (const Block* block : w.active) {
    for (const Thread& thread : block->threads) {
      if (thread.wait == Wait::kBarrier) add_waiter(fault, thread, "__syncthreads", 0, 0);
      if (thread.wait == Wait::kGrid) add_waiter(fault, thread, "a grid barrier", 0, 0);
      if (thread.wait == Wait::kSpin) add_waiter(fault, thread, "a loop, by turns", 0, 0);
      if (thread.wait != Wait::kCollective) continue;
      const Warp& warp = block->warps[thread.linear / kLanes];
      for (const Group& group : warp.groups)
        if (group.arrived >> thread.linear % kLanes & 1)
          add_waiter(fault, thread, group.op == Op::kSync ? "__syncwarp" : "a warp collective", group.mask,
                     group.mask & warp.alive & ~group.arrived);
    }
  }
}

void report_deadlock(Worker& w) {
  current = nullptr;
  note("hang", "deadlock: every thread waits for another one", nullptr);
  if (!w.fault) return;
  add_waiters(w, *w.fault);
  if (!w.fault->waiters.empty()) w.fault->pc = w.fault->waiters.front().pc;
}

}  // namespace kbk
