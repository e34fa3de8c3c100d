// Barriers that not all threads come to, or that they come to at different places.
#include "findings.h"
#include "sanitizer.h"

namespace kbk {

namespace {

class Barriers : public Listener {
 public:
  void touch(const Thread&, const Touch&) override {}

  void barrier(const Block& block) override {
    const Thread* first = nullptr;
    const Thread* elsewhere = nullptr;
    unsigned gone = 0;
    for (const Thread& thread : block.threads) {
      if (thread.wait == Wait::kDone) {
        ++gone;
      } else if (first == nullptr) {
        first = &thread;
      } else if (elsewhere == nullptr && (thread.wait_pc != first->wait_pc || thread.wait_line != first->wait_line)) {
        elsewhere = &thread;
      }
    }
    if (first == nullptr) return;
    if (elsewhere != nullptr) {
      Finding finding;
      finding.kind = "barrier";
      finding.code = "barrier-divergent";
      finding.actor = actor_of(*elsewhere, elsewhere->wait_pc, Access::kRead);
      finding.other = actor_of(*first, first->wait_pc, Access::kRead);
      finding.number = elsewhere->wait_line == first->wait_line ? 1 : 0;  // perhaps one call, of which the compiler made two
      found(*block.launch, std::move(finding));
    }
    if (gone != 0) {
      Finding finding;
      finding.kind = "barrier";
      finding.code = "barrier-exited";
      finding.severity = Severity::kWarning;
      finding.actor = actor_of(*first, first->wait_pc, Access::kRead);
      finding.number = gone;
      found(*block.launch, std::move(finding));
    }
  }

  void stray_shuffle(const Thread& thread, unsigned source, unsigned) override {
    Finding finding;
    finding.kind = "barrier";
    finding.code = "barrier-stray";
    finding.severity = Severity::kWarning;
    finding.actor = actor_of(thread, thread.wait_pc, Access::kRead);
    finding.number = source;
    found(*thread.block->launch, std::move(finding));
  }
};

}  // namespace

Listener& barrier_checker() {
  static Barriers checker;
  return checker;
}

}  // namespace kbk
