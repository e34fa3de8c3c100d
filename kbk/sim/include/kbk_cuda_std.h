// cuda::std, NVIDIA's standard library for the device, is the host's here.
#pragma once

#include <functional>
#include <type_traits>

namespace cuda::std {
using namespace ::std;
}
