// Which library an address of code belongs to, so that a fault can be told by file and line.
#include <dlfcn.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <new>

#include "forking.h"
#include "state.h"

#if defined(__linux__)
#include <link.h>
#endif

namespace kbk {

namespace {

std::mutex text_mutex;
const AfterFork text_mutex_anew([] { new (&text_mutex) std::mutex; });
std::map<const void*, std::pair<std::uintptr_t, std::uintptr_t>> texts;  // by base of the library

#if defined(__linux__)
struct Search {
  std::uintptr_t address, low, high;
};

int visit(dl_phdr_info* info, std::size_t, void* data) {
  auto* search = static_cast<Search*>(data);
  for (int i = 0; i < info->dlpi_phnum; ++i) {
    const auto& header = info->dlpi_phdr[i];
    if (header.p_type != PT_LOAD || (header.p_flags & PF_X) == 0) continue;
    const std::uintptr_t low = info->dlpi_addr + header.p_vaddr, high = low + header.p_memsz;
    if (search->address < low || search->address >= high) continue;
    search->low = low;
    search->high = high;
    return 1;
  }
  return 0;
}
#endif

}  // namespace

void find_text(const void* address, std::uintptr_t& low, std::uintptr_t& high) {
  low = high = 0;
  Dl_info found{};
  if (dladdr(address, &found) == 0) return;
  std::lock_guard<std::mutex> lock(text_mutex);
  auto known = texts.find(found.dli_fbase);
  if (known == texts.end()) {
    std::uintptr_t from = reinterpret_cast<std::uintptr_t>(found.dli_fbase), to = from + (1u << 20);
#if defined(__linux__)
    Search search{reinterpret_cast<std::uintptr_t>(address), from, to};
    dl_iterate_phdr(visit, &search);
    from = search.low;
    to = search.high;
#endif
    known = texts.emplace(found.dli_fbase, std::make_pair(from, to)).first;
  }
  low = known->second.first;
  high = known->second.second;
}

void find_image(const void* address, std::uintptr_t& low, std::uintptr_t& high) {
  low = high = 0;
#if defined(__linux__)
  struct Image {
    std::uintptr_t address, low, high;
  } image{reinterpret_cast<std::uintptr_t>(address), 0, 0};
  dl_iterate_phdr(
      [](dl_phdr_info* info, std::size_t, void* data) {
        auto* wanted = static_cast<Image*>(data);
        std::uintptr_t from = UINTPTR_MAX, to = 0;
        for (int i = 0; i < info->dlpi_phnum; ++i) {
          const auto& header = info->dlpi_phdr[i];
          if (header.p_type != PT_LOAD) continue;
          from = std::min<std::uintptr_t>(from, info->dlpi_addr + header.p_vaddr);
          to = std::max<std::uintptr_t>(to, info->dlpi_addr + header.p_vaddr + header.p_memsz);
        }
        if (wanted->address < from || wanted->address >= to) return 0;
        wanted->low = from;
        wanted->high = to;
        return 1;
      },
      &image);
  low = image.low;
  high = image.high;
#else
  find_text(address, low, high);
#endif
}

std::string library_of(const void* address, std::uintptr_t& base) {
  Dl_info found{};
  base = 0;
  if (address == nullptr || dladdr(address, &found) == 0 || found.dli_fname == nullptr) return "";
  base = reinterpret_cast<std::uintptr_t>(found.dli_fbase);
  return found.dli_fname;
}

}  // namespace kbk
