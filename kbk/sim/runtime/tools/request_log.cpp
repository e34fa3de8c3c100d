// Keeps the first requests of a launch, lane by lane, for pictures.
#include <algorithm>
#include <memory>
#include <vector>

#include "cost.h"
#include "request_log.h"

namespace kbk {

namespace {

constexpr std::size_t kRequestsPerChunk = 4096;

class RequestLog : public RequestListener {
 public:
  void room_for(std::uint64_t most) { most_ = most; }
  void begin(const Launch&, std::uintptr_t) override {
    chunks_.clear();
    count_ = left_out_ = 0;
  }
  void request(const Request& request) override {
    const Event& first = request.first();
    if (first.kind > Kind::kAtom) return;
    if (count_ == most_) {
      ++left_out_;
      return;
    }
    if (count_ % kRequestsPerChunk == 0) chunks_.push_back(std::make_unique<LoggedRequest[]>(kPerChunk));
    LoggedRequest& here = chunks_.back()[count_++ % kRequestsPerChunk];
    here = {};
    here.pc = first.pc;
    here.block = static_cast<std::uint32_t>(request.block.linear);
    here.warp = static_cast<std::uint16_t>(request.warp);
    here.kind = static_cast<std::uint8_t>(first.kind);
    here.space = static_cast<std::uint8_t>(first.space);
    here.bytes = first.bytes;
    here.argument = first.argument;
    here.lanes = request.lanes;
    std::uint64_t addresses[kLanes];
    for (unsigned i = 0; i < request.count; ++i) {
      addresses[i] = here.address[request.lane[i]] = request.events[i]->address;
      if (request.events[i]->kind == Kind::kAtom) here.kind = static_cast<std::uint8_t>(Kind::kAtom);
    }
    const Cost cost = first.space == Space::kShared ? shared_cost(addresses, request.lane, request.count, first.bytes)
                                                    : global_cost(addresses, request.count, first.bytes);
    here.cost = static_cast<std::uint16_t>(cost.cost);
    here.ideal = static_cast<std::uint16_t>(cost.ideal);
  }

  std::uint64_t count() const { return count_; }
  std::uint64_t left_out() const { return left_out_; }
  void take(LoggedRequest* to) {
    std::uint64_t left = count_;
    for (auto& chunk : chunks_) {
      const std::uint64_t here = std::min<std::uint64_t>(left, kRequestsPerChunk);
      std::copy(chunk.get(), chunk.get() + here, to);
      to += here;
      left -= here;
    }
    chunks_.clear();
    count_ = 0;
  }

 private:
  std::vector<std::unique_ptr<LoggedRequest[]>> chunks_;
  std::uint64_t count_ = 0, left_out_ = 0, most_ = 0;
};

RequestLog log;

}  // namespace

RequestListener& request_log() { return log; }
void request_log_room(std::uint64_t most) { log.room_for(most); }
std::uint64_t logged_requests() { return log.count(); }
std::uint64_t unlogged_requests() { return log.left_out(); }
void take_requests(LoggedRequest* to) { log.take(to); }

}  // namespace kbk
