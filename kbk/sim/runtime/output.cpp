// What a kernel prints is kept until its launch ends, as on a GPU, and then handed to Python, so that a notebook shows
// it.
#include <cstdarg>
#include <cstdio>
#include <mutex>
#include <new>

#include "output.h"
#include "forking.h"
#include "state.h"

namespace kbk {

namespace {
constexpr std::size_t kLimit = 8u << 20;
std::mutex output_mutex;
const AfterFork output_mutex_anew([] { new (&output_mutex) std::mutex; });
std::string buffer;
bool truncated = false;
void (*writer)(const char*, std::size_t) = nullptr;
}  // namespace

void set_writer(void (*function)(const char*, std::size_t)) { writer = function; }

int print(const char* format, ...) {
  char line[1024];
  va_list list;
  va_start(list, format);
  const int length = std::vsnprintf(line, sizeof line, format, list);
  va_end(list);
  if (length < 0) return length;
  const std::size_t stored =
      static_cast<std::size_t>(length) < sizeof line ? static_cast<std::size_t>(length) : sizeof line - 1;
  {
    std::lock_guard<std::mutex> lock(output_mutex);
    if (buffer.size() + stored > kLimit)
      truncated = true;
    else
      buffer.append(line, stored);
  }
  if (current == nullptr) flush_output();  // host code
  return length;
}

void flush_output() {
  std::string text;
  {
    std::lock_guard<std::mutex> lock(output_mutex);
    text.swap(buffer);
    if (truncated) text += "[more than 8 MiB printed by one launch: the rest was dropped]\n";
    truncated = false;
  }
  if (text.empty()) return;
  if (writer != nullptr)
    writer(text.data(), text.size());
  else
    std::fwrite(text.data(), 1, text.size(), stdout);
}

}  // namespace kbk
