// Runs every AfterFork in the child of a fork.
#include "forking.h"

#include <pthread.h>

namespace kbk {

namespace {
constexpr int kMost = 32;
void (*in_child[kMost])();
int registered = 0;

void run_in_child() {
  for (int i = 0; i < registered; ++i) in_child[i]();
}
}  // namespace

AfterFork::AfterFork(void (*function)()) {
  if (registered == 0) pthread_atfork(nullptr, nullptr, run_in_child);
  if (registered < kMost) in_child[registered++] = function;
}

}  // namespace kbk
