// Signal handlers live only as long as a launch; whoever had them before gets them back. Ticks come from a timer of
// each worker's own.
#include "signals.h"

#include <atomic>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <mutex>
#include <new>

#include <unistd.h>
#if defined(__linux__)
#include <sys/syscall.h>
#else
#include <sys/time.h>
#include <pthread.h>
#endif
#include <ucontext.h>

#include "forking.h"
#include "launch.h"

namespace kbk {

std::uintptr_t MachineContext::pc() const {
  auto* c = static_cast<ucontext_t*>(context_);
#if defined(__linux__) && defined(__x86_64__)
  return static_cast<std::uintptr_t>(c->uc_mcontext.gregs[REG_RIP]);
#elif defined(__linux__) && defined(__aarch64__)
  return c->uc_mcontext.pc;
#elif defined(__APPLE__) && defined(__aarch64__)
  return c->uc_mcontext->__ss.__pc;
#else
  return c->uc_mcontext->__ss.__rip;
#endif
}

std::uintptr_t MachineContext::sp() const {
  auto* c = static_cast<ucontext_t*>(context_);
#if defined(__linux__) && defined(__x86_64__)
  return static_cast<std::uintptr_t>(c->uc_mcontext.gregs[REG_RSP]);
#elif defined(__linux__) && defined(__aarch64__)
  return c->uc_mcontext.sp;
#elif defined(__APPLE__) && defined(__aarch64__)
  return c->uc_mcontext->__ss.__sp;
#else
  return c->uc_mcontext->__ss.__rsp;
#endif
}

void MachineContext::jump(std::uintptr_t function, std::uintptr_t top) {
  auto* c = static_cast<ucontext_t*>(context_);
  const std::uintptr_t aligned = top & ~std::uintptr_t{63};
#if defined(__linux__) && defined(__x86_64__)
  c->uc_mcontext.gregs[REG_RIP] = static_cast<greg_t>(function);
  c->uc_mcontext.gregs[REG_RSP] = static_cast<greg_t>(aligned - 8);  // as after a call
#elif defined(__linux__) && defined(__aarch64__)
  c->uc_mcontext.pc = function;
  c->uc_mcontext.sp = aligned;
#elif defined(__APPLE__) && defined(__aarch64__)
  c->uc_mcontext->__ss.__pc = function;
  c->uc_mcontext->__ss.__sp = aligned;
#else
  c->uc_mcontext->__ss.__rip = function;
  c->uc_mcontext->__ss.__rsp = aligned - 8;
#endif
}

namespace {

#if !defined(SI_KERNEL)
constexpr int SI_KERNEL = -0x80;  // Linux: the processor gave no address
#endif
constexpr long kFirstTickMicroseconds = 10000, kTickMicroseconds = 2000;
constexpr int kFatal[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
constexpr int kFatalCount = 4;

#if defined(__linux__)
int tick_signal() { return SIGRTMIN + 6; }
#else
int tick_signal() { return SIGALRM; }
#endif

std::mutex signal_mutex;
int guarded = 0;     // workers in a launch
int in_calls = 0;    // host functions that are running
bool main_was_told = false;
std::atomic<int> waiting_calls{0};
struct sigaction previous_fatal[kFatalCount], previous_interrupt, previous_tick;
volatile std::sig_atomic_t interrupt_seen = 0, stop_flag = 0;

void fatal(int number, siginfo_t* info, void* ucontext) {
  if (worker != nullptr && current != nullptr && info->si_code > 0) {
    MachineContext context(ucontext);
    on_fatal_signal(number, info->si_addr, info->si_code == SI_KERNEL, context);
    return;
  }
  // Not ours: whoever handled it before gets it when the instruction runs again.
  for (int i = 0; i < kFatalCount; ++i)
    if (kFatal[i] == number) sigaction(number, &previous_fatal[i], nullptr);
  if (info->si_code <= 0) raise(number);
}

void tick(int, siginfo_t*, void* ucontext) {
  const int saved = errno;
  stop_flag = 1;  // a reason to look, not yet to stop
  if (worker != nullptr && current != nullptr) {
    MachineContext context(ucontext);
    const std::uint32_t switches = worker->switches;
    const bool stuck = worker->switches_at_tick == switches;
    worker->switches_at_tick = switches;
    const bool may_yield = on_tick(context);
    if (may_yield && stuck) yield();  // other fibers run now; this frame waits on its own stack
    worker->yield_wanted = !may_yield && stuck && worker->launch->config.may_spin;
  }
  errno = saved;
}

void interrupt(int number, siginfo_t* info, void* ucontext) {
  interrupt_seen = 1;
  tick(number, info, ucontext);
}

thread_local char* alternate = nullptr;
thread_local stack_t previous_stack;
constexpr std::size_t kAlternateBytes = 64 * 1024;

#if defined(__linux__)
thread_local timer_t timer;
#endif

void start_timer() {
  const timespec first{0, kFirstTickMicroseconds * 1000}, next{0, kTickMicroseconds * 1000};
#if defined(__linux__)
  sigevent event{};
  event.sigev_notify = SIGEV_THREAD_ID;
  event.sigev_signo = tick_signal();
#if defined(sigev_notify_thread_id)
  event.sigev_notify_thread_id = static_cast<pid_t>(syscall(SYS_gettid));
#else
  event._sigev_un._tid = static_cast<pid_t>(syscall(SYS_gettid));
#endif
  timer_create(CLOCK_MONOTONIC, &event, &timer);
  const itimerspec spec{next, first};
  timer_settime(timer, 0, &spec, nullptr);
#else
  const itimerval spec{{0, kTickMicroseconds}, {0, kFirstTickMicroseconds}};
  (void)first, (void)next;
  setitimer(ITIMER_REAL, &spec, nullptr);
#endif
}

void stop_timer() {
#if defined(__linux__)
  timer_delete(timer);
#else
  const itimerval none{};
  setitimer(ITIMER_REAL, &none, nullptr);
#endif
}

}  // namespace

bool interrupted() { return interrupt_seen != 0; }
bool stop_wanted() {
  const bool wanted = stop_flag != 0;
  if (wanted) stop_flag = 0;
  return wanted;
}

void guard_begin(Worker&) {
  {
    std::lock_guard<std::mutex> lock(signal_mutex);
    if (guarded++ == 0) {
      stop_flag = 0;
      struct sigaction action {};
      sigemptyset(&action.sa_mask);
      action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
      action.sa_sigaction = fatal;
      for (int i = 0; i < kFatalCount; ++i) sigaction(kFatal[i], &action, &previous_fatal[i]);
      // Ticks run on the interrupted fiber's stack: a thread can be set aside in the middle of one.
      action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
      action.sa_sigaction = tick;
      sigaction(tick_signal(), &action, &previous_tick);
    }
  }
  if (alternate == nullptr) alternate = new char[kAlternateBytes];
  stack_t stack{};
  stack.ss_sp = alternate;
  stack.ss_size = kAlternateBytes;
  sigaltstack(&stack, &previous_stack);
  start_timer();
}

void guard_end() {
  stop_timer();
  sigaltstack(&previous_stack, nullptr);
  std::lock_guard<std::mutex> lock(signal_mutex);
  if (--guarded > 0) return;
  for (int i = 0; i < kFatalCount; ++i) sigaction(kFatal[i], &previous_fatal[i], nullptr);
  // A last tick may still be on its way; the default action would end the process.
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  sigaction(tick_signal(), &ignore, nullptr);
}

void call_begin() {
  ++waiting_calls;
  lock_calls();
  --waiting_calls;
  std::lock_guard<std::mutex> lock(signal_mutex);
  if (in_calls++ > 0) return;
  main_was_told = false;
  struct sigaction action {};
  sigemptyset(&action.sa_mask);
  action.sa_flags = SA_SIGINFO | SA_NODEFER | SA_RESTART;
  action.sa_sigaction = interrupt;
  sigaction(SIGINT, &action, &previous_interrupt);
}

void call_end() {
  bool pass_on = false;
  {
    std::lock_guard<std::mutex> lock(signal_mutex);
    if (--in_calls == 0) {
      sigaction(SIGINT, &previous_interrupt, nullptr);
      // Whoever waits for its turn is to end too; when nobody does, Python has to hear of it.
      const bool untold = interrupt_seen != 0 && !main_was_told;
      pass_on = untold && waiting_calls.load() == 0;
      interrupt_seen = untold && !pass_on;
    }
  }
  unlock_calls();
  if (pass_on) kill(getpid(), SIGINT);
}

void interrupt_raised() {
#if defined(__linux__)
  if (getpid() == static_cast<pid_t>(syscall(SYS_gettid))) main_was_told = true;
#else
  main_was_told = true;
#endif
}

namespace {
const AfterFork signals_anew([] {
  new (&signal_mutex) std::mutex;
  if (in_calls > 0) sigaction(SIGINT, &previous_interrupt, nullptr);
  guarded = in_calls = 0;
  waiting_calls = 0;
});
}  // namespace

}  // namespace kbk
