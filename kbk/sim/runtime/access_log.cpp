// A listener that keeps every access to global memory, in order, until Python takes them.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "trace.h"

namespace kbk {

namespace {

// As kbk/sim/trace/log.py reads it.
struct Logged {
  std::uint64_t address;
  std::uint32_t pc;      // minus the lowest address of the library's code
  std::uint32_t block;   // linear
  std::uint32_t bytes;
  std::uint16_t thread;  // linear, in its block
  Access access;
  Space space;
};
static_assert(sizeof(Logged) == 24, "kbk: Python reads 24 bytes an access");

constexpr std::size_t kPerChunk = 1u << 16;

class AccessLog : public Listener {
 public:
  void start(std::uint64_t most) {
    clear();
    most_ = most;
  }
  void clear() {
    chunks_.clear();
    count_ = 0;
    launches_.clear();
  }

  void begin(const Launch& launch) override {
    std::string name;
    for (const char c : launch.kernel)
      if (c != '"' && c != '\\') name += c;
    std::uintptr_t base;
    std::string library;
    for (const char c : library_of(reinterpret_cast<const void*>(launch.body), base)) {
      if (c == '"' || c == '\\') library += '\\';
      library += c;
    }
    const Dim grid = launch.config.grid, block = launch.config.block;
    auto dims = [](Dim d) {
      return "[" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + "]";
    };
    low_ = launch.text_low;
    launches_ += std::string(launches_.empty() ? "" : ",") + "{\"kernel\":\"" + name + "\",\"grid\":" + dims(grid) +
                 ",\"block\":" + dims(block) + ",\"library\":\"" + library +
                 "\",\"code\":" + std::to_string(low_ - base) + ",\"first\":" + std::to_string(count_) + "}";
  }

  void touch(const Thread& thread, const Touch& touch) override {
    if (touch.space == Space::kShared || touch.space == Space::kHost) return;
    if (count_ == most_) {
      const std::string text = "more than " + std::to_string(most_) +
                               " accesses to global memory: too many to record; launch less, or record a part";
      trap("trace", text.c_str());
    }
    if (count_ % kPerChunk == 0) chunks_.push_back(std::unique_ptr<Logged[]>(new Logged[kPerChunk]));
    chunks_.back()[count_++ % kPerChunk] = {touch.address,
                                            static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(touch.pc) - low_),
                                            static_cast<std::uint32_t>(thread.block->linear),
                                            touch.bytes,
                                            static_cast<std::uint16_t>(thread.linear),
                                            plain(touch.access),
                                            touch.space};
  }

  std::uint64_t count() const { return count_; }
  std::string launches() const { return "[" + launches_ + "]"; }

  // Into `to`, which has room for count(); what was copied is forgotten.
  void take(Logged* to) {
    std::uint64_t left = count_;
    for (auto& chunk : chunks_) {
      const std::uint64_t here = left < kPerChunk ? left : kPerChunk;
      std::memcpy(static_cast<void*>(to), chunk.get(), here * sizeof(Logged));
      chunk.reset();
      to += here;
      left -= here;
    }
    clear();
  }

 private:
  // A volatile access is a load or a store like any other to those who count.
  static Access plain(Access access) {
    return access == Access::kVolatileRead ? Access::kRead : access == Access::kVolatileWrite ? Access::kWrite : access;
  }

  std::vector<std::unique_ptr<Logged[]>> chunks_;
  std::uint64_t count_ = 0, most_ = 0;
  std::uintptr_t low_ = 0;
  std::string launches_;
};

AccessLog access_log;

}  // namespace

extern "C" {

// Records from here on, at most so many accesses.
KBK_API void kbk_sim_access_log_start(std::uint64_t most) {
  remove_listener(&access_log);
  access_log.start(most);
  add_listener(&access_log);
}
// Ends the recording and says how many accesses there are to take.
KBK_API std::uint64_t kbk_sim_access_log_stop() {
  remove_listener(&access_log);
  return access_log.count();
}
// The launches, as JSON; valid until the next call.
KBK_API const char* kbk_sim_access_log_launches() {
  static std::string text;
  text = access_log.launches();
  return text.c_str();
}
KBK_API void kbk_sim_access_log_take(void* to) { access_log.take(static_cast<Logged*>(to)); }
KBK_API void kbk_sim_access_log_discard() { access_log.clear(); }
}

}  // namespace kbk
