// What Python calls to have launches counted. A launch is told to Python when the next one begins or the call is over: it takes the
// arrays then.
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "../json.h"
#include "arguments.h"
#include "counters.h"
#include "request_log.h"
#include "requests.h"

namespace kbk {

namespace {

// One launch that is over.
struct Counted {
  std::string text;  // JSON
  std::vector<Sum> sums;
  LoggedRequests requests;
};

class Launches : public RequestListener {
 public:
  void begin(const Launch& launch, std::uintptr_t low) override {
    std::uintptr_t base;
    const std::string library = library_of(reinterpret_cast<const void*>(launch.body), base);
    text_ = "{\"serial\":" + std::to_string(launch.serial) + ",\"kernel\":" + json_text(launch.kernel) +
            ",\"grid\":" + json_triple(launch.grid_packed) + ",\"block\":" + json_triple(launch.block_packed) +
            ",\"library\":" + json_text(library) + ",\"code\":" + std::to_string(low - base);
  }
  void request(const Request&) override {}
  void end(const Launch& launch) override {
    const Totals& t = counted_totals();
    std::uint64_t numbers[sizeof(Totals) / sizeof(std::uint64_t)];
    std::memcpy(numbers, &t, sizeof numbers);
    text_ += ",\"totals\":[";
    for (std::size_t i = 0; i < sizeof numbers / sizeof *numbers; ++i) text_ += (i ? "," : "") + std::to_string(numbers[i]);
    text_ += "],\"arguments\":[";
    bool first = true;
    for (const ArgumentTouched& each : touched_by_argument()) {
      text_ += (first ? "[" : ",[") + std::to_string(each.number) + "," + std::to_string(each.touched.read) + "," +
               std::to_string(each.touched.written) + "," + std::to_string(each.touched.most_writes) + "]";
      first = false;
    }
    text_ += std::string("],\"ended\":") + (launch.stop.load() ? "true" : "false") +
             ",\"left_out\":" + std::to_string(unlogged_requests());
    Counted done;
    done.sums = counted_sums();
    done.requests = take_requests();
    text_ += ",\"sums\":" + std::to_string(done.sums.size()) + ",\"requests\":" + std::to_string(done.requests.count);
    done.text = std::move(text_);
    done_.push_back(std::move(done));
  }
  std::vector<Counted>& done() { return done_; }

 private:
  std::string text_;
  std::vector<Counted> done_;
};

Launches launches_counted;

}  // namespace

extern "C" {

// Counts launches from here on, and keeps the first requests of each.
KBK_API void kbk_sim_profile_start(std::uint64_t most_requests) {
  remove_listener(&warp_requests());
  clear_request_listeners();
  launches_counted.done().clear();
  request_log_room(most_requests);
  add_request_listener(&request_counters());
  add_request_listener(&request_log());
  add_request_listener(&launches_counted);
  add_listener(&warp_requests());
}
KBK_API void kbk_sim_profile_stop() { remove_listener(&warp_requests()); }
// What has been counted, as JSON; the text holds until the next call.
KBK_API const char* kbk_sim_profile_launches() {
  static std::string text;
  text = "[";
  for (const Counted& each : launches_counted.done()) text += (text.size() > 1 ? "," : "") + each.text + "}";
  text += "]";
  return text.c_str();
}
// Of the number-th launch, into arrays that have room.
KBK_API void kbk_sim_profile_take(std::uint64_t number, void* sums, void* requests) {
  const Counted& from = launches_counted.done()[number];
  if (!from.sums.empty()) std::memcpy(sums, static_cast<const void*>(from.sums.data()), from.sums.size() * sizeof(Sum));
  from.requests.copy(static_cast<LoggedRequest*>(requests));
}
KBK_API void kbk_sim_profile_discard() {
  for (Counted& each : launches_counted.done()) give_requests(each.requests);
  launches_counted.done().clear();
}

// The model alone: what one request of these lanes costs. told: cost, theoretical, ideal, distinct bytes.
KBK_API void kbk_sim_profile_cost(int shared, int kind, unsigned bytes, unsigned count, const std::uint64_t* addresses,
                                  const unsigned char* lanes, unsigned* told) {
  const bool atomic = kind >= static_cast<int>(Kind::kRed);
  const Cost cost = shared != 0 ? atomic ? shared_atomic_cost(addresses, lanes, count, bytes)
                                         : shared_cost(addresses, lanes, count, bytes, kind == static_cast<int>(Kind::kLoad))
                    : atomic    ? global_atomic_cost(addresses, count, bytes)
                                : global_cost(addresses, count, bytes);
  told[0] = cost.cost;
  told[1] = cost.theoretical;
  told[2] = cost.ideal;
  told[3] = cost.distinct;
}
}

}  // namespace kbk
