// See arguments.h.
#include "arguments.h"

#include <algorithm>
#include <vector>


namespace kbk {

namespace {

struct Dimension {
  std::uint64_t size, step;  // step in bytes
};

// A strided view: where it begins, its dimensions from the widest step to the narrowest, and the bytes of its innermost run.
struct View {
  std::uint64_t begin = 0, end = 0, run = 0;
  std::vector<Dimension> dimensions;
  bool written = false;
  int number = -1;

  bool holds(std::uint64_t address) const {
    if (address < begin || address >= end) return false;
    std::uint64_t rest = address - begin;
    for (const Dimension& each : dimensions) {
      const std::uint64_t index = std::min(rest / each.step, each.size - 1);
      rest -= index * each.step;
    }
    return rest < run;
  }
};

std::vector<View> views;
const View* last[2] = {nullptr, nullptr};  // by load, store

View view_of(int number, std::uint64_t data, std::uint64_t itemsize, int dim, const std::int64_t* shape, const std::int64_t* strides,
             bool written) {
  View view;
  view.number = number;
  view.written = written;
  view.begin = data;
  view.run = itemsize;
  for (int i = 0; i < dim; ++i) {
    if (shape[i] == 0) return view;
    if (shape[i] > 1 && strides[i] > 0)
      view.dimensions.push_back({static_cast<std::uint64_t>(shape[i]), static_cast<std::uint64_t>(strides[i]) * itemsize});
  }
  std::sort(view.dimensions.begin(), view.dimensions.end(), [](const Dimension& a, const Dimension& b) { return a.step > b.step; });
  while (!view.dimensions.empty() && view.dimensions.back().step == view.run) {
    view.run *= view.dimensions.back().size;
    view.dimensions.pop_back();
  }
  view.end = data + view.run;
  for (const Dimension& each : view.dimensions) view.end += (each.size - 1) * each.step;
  return view;
}

// Whether no byte belongs to two elements.
bool is_apart(const View& view) {
  std::uint64_t reach = view.run;
  for (auto each = view.dimensions.rbegin(); each != view.dimensions.rend(); ++each) {
    if (each->step < reach) return false;
    reach += (each->size - 1) * each->step;
  }
  return true;
}

// The runs of bytes of a view; one for all of it where elements overlap.
template <class Each>
void each_run(const View& view, std::size_t dimension, std::uint64_t at, Each each) {
  if (view.end == view.begin || view.end == 0) return;
  if (dimension == 0 && !is_apart(view)) return each(view.begin, view.end - view.begin);
  if (dimension == view.dimensions.size()) return each(at, view.run);
  const Dimension& here = view.dimensions[dimension];
  for (std::uint64_t i = 0; i < here.size; ++i) each_run(view, dimension + 1, at + i * here.step, each);
}

}  // namespace

int argument_of(std::uint64_t address, bool store) {
  if (last[store] != nullptr && last[store]->holds(address)) return last[store]->number;
  const View* found = nullptr;
  for (const View& each : views)
    if (each.holds(address) && (found == nullptr || (each.written == store && found->written != store))) found = &each;
  if (found == nullptr) return -1;
  // Remembered only where no other view may hold the next byte and fit better.
  last[store] = found->written == store ? found : nullptr;
  return found->number;
}

bool argument_of_run(std::uint64_t begin, std::uint64_t end, bool store, int& number) {
  const View* view = last[store];
  if (view == nullptr || !view->dimensions.empty() || begin < view->begin || end > view->end) return false;
  number = view->number;
  return true;
}

std::vector<ArgumentTouched> touched_by_argument() {
  std::vector<ArgumentTouched> all;
  for (const View& view : views) {
    ArgumentTouched sum{view.number, {}};
    each_run(view, 0, view.begin, [&sum](std::uint64_t at, std::uint64_t bytes) {
      const Touched here = touched_between(at, at + bytes);
      sum.touched.read += here.read;
      sum.touched.written += here.written;
      sum.touched.most_writes = std::max(sum.touched.most_writes, here.most_writes);
    });
    all.push_back(sum);
  }
  return all;
}

extern "C" {

// The call has no arguments until they are told.
KBK_API void kbk_sim_profile_call() {
  views.clear();
  last[0] = last[1] = nullptr;
}
KBK_API void kbk_sim_profile_argument(int number, int written, std::uint64_t data, std::uint64_t itemsize, int dim,
                                      const std::int64_t* shape, const std::int64_t* strides) {
  views.push_back(view_of(number, data, itemsize, dim, shape, strides, written != 0));
  last[0] = last[1] = nullptr;  // they point into the list
}
}

}  // namespace kbk
