// kernel<<<grid, block, bytes, stream>>>(arguments): the translator writes ::kbk::launcher(...)(arguments).
#pragma once

#include <cstddef>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"
#include "kbk_counted.h"
#include "kbk_runtime.h"

namespace kbk {

// NULL among the arguments: a number or a null pointer, as the parameter wants.
struct Zero {
  template <class T>
  constexpr operator T() const {
    return T(0);
  }
};

// A literal 0 among the arguments: an int, unless no kernel takes one there.
struct LiteralZero : Zero {
  int number = 0;
};

template <class T>
T& as_number(T& argument) {
  return argument;
}
inline int& as_number(LiteralZero& zero) { return zero.number; }

template <class T>
T& as_anything(T& argument) {
  return argument;
}
inline Zero& as_anything(LiteralZero& zero) { return zero; }

// The call of a launch that has a literal 0. `accepts` is the call too, and says in its type whether it compiles.
template <class Accepts, class Call>
auto with_zero(Accepts accepts, Call call) {
  return [=](auto&... arguments) {
    if constexpr (!std::is_invocable_v<decltype(accepts), decltype(as_number(arguments))...> &&
                  std::is_invocable_v<decltype(accepts), decltype(as_anything(arguments))...>)
      call(as_anything(arguments)...);
    else
      call(as_number(arguments)...);
  };
}

inline Dim to_dim(dim3 d) { return {d.x, d.y, d.z}; }

inline LaunchConfig config(dim3 grid, dim3 block, std::size_t dynamic_bytes = 0, cudaStream_t stream = nullptr) {
  LaunchConfig c;
  c.grid = to_dim(grid);
  c.block = to_dim(block);
  c.dynamic_bytes = dynamic_bytes;
  c.stream = stream;
#if defined(__clang__)
  c.by_clang = true;
#endif
  KBK_CONSTANT_MEMORY(c);
  return c;
}

// Arguments are evaluated once and copied, as a launch does; every thread gets its own copies of the parameters from
// those.
template <class Call, class... Args>
void launch_kernel(const char* name, const char* file, int line, bool may_spin, Call&& call, LaunchConfig c,
                   Args&&... args) {
  using Copies = std::tuple<std::decay_t<Args>...>;
  struct Context {
    std::remove_reference_t<Call>* call;
    Copies copies;
  };
  Context context{&call, Copies(std::forward<Args>(args)...)};
  const Body body = [](void* p) {
    auto* here = static_cast<Context*>(p);
    std::apply(*here->call, here->copies);
  };
  c.may_spin = may_spin;
  ::kbk::launch(name, c, (std::size_t{0} + ... + sizeof(std::decay_t<Args>)), body, &context, file, line);
}

// A launch without its arguments, so that a macro may give none. They come by value: bit-fields are welcome.
template <class Call>
struct Launcher {
  const char* name;
  const char* file;
  int line;
  bool may_spin;
  Call call;
  LaunchConfig c;

  template <class... Args>
  void operator()(Args... args) {
    launch_kernel(name, file, line, may_spin, call, c, std::move(args)...);
  }
};

template <class Call>
Launcher<Call> launcher(const char* name, const char* file, int line, bool may_spin, Call call, LaunchConfig c) {
  return {name, file, line, may_spin, call, c};
}

// The KernelInfo of a kernel given by its address: the kernel is called once, and returns from its first line.
template <class... Params>
KernelInfo* info_of(void (*kernel)(Params...)) {
  using Kernel = void (*)(Params...);
  const Body body = [](void* p) {
    alignas(16) static thread_local unsigned char nothing[1 << 16];
    auto* bytes = static_cast<unsigned char*>(nothing);
    (*static_cast<Kernel*>(p))(*reinterpret_cast<std::remove_cv_t<std::remove_reference_t<Params>>*>(bytes)...);
  };
  return probe(body, &kernel);
}

template <class... Params, std::size_t... I>
cudaError_t launch_by_address(void (*kernel)(Params...), dim3 grid, dim3 block, void** args, std::size_t bytes,
                              cudaStream_t stream, bool cooperative, const char* file, int line, bool may_spin,
                              std::index_sequence<I...>) {
  LaunchConfig c = config(grid, block, bytes, stream);
  c.cooperative = cooperative;
  launch_kernel("kernel", file, line, may_spin, [kernel](auto&... a) { kernel(a...); }, c,
                *static_cast<std::remove_cv_t<std::remove_reference_t<Params>>*>(args[I])...);
  return cudaPeekAtLastError();
}

// cudaLaunchKernel and cudaLaunchCooperativeKernel. The translator strips a cast to void* from the kernel's address.
template <class... Params>
cudaError_t launch_array(bool cooperative, const char* file, int line, bool may_spin, void (*kernel)(Params...),
                         dim3 grid, dim3 block, void** args, std::size_t bytes = 0, cudaStream_t stream = nullptr) {
  return launch_by_address(kernel, grid, block, args, bytes, stream, cooperative, file, line, may_spin,
                           std::index_sequence_for<Params...>{});
}

}  // namespace kbk

#define KBK_TEXT(...) #__VA_ARGS__

template <class... Params, class... Args>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* c, void (*kernel)(Params...), Args&&... args) {
  kbk::LaunchConfig config = kbk::config(c->gridDim, c->blockDim, c->dynamicSmemBytes, c->stream);
  for (unsigned i = 0; i < c->numAttrs; ++i)
    if (c->attrs[i].id == cudaLaunchAttributeCooperative) config.cooperative = c->attrs[i].val.cooperative != 0;
  kbk::launch_kernel("kernel", __FILE__, __LINE__, true, [kernel](auto&... a) { kernel(a...); }, config,
                     static_cast<Params>(std::forward<Args>(args))...);
  return cudaPeekAtLastError();
}

template <class... Params>
cudaError_t cudaFuncSetAttribute(void (*kernel)(Params...), cudaFuncAttribute attribute, int value) {
  return kbk::set_function_attribute(kbk::info_of(kernel), attribute, value);
}

template <class... Params>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, void (*kernel)(Params...)) {
  return kbk::get_function_attributes(kbk::info_of(kernel), attributes);
}

template <class... Params>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, void (*kernel)(Params...), int threads,
                                                          std::size_t bytes) {
  return kbk::occupancy(kbk::info_of(kernel), blocks, threads, bytes);
}

template <class... Params>
cudaError_t cudaOccupancyMaxPotentialBlockSize(int* grid, int* block, void (*kernel)(Params...), std::size_t bytes = 0,
                                               int limit = 0) {
  kbk::KernelInfo* info = kbk::info_of(kernel);
  *block = limit > 0 ? limit : (info != nullptr && info->max_threads > 0 ? info->max_threads : 1024);
  int blocks = 0;
  const cudaError_t error = kbk::occupancy(info, &blocks, *block, bytes);
  *grid = blocks * kbk::profile().sms;
  return error;
}
