// What Python calls to have launches checked.
#include "sanitizer.h"

#include "findings.h"
#include "race.h"

namespace kbk {

namespace {
Listener* const checkers[] = {
    &bounds_checker(),  // first: the others may look at the memory that it has found to be there
    &initialized_checker(),
    &barrier_checker(),
    &race_detector(),
};
}  // namespace

extern "C" {

KBK_API void kbk_sim_sanitize(int on) {
  for (Listener* each : checkers) remove_listener(each);
  checking = on != 0;
  if (on == 0) return;
  take_findings();  // of a call that nobody asked about
  for (Listener* each : checkers) add_listener(each);
}

// What has been found since it was asked last, as JSON; the text holds until the next call.
KBK_API const char* kbk_sim_findings() {
  static std::string text;
  text = take_findings();
  return text.c_str();
}
}

}  // namespace kbk
