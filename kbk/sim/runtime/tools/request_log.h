// Requests of a launch, lane by lane, as kbk/profiler/counted.py reads them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "requests.h"

namespace kbk {

struct LoggedRequest {
  std::uint32_t pc;     // minus the lowest address of the library's code
  std::uint32_t block;  // linear
  std::uint16_t warp;   // of the block
  std::uint8_t kind, space, bytes;
  std::int8_t argument;  // of its first lane
  std::uint16_t reserved;
  std::uint32_t lanes;  // a mask
  std::uint16_t cost;   // sectors or wavefronts
  std::uint16_t ideal;
  std::uint16_t theoretical, unused[3];
  std::uint64_t address[kLanes];  // by lane; 0 where it takes no part
};
static_assert(sizeof(LoggedRequest) == 288, "kbk: Python reads 288 bytes a request");

RequestListener& request_log();
void request_log_room(std::uint64_t most);
std::uint64_t unlogged_requests();

// Those of a launch that is over.
struct LoggedRequests {
  std::vector<std::unique_ptr<LoggedRequest[]>> chunks;
  std::uint64_t count = 0;
  void copy(LoggedRequest* to) const;  // it has room for `count`
};
LoggedRequests take_requests();
void give_requests(LoggedRequests& requests);  // they are not needed any more

}  // namespace kbk
