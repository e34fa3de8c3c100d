// See touched.h. Memory is kept page by page: most launches touch a small part of the address space, and that densely.
#include "touched.h"

#include <algorithm>
#include <cstring>
#include <memory>
#include <unordered_map>
#include <vector>

namespace kbk {

namespace {

constexpr std::uint64_t kPage = 4096;

struct Page {
  std::uint64_t read[kPage / 64] = {}, written[kPage / 64] = {};
  std::uint16_t writes[kPage] = {};  // stays at its largest value
  std::uint16_t most = 0;            // of them
};

std::unordered_map<std::uint64_t, std::unique_ptr<Page>> pages;
std::vector<std::unique_ptr<Page>> spare;  // of the launches before, as they were left
constexpr std::size_t kMostSpare = 4096;   // 37 MiB
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
    if (page == nullptr && !spare.empty()) {
      page = std::move(spare.back());
      spare.pop_back();
      *page = {};
    } else if (page == nullptr) {
      page = std::make_unique<Page>();
    }
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

// Without an instruction for it, which not every x86-64 has, the compiler would call a function.
inline unsigned ones(std::uint64_t word) {
  word -= word >> 1 & 0x5555555555555555ull;
  word = (word & 0x3333333333333333ull) + (word >> 2 & 0x3333333333333333ull);
  return static_cast<unsigned>(((word + (word >> 4)) & 0x0f0f0f0f0f0f0f0full) * 0x0101010101010101ull >> 56);
}

unsigned count_bits(const std::uint64_t* words, unsigned first, unsigned count) {
  unsigned sum = 0;
  while (count != 0) {
    const unsigned low = first % 64, here = std::min(count, 64 - low);
    const std::uint64_t mask = (here == 64 ? ~0ull : (1ull << here) - 1) << low;
    sum += ones(words[first / 64] & mask);
    first += here;
    count -= here;
  }
  return sum;
}

void add_part(const Page& page, unsigned low, unsigned bytes, Touched& sum) {
  sum.read += count_bits(page.read, low, bytes);
  sum.written += count_bits(page.written, low, bytes);
  if (bytes == kPage) {
    sum.most_writes = std::max<std::uint64_t>(sum.most_writes, page.most);
  } else if (page.most > sum.most_writes) {
    for (unsigned i = 0; i < bytes; ++i) sum.most_writes = std::max<std::uint64_t>(sum.most_writes, page.writes[low + i]);
  }
}

}  // namespace

void touched_clear() {
  for (auto& each : pages)
    if (spare.size() < kMostSpare) spare.push_back(std::move(each.second));
  pages.clear();
  for (Recent& each : recent) each = {};
}

void touched_read(std::uint64_t address, unsigned bytes) {
  by_page(address, bytes, [](Page& page, unsigned low, unsigned count) { set_bits(page.read, low, count); });
}

// One more for each of `count` numbers, which stay at their largest value; the largest of them.
std::uint16_t increment(std::uint16_t* writes, unsigned count) {
  typedef std::uint16_t Eight __attribute__((vector_size(16)));
  Eight largest = {};
  unsigned i = 0;
  for (; i + 8 <= count; i += 8) {
    Eight here;
    std::memcpy(&here, writes + i, sizeof here);
    here -= reinterpret_cast<Eight>(here != UINT16_MAX);  // true is -1
    std::memcpy(writes + i, &here, sizeof here);
    largest = here > largest ? here : largest;
  }
  std::uint16_t most = 0;
  for (unsigned k = 0; k < 8; ++k) most = std::max<std::uint16_t>(most, largest[k]);
  for (; i < count; ++i) {
    writes[i] = static_cast<std::uint16_t>(writes[i] + (writes[i] != UINT16_MAX));
    most = std::max(most, writes[i]);
  }
  return most;
}

void touched_write(std::uint64_t address, unsigned bytes) {
  by_page(address, bytes, [](Page& page, unsigned low, unsigned count) {
    set_bits(page.written, low, count);
    page.most = std::max(page.most, increment(page.writes + low, count));
  });
}

Touched touched_between(std::uint64_t begin, std::uint64_t end) {
  Touched sum;
  if ((end - begin) / kPage > pages.size()) {  // a window of a large tensor
    for (const auto& each : pages) {
      const std::uint64_t low = std::max(begin, each.first * kPage), high = std::min(end, (each.first + 1) * kPage);
      if (low < high) add_part(*each.second, static_cast<unsigned>(low % kPage), static_cast<unsigned>(high - low), sum);
    }
    return sum;
  }
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
