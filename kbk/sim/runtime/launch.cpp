// A launch: check the configuration as the CUDA runtime does, run the grid, report.
#include "launch.h"

#include <algorithm>
#include <cfenv>
#include <ctime>
#include <mutex>
#include <new>
#include <stdexcept>
#include <thread>

#include "forking.h"
#include "guarded.h"
#include "output.h"
#include "signals.h"
#include "tools/findings.h"
#include "trace.h"

namespace kbk {

namespace {

std::recursive_mutex launching;  // one host function, so one launch, at a time in a process
Worker* kept = nullptr;  // for the next launch
const AfterFork launching_anew([] {
  new (&launching) std::recursive_mutex;
  kept = nullptr;
});
thread_local bool is_probing KBK_TLS = false;
thread_local KernelInfo* probed = nullptr;
unsigned long serials = 0;

// CUDA's numbers for the errors that a launch can give.
// An impossible shape is an invalid value there too (CUDA 13 on an H200; before, invalid configuration, 9).
constexpr int kInvalidValue = 1, kCooperativeTooLarge = 720;

thread_local int error_code = 0;
thread_local std::string error_detail;

int configuration_error(const Launch& launch, std::size_t argument_bytes, std::string& why) {
  const LaunchConfig& c = launch.config;
  const Profile& p = profile();
  auto say = [&](std::string text) { why = std::move(text); };
  auto dims = [](Dim d) {
    return "(" + std::to_string(d.x) + ", " + std::to_string(d.y) + ", " + std::to_string(d.z) + ")";
  };
  if (c.grid.x == 0 || c.grid.y == 0 || c.grid.z == 0 || c.block.x == 0 || c.block.y == 0 || c.block.z == 0)
    return say("the grid is " + dims(c.grid) + " and the block is " + dims(c.block) + "; no dimension may be 0"),
           kInvalidValue;
  if (c.grid.x > 0x7fffffffu || c.grid.y > 65535 || c.grid.z > 65535)
    return say("the grid is " + dims(c.grid) + "; the limits are (2147483647, 65535, 65535)"), kInvalidValue;
  if (c.block.x > 1024 || c.block.y > 1024 || c.block.z > 64)
    return say("the block is " + dims(c.block) + "; the limits are (1024, 1024, 64)"), kInvalidValue;
  if (launch.threads_per_block > 1024)
    return say("the block is " + dims(c.block) + ", " + std::to_string(launch.threads_per_block) +
               " threads; the limit is 1024"),
           kInvalidValue;
  if (launch.info->max_threads > 0 && launch.threads_per_block > static_cast<std::uint64_t>(launch.info->max_threads))
    return say("the block has " + std::to_string(launch.threads_per_block) +
               " threads; __launch_bounds__ promises at most " + std::to_string(launch.info->max_threads)),
           kInvalidValue;
  const int allowed = std::max(p.shared_per_block, launch.info->dynamic_limit);
  if (c.dynamic_bytes > static_cast<std::size_t>(allowed))
    return say(std::to_string(c.dynamic_bytes) + " bytes of dynamic shared memory; the limit is " +
               std::to_string(allowed) +
               (launch.info->dynamic_limit < 0
                    ? " (up to " + std::to_string(p.shared_per_block_optin) +
                          " after cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, bytes))"
                    : " (set by cudaFuncSetAttribute)")),
           kInvalidValue;
  if (argument_bytes > static_cast<std::size_t>(p.kernel_parameter_bytes))
    return say("the arguments take " + std::to_string(argument_bytes) + " bytes; the limit is " +
               std::to_string(p.kernel_parameter_bytes)),
           kInvalidValue;
  if (c.cooperative) {
    const std::uint64_t per_sm = std::min<std::uint64_t>(
        p.blocks_per_sm, static_cast<std::uint64_t>(p.threads_per_sm) / ((launch.threads_per_block + 31) / 32 * 32));
    if (launch.blocks > per_sm * static_cast<std::uint64_t>(p.sms))
      return say("a cooperative launch of " + std::to_string(launch.blocks) + " blocks; at most " +
                 std::to_string(per_sm * static_cast<std::uint64_t>(p.sms)) + " can be resident"),
             kCooperativeTooLarge;
  }
  return 0;
}

// A finding of its own, whether or not the host function asks for the error.
void refused(const Launch& launch, const std::string& why, const char* file, int line) {
  Finding finding;
  finding.kind = finding.code = "launch";
  finding.text = why;
  finding.file = file;
  finding.line = line;
  found(launch, std::move(finding));
}

// "void ns::k(T*, int) [with T = float]" -> "ns::k<T = float>"
std::string short_name(const char* pretty) {
  std::string text = pretty;
  std::string with;
  const std::size_t open = text.find(" [");
  if (open != std::string::npos) {
    with = text.substr(open + 2, text.size() - open - 3);
    if (with.compare(0, 5, "with ") == 0) with = with.substr(5);
    text.resize(open);
  }
  const std::size_t paren = text.find('(');
  if (paren != std::string::npos) text.resize(paren);
  const std::size_t space = text.rfind(' ');
  if (space != std::string::npos) text = text.substr(space + 1);
  return with.empty() ? text : text + "<" + with + ">";
}

// Stacks and blocks are kept between launches. Never freed: other threads may still be in a launch when the process
// ends.
Worker& main_worker() {
  if (kept == nullptr || kept->stacks.stack_bytes() != settings.stack_bytes) kept = new Worker(settings.stack_bytes);
  return *kept;
}

void run_worker(Worker& w, Launch& launch) {
  w.launch = &launch;
  w.random = launch.seed;
  w.polls = 0;
  w.yield_wanted = false;
  w.fault.reset();
  worker = &w;
  current = nullptr;
  guard_begin(w);
  run_blocks(w);
  guard_end();
  if (w.fault && w.fault->kind == "hang" && w.fault->waiters.empty()) add_waiters(w, *w.fault);
  worker = nullptr;
  current = nullptr;
  if (launch.stop.load()) {
    w.stacks.reclaim();
    std::fesetround(FE_TONEAREST);  // a thread may have been ended inside a directed operation
  }
  for (Block* block : w.active) w.idle.push_back(block);
  w.active.clear();
  // A grid of blocks that lived together leaves its memory behind; keep only what an ordinary launch needs.
  for (auto& block : w.pool)
    if (w.pool.size() > 8) give_arena(block->arena);
  if (w.pool.size() > 8) w.idle.clear(), w.pool.clear();
}

// More workers pay off only when the grid is large: decided after the first blocks, by the clock.
void run_grid(Launch& launch, Worker& first) {
  const unsigned cores = std::max(1u, std::thread::hardware_concurrency());
  const bool alone = launch.config.may_spin || launch.config.cooperative || launch.seed != 0;
  const unsigned wanted = settings.threads > 0 ? static_cast<unsigned>(settings.threads) : (alone ? 1 : cores);
  const std::uint64_t work = launch.blocks * launch.threads_per_block;
  const unsigned extra = tracing || launch.config.cooperative || launch.seed != 0 || launch.blocks < 2 ||
                                 (settings.threads == 0 && work < 32768)
                             ? 0
                             : static_cast<unsigned>(std::min<std::uint64_t>(wanted, launch.blocks)) - 1;
  std::vector<std::unique_ptr<Worker>> others;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < extra; ++i) {
    others.push_back(std::make_unique<Worker>(settings.stack_bytes));
    threads.emplace_back([&launch, w = others.back().get()] { run_worker(*w, launch); });
  }
  run_worker(first, launch);
  for (std::thread& thread : threads) thread.join();
  for (auto& other : others) {
    if (other->fault && !first.fault) first.fault = std::move(other->fault);
    for (auto& block : other->pool) give_arena(block->arena);
  }
}

}  // namespace

