// Keeps the first requests of a launch, lane by lane, for pictures.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "request_log.h"

namespace kbk {

namespace {

constexpr std::size_t kRequestsPerChunk = 4096;

class RequestLog : public RequestListener {
 public:
  void room_for(std::uint64_t most) { most_ = most; }
  void begin(const Launch&, std::uintptr_t) override {
    give(chunks_);
    count_ = left_out_ = 0;
  }
  void request(const Request& request) override {
    const Event& first = request.first;
    if (!request.accesses()) return;
    if (count_ == most_) {
      ++left_out_;
      return;
    }
    if (count_ % kRequestsPerChunk == 0) {
      if (spare_.empty()) {
        chunks_.emplace_back(new LoggedRequest[kRequestsPerChunk]);
      } else {
        chunks_.push_back(std::move(spare_.back()));
        spare_.pop_back();
      }
    }
    LoggedRequest& here = chunks_.back()[count_++ % kRequestsPerChunk];
    here.pc = first.pc;
    here.block = static_cast<std::uint32_t>(request.block.linear);
    here.warp = static_cast<std::uint16_t>(request.warp);
    here.kind = static_cast<std::uint8_t>(request.kind);
    here.space = static_cast<std::uint8_t>(first.space);
    here.bytes = first.bytes;
    here.argument = static_cast<std::int8_t>(request.argument);
    here.reserved = 0;
    here.lanes = request.lanes;
    here.cost = static_cast<std::uint16_t>(request.cost.cost);
    here.ideal = static_cast<std::uint16_t>(request.cost.ideal);
    here.theoretical = static_cast<std::uint16_t>(request.cost.theoretical);
    std::fill(here.unused, here.unused + 3, 0);
    if (request.count != kLanes) std::fill(here.address, here.address + kLanes, 0);
    for (unsigned i = 0; i < request.count; ++i) here.address[request.lane[i]] = request.addresses[i];
  }

  std::uint64_t left_out() const { return left_out_; }
  LoggedRequests take() {
    LoggedRequests all{std::move(chunks_), count_};
    chunks_.clear();
    count_ = 0;
    return all;
  }

  // Chunks that nobody needs any more.
  void give(std::vector<std::unique_ptr<LoggedRequest[]>>& chunks) {
    for (auto& chunk : chunks)
      if (spare_.size() < kMostSpare) spare_.push_back(std::move(chunk));
    chunks.clear();
  }

 private:
  static constexpr std::size_t kMostSpare = 32;  // 36 MiB
  std::vector<std::unique_ptr<LoggedRequest[]>> chunks_, spare_;
  std::uint64_t count_ = 0, left_out_ = 0, most_ = 0;
};

RequestLog log;

}  // namespace

RequestListener& request_log() { return log; }
void request_log_room(std::uint64_t most) { log.room_for(most); }
std::uint64_t unlogged_requests() { return log.left_out(); }
LoggedRequests take_requests() { return log.take(); }
void give_requests(LoggedRequests& requests) { log.give(requests.chunks); }

void LoggedRequests::copy(LoggedRequest* to) const {
  std::uint64_t left = count;
  for (const auto& chunk : chunks) {
    const std::uint64_t here = std::min<std::uint64_t>(left, kRequestsPerChunk);
    std::copy(chunk.get(), chunk.get() + here, to);
    to += here;
    left -= here;
  }
}

}  // namespace kbk
