// Puts a host function behind a torch op: a boxed wrapper for each, and one entry point that registers them all.
//
// Not STABLE_TORCH_LIBRARY_IMPL, which registers while the library loads: the namespace is only known to Python.
#pragma once

#include <torch/csrc/stable/library.h>

#include <cstdint>
#include <exception>
#include <string>
#include <tuple>
#include <utility>

#ifdef KBK_SIM
#include <kbk/guarded.h>
#endif
#include <kbk/schema.h>
#include <kbk/signature.h>
#include <kbk/stream.h>

#define KBK_API __attribute__((visibility("default")))

#ifdef KBK_SIM
#define KBK_DISPATCH_KEY "CPU"
#else
#define KBK_DISPATCH_KEY "CUDA"
#endif

namespace kbk::detail {

template <class T>
struct Unbox {
  static T get(StableIValue value) { return torch::stable::detail::to<T>(value); }
};
template <>
struct Unbox<HostTensor> {
  static HostTensor get(StableIValue value) { return HostTensor(torch::stable::detail::to<Tensor>(value)); }
};

// The device of a CUDA tensor; -1 for everything else.
template <class T>
int cuda_device(const T&) {
  return -1;
}
inline int cuda_device(const Tensor& tensor) { return tensor.is_cuda() ? tensor.get_device_index() : -1; }
inline int cuda_device(const HostTensor&) { return -1; }
inline int cuda_device(const std::optional<Tensor>& tensor) { return tensor ? cuda_device(*tensor) : -1; }

template <class... T>
int first_cuda_device([[maybe_unused]] const std::tuple<T...>& arguments) {
  int device = -1;
#ifndef KBK_SIM
  std::apply([&](const auto&... each) { ((device < 0 ? void(device = cuda_device(each)) : void()), ...); }, arguments);
#endif
  return device;
}

inline void give(StableIValue* stack, const Tensor& result) { stack[0] = torch::stable::detail::from(result); }

template <class... R, size_t... I>
void give_each(StableIValue* stack, const std::tuple<R...>& results, std::index_sequence<I...>) {
  ((stack[I] = torch::stable::detail::from(std::get<I>(results))), ...);
}

template <class... R>
void give(StableIValue* stack, const std::tuple<R...>& results) {
  give_each(stack, results, std::index_sequence_for<R...>());
}

// torch calls run(): take the arguments off the stack, call, look for a failed launch, put the results there.
template <class F>
struct Boxed;

template <class R, class... P>
struct Boxed<R(P...)> {
  template <size_t... I>
  static std::tuple<typename Type<P>::Stored...> take([[maybe_unused]] StableIValue* stack, std::index_sequence<I...>) {
    return std::tuple<typename Type<P>::Stored...>{Unbox<typename Type<P>::Stored>::get(stack[I])...};
  }

  static void run(R (*function)(P...), const char* name, StableIValue* stack) {
    auto arguments = take(stack, std::index_sequence_for<P...>());
    const DeviceScope scope(first_cuda_device(arguments));
    (void)cudaGetLastError();  // an error that somebody left behind is not this function's
#ifdef KBK_SIM
    Guarded guarded;
    guard(guarded, arguments, std::index_sequence_for<P...>());
#endif
    if constexpr (std::is_void_v<R>) {
      std::apply(function, std::move(arguments));
      check_launches(name);
#ifdef KBK_SIM
      guarded.finish();
#endif
    } else {
      R result = std::apply(function, std::move(arguments));
      check_launches(name);
#ifdef KBK_SIM
      guarded.finish();
      guarded.refuse_alias(result);
#endif
      give(stack, result);
    }
  }

#ifdef KBK_SIM
  // A parameter by value may be written; a const reference may not.
  template <class Arguments, size_t... I>
  static void guard(Guarded& guarded, Arguments& arguments, std::index_sequence<I...>) {
    (guarded.note(std::get<I>(arguments), !std::is_reference_v<P>, static_cast<int>(I)), ...);
    guarded.seal();
    (guarded.move(std::get<I>(arguments)), ...);
  }
#endif
};

// The function's type is deduced, never spelled: nvcc writes decltype of a function out with its default arguments, which is
// no type.
template <class R, class... P>
void run_boxed(R (*function)(P...), const char* name, StableIValue* stack) {
  Boxed<R(P...)>::run(function, name, stack);
}

template <class R, class... P>
const char* const* codes_of(R (*)(P...)) {
  return Codes<R(P...)>::kValue;
}

// Registers while it lives; kept for ever, since torch would call into a registration that is gone.
class Registration {
 public:
  explicit Registration(const char* name_space)
      : library_(*new torch::stable::detail::StableLibrary(
            torch::stable::detail::StableLibrary::Kind::IMPL, name_space, KBK_DISPATCH_KEY, __FILE__, __LINE__)) {}

  void add(const char* function, void (*boxed)(StableIValue*, uint64_t, uint64_t)) { library_.impl(function, boxed); }

 private:
  torch::stable::detail::StableLibrary& library_;
};

// Runs `body` for a C caller: nullptr, or what went wrong.
template <class Body>
const char* guarded(Body body) {
  static std::string message;
  try {
    body();
    return nullptr;
  } catch (const std::exception& error) {
    message = error.what();
    return message.c_str();
  }
}

}  // namespace kbk::detail

// The boxed wrapper of `function`, and what the compiler says of its type for Python.
#define KBK_EXPORT(function)                                                             \
  static void kbk_boxed_##function(StableIValue* stack, uint64_t, uint64_t) {            \
    kbk::detail::run_boxed(&function, #function, stack);                                 \
  }                                                                                      \
  extern "C" KBK_API const char* const* kbk_codes_##function() {                         \
    return kbk::detail::codes_of(&function);                                             \
  }

#define KBK_REGISTER(function) registration.add(#function, &kbk_boxed_##function);

#define KBK_REGISTER_ALL(...)                                      \
  extern "C" KBK_API const char* kbk_register(const char* ns) {    \
    return kbk::detail::guarded([&] {                              \
      kbk::detail::Registration registration(ns);                  \
      __VA_ARGS__                                                  \
    });                                                            \
  }
