// The launches of a stretch of host code, for whoever asks: which kernels, with what shape.
#include <mutex>
#include <new>

#include "forking.h"
#include "launch.h"

namespace kbk {

namespace {
constexpr std::size_t kMostLogged = 10000;
std::mutex log_mutex;
const AfterFork log_mutex_anew([] { new (&log_mutex) std::mutex; });
std::string log_text;
std::size_t logged = 0;
bool logging = false;

std::string dims(Dim d) {
  return "[" + std::to_string(d.x) + "," + std::to_string(d.y) + "," + std::to_string(d.z) + "]";
}
}  // namespace

void log_launches(bool on) {
  std::lock_guard<std::mutex> lock(log_mutex);
  logging = on;
  log_text.clear();
  logged = 0;
}

void log_launch(const Launch& launch) {
  std::lock_guard<std::mutex> lock(log_mutex);
  if (!logging || ++logged > kMostLogged) return;
  std::string name;
  for (const char c : launch.kernel)
    if (c != '"' && c != '\\') name += c;
  log_text += std::string(log_text.empty() ? "" : ",") + "{\"kernel\":\"" + name +
              "\",\"grid\":" + dims(launch.config.grid) +
              ",\"block\":" + dims(launch.config.block) +
              ",\"dynamic_bytes\":" + std::to_string(launch.config.dynamic_bytes) + "}";
}

std::string launch_log() {
  std::lock_guard<std::mutex> lock(log_mutex);
  return "[" + log_text + "]";
}

}  // namespace kbk