// --- errors that the CUDA runtime would report

void set_error(int code, const char* detail) {
  error_code = code;
  error_detail = detail;
}
int last_error(bool clear) {
  const int code = error_code;
  if (clear) error_code = 0;
  return code;
}
const char* last_error_detail() { return error_detail.c_str(); }

// --- what a kernel says of itself

bool probing() {  // the first that a kernel does
  if (tracing && current != nullptr) current->entered = true;
  return is_probing;
}
void answer_probe(KernelInfo* info) { probed = info; }
KernelInfo* probe(Body body, void* context) {
  is_probing = true;
  probed = nullptr;
  body(context);
  is_probing = false;
  return probed;
}

unsigned long launches() { return serials; }

void lock_calls() { launching.lock(); }
void unlock_calls() { launching.unlock(); }

void launch(const char* name, const LaunchConfig& config, std::size_t argument_bytes, Body body, void* context,
            const char* file, int line) {
  if (current != nullptr)
    trap("unsupported", "a kernel launched a kernel: dynamic parallelism is not simulated");
  Launch launch;
  launch.config = config;
  launch.info = probe(body, context);
  if (launch.info == nullptr) {
    static KernelInfo unknown{"kernel", "", 0, 0, -1};
    launch.info = &unknown;
    launch.kernel = name;
  } else {
    launch.kernel = short_name(launch.info->pretty);
  }
  launch.body = body;
  launch.file = file;
  launch.line = line;
  launch.context = context;
  launch.threads_per_block = std::uint64_t{config.block.x} * config.block.y * config.block.z;
  launch.blocks = std::uint64_t{config.grid.x} * config.grid.y * config.grid.z;
  std::string why;
  if (const int code = configuration_error(launch, argument_bytes, why)) {
    if (checking) refused(launch, why, file, line);
    why = "launch of " + launch.kernel + " at " + file + ":" + std::to_string(line) + ": " + why;
    return set_error(code, why.c_str());
  }
  std::lock_guard<std::recursive_mutex> lock(launching);
  if (interrupted()) {  // between two launches of a host function
    Fault fault;
    fault.kind = "interrupt";
    keep_fault(std::move(fault));
    interrupt_raised();
    throw std::runtime_error("kbk: interrupted");
  }
  launch.serial = ++serials;
  launch.grid_packed = pack(config.grid.x, config.grid.y, config.grid.z);
  launch.block_packed = pack(config.block.x, config.block.y, config.block.z);
  launch.grid_live = launch.blocks * launch.threads_per_block;
  find_text(reinterpret_cast<const void*>(body), launch.text_low, launch.text_high);
  launch.seed = settings.seed;
  if (launch.seed != 0) {
    launch.order.resize(launch.blocks);
    std::uint64_t random = launch.seed * 0x9e3779b97f4a7c15ull + 1;
    for (std::uint64_t i = 0; i < launch.blocks; ++i) {
      launch.order[i] = i;
      random = random * 6364136223846793005ull + 1442695040888963407ull;
      std::swap(launch.order[i], launch.order[(random >> 33) % (i + 1)]);
    }
  }
  log_launch(launch);
  const FenceDown down;
  Worker& first = main_worker();
  launch.begin = seconds();
  trace_begin(launch);
  run_grid(launch, first);
  trace_end(launch);
  last_seconds = seconds() - launch.begin;
  flush_output();
  if (first.fault && first.fault->kind == "interrupt") interrupt_raised();
  if (first.fault) {
    first.fault->kernel = launch.kernel;
    first.fault->file = launch.file;
    first.fault->line = launch.line;
    keep_fault(std::move(*first.fault));
    first.fault.reset();
    throw std::runtime_error("kbk: the launch of " + launch.kernel + " was ended");
  }
}

double last_seconds = 0;

// --- who am I

std::uint64_t thread_index() { return current != nullptr ? current->index : 0; }
std::uint64_t block_index() { return current != nullptr ? current->block->index : 0; }
std::uint64_t block_dim() { return current != nullptr ? current->block->launch->block_packed : 0; }
std::uint64_t grid_dim() {
  if (current == nullptr) return 0;
  if (worker->yield_wanted) {  // a loop that waits for as many blocks as there are: its tick came here
    worker->yield_wanted = false;
    yield();
  }
  return current->block->launch->grid_packed;
}
unsigned lane_id() { return current != nullptr ? current->linear % kLanes : 0; }
unsigned warp_id() { return current != nullptr ? current->linear / kLanes : 0; }
unsigned sm_id() {
  return current != nullptr ? static_cast<unsigned>(current->block->linear % static_cast<unsigned>(profile().sms)) : 0;
}
bool in_kernel() { return current != nullptr; }
double seconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}
long long clock_ticks() { return static_cast<long long>(seconds() * 1e9); }

}  // namespace kbk
