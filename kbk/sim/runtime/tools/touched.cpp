// See touched.h. Memory is kept page by page: most launches touch a small part of the address space, and that densely.
#include "touched.h"

#include <algorithm>
#include <memory>
#include <unordered_map>

namespace kbk {

namespace {

constexpr std::uint64_t kPage = 4096;

struct Page {
  std::uint64_t read[kPage / 64] = {}, written[kPage / 64] = {};
  std::uint16_t writes[kPage] = {};  // stays at its largest value
};

std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages;
// The pages that were met last, by the low bits of their number.
constexpr std::size_t kRecent = 64;
struct Recent {
  std::uint64_t number = ~0ull;
  Page* page = nullptr;
} recent[kRecent];

Page& page_at(std::uint64_t number) {
  Recent& here = recent[number % kRecent];
  if (here.number != number) {
    std::unique_ptr<Page>& page = pages[number];
    if (page == nullptr) page = std::make_unique<Page>();
    here = {number, page.get()};
  }
  return *here.page;
}

inline void set_bits(std::uint64_t* words, unsigned first, unsigned count) {
  while (count != 0) {
    const unsigned low = first % 64, here = std::min(count, 64 - low);
    words[first / 64] |= (here == 64 ? ~0ull : (1ull << here) - 1) << low;
    first += here;
    count -= here;
  }
}

template <class Each>
inline void by_page(std::uint64_t address, unsigned bytes, Each each) {
  while (bytes != 0) {
    const auto low = static_cast<unsigned>(address % kPage), here = std::min(bytes, static_cast<unsigned>(kPage) - low);
    each(page_at(address / kPage), low, here);
    address += here;
    bytes -= here;
  }
}

unsigned count_bits(const std::uint64_t* words, unsigned first, unsigned count) {
  unsigned sum = 0;
  while (count != 0) {
    const unsigned low = first % 64, here = std::min(count, 64 - low);
    const std::uint64_t mask = (here == 64 ? ~0ull : (1ull << here) - 1) << low;
    sum += static_cast<unsigned>(__builtin_popcountll(words[first / 64] & mask));
    first += here;
    count -= here;
  }
  return sum;
}

void add_part(const Page& page, unsigned low, unsigned bytes, Touched& sum) {
  sum.read += count_bits(page.read, low, bytes);
  sum.written += count_bits(page.written, low, bytes);
  for (unsigned i = 0; i < bytes; ++i) sum.most_writes = std::max<std::uint64_t>(sum.most_writes, page.writes[low + i]);
}

}  // namespace

void touched_clear() {
  pages.clear();
  for (Recent& each : recent) each = {};
}

void touched_read(std::uint64_t address, unsigned bytes) {
  by_page(address, bytes, [](Page& page, unsigned low, unsigned count) { set_bits(page.read, low, count); });
}

void touched_write(std::uint64_t address, unsigned bytes) {
  by_page(address, bytes, [](Page& page, unsigned low, unsigned count) {
    set_bits(page.written, low, count);
    for (unsigned i = 0; i < count; ++i) page.writes[low + i] = static_cast<std::uint16_t>(page.writes[low + i] + (page.writes[low + i] != UINT16_MAX));
  });
}

Touched touched_between(std::uint64_t begin, std::uint64_t end) {
  Touched sum;
  while (begin < end) {
    const auto low = static_cast<unsigned>(begin % kPage);
    const auto here = static_cast<unsigned>(std::min<std::uint64_t>(end - begin, kPage - low));
    const auto found = pages.find(begin / kPage);
    if (found != pages.end()) add_part(*found->second, low, here, sum);
    begin += here;
  }
  return sum;
}

Touched touched_all() {
  Touched sum;
  for (const auto& each : pages) add_part(*each.second, 0, kPage, sum);
  return sum;
}

}  // namespace kbk
