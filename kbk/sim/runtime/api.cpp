// What Python calls (through ctypes): settings, the last fault, counters.
#include <csignal>
#include <cstring>
#include <mutex>

#include "json.h"
#include "launch.h"
#include "output.h"
#include "signals.h"

namespace kbk {

namespace {

thread_local std::unique_ptr<Fault> kept_fault;  // of the thread whose call failed

std::string place(const void* pc) {
  std::uintptr_t base;
  const std::string library = library_of(pc, base);
  return "{\"library\":" + json_text(library) +
         ",\"offset\":" + std::to_string(reinterpret_cast<std::uintptr_t>(pc) - base) + "}";
}

std::string json(const Fault& fault) {
  std::string out = "{\"kind\":" + json_text(fault.kind) + ",\"message\":" + json_text(fault.message) +
                    ",\"kernel\":" + json_text(fault.kernel) + ",\"place\":" + place(fault.pc) +
                    ",\"launched\":{\"file\":" + json_text(fault.file) + ",\"line\":" + std::to_string(fault.line) + "}";
  if (fault.has_thread) out += ",\"block\":" + json_triple(fault.block) + ",\"thread\":" + json_triple(fault.thread);
  out += ",\"waiters\":[";
  bool first = true;
  for (const Fault::Waiter& w : fault.waiters) {
    out += std::string(first ? "" : ",") + "{\"where\":" + json_text(w.where) + ",\"place\":" + place(w.pc) +
           ",\"block\":" + json_triple(w.block) + ",\"first\":" + std::to_string(w.first) +
           ",\"last\":" + std::to_string(w.last) + ",\"count\":" + std::to_string(w.count) +
           ",\"missing\":" + std::to_string(w.missing) + "}";
    first = false;
  }
  return out + "]}";
}

}  // namespace

void keep_fault(Fault fault) {
  kept_fault = std::make_unique<Fault>(std::move(fault));
}

extern "C" {

KBK_API int kbk_sim_configure(std::uint64_t seed, int threads, double time_limit, int arch, std::uint64_t stack_bytes) {
  settings.seed = seed;
  settings.threads = threads;
  settings.time_limit = time_limit;
  settings.stack_bytes = stack_bytes;
  return set_profile(arch) ? 0 : 1;
}

KBK_API void kbk_sim_set_writer(void (*function)(const char*, std::size_t)) { set_writer(function); }

// The fault of the launch that was ended last, as JSON; "" if there is none. Valid until the next call.
KBK_API const char* kbk_sim_take_fault() {
  static thread_local std::string text;
  text = kept_fault ? json(*kept_fault) : "";
  kept_fault.reset();
  return text.c_str();
}

KBK_API void kbk_sim_log_launches(int on) { log_launches(on != 0); }
KBK_API const char* kbk_sim_launch_log() {
  static thread_local std::string text;
  text = launch_log();
  return text.c_str();
}
KBK_API double kbk_sim_last_seconds() { return last_seconds; }
KBK_API unsigned long kbk_sim_launches() { return launches(); }
}

}  // namespace kbk
