// Requests of warps, made from what single threads do.
//
// On a GPU the 32 lanes of a warp run one instruction together, and what they access is one request. Here each thread runs for itself;
// what it does is kept until its warp has come to a point where all lanes have met. Then the lanes are replayed side by side: of the
// lanes that have something left, those at the lowest address of the code go first, together (min-PC reconvergence, S. Collange,
// "Stack-less SIMT Reconvergence at Low Cost", 2011). A jump backwards is kept too: lanes that have left a loop, or skip a part of a
// turn, wait for those that have not.
#pragma once

#include <cstdint>

#include "../trace.h"
#include "cost.h"

namespace kbk {

// kRed: an atomic whose result nobody uses. kIncrement: one that adds a constant 1. kSwap: a compare-and-swap.
enum class Kind : std::uint8_t { kLoad, kStore, kRed, kAtom, kCollective, kSpecial, kTurn, kIncrement, kSwap };

inline bool is_atomic(Kind kind) { return kind == Kind::kRed || kind == Kind::kAtom || kind >= Kind::kIncrement; }
// As Nsight Compute has it: red or atom.
inline Kind told_as(Kind kind) { return kind == Kind::kIncrement ? Kind::kRed : kind == Kind::kSwap ? Kind::kAtom : kind; }

// What one thread did.
struct Event {
  std::uint64_t address;  // global: the caller's; shared: from the start of the block's arena; kCollective: the mask of its lanes
  std::uint32_t pc;       // minus the lowest address of the library's code
  std::uint8_t bytes;     // kCollective: its Op; kSpecial: its Special
  Kind kind;
  Space space;
  std::uint8_t unused;
};
static_assert(sizeof(Event) == 16, "kbk: events are kept by the million");

// What lanes of one warp did together. The arrays are without gaps, in order of lane.
struct Request {
  const Block& block;
  unsigned warp;
  Event first;     // of the first lane that takes part
  Kind kind;       // as first.kind, but for accesses kLoad to kAtom
  unsigned lanes;  // a mask
  unsigned count;
  unsigned char lane[kLanes];
  std::uint64_t addresses[kLanes];
  // Of accesses, and only of those:
  bool dense;  // each begins where the one before it ends
  Cost cost;
  bool mixed;    // of several arguments: then each lane has its own
  int argument;  // of the first lane: whose tensor (arguments.h), or -1
  std::int8_t arguments[kLanes];
  bool accesses() const { return kind <= Kind::kAtom; }
};

// One who counts or keeps requests.
class RequestListener {
 public:
  virtual void begin(const Launch&, std::uintptr_t /*text_low*/) {}
  virtual void block_begin(const Block&) {}
  virtual void request(const Request& request) = 0;
  virtual void barrier(const Block&) {}
  virtual void block_end(const Block&) {}  // all its requests have been told
  virtual void end(const Launch&) {}

 protected:
  ~RequestListener() = default;
};

// The listener that makes them; it tells those who are added, in order.
Listener& warp_requests();
void add_request_listener(RequestListener* listener);
void clear_request_listeners();

}  // namespace kbk
