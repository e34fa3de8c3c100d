// CUB's operators, of before and after they moved to cuda:: and cuda::std::.
// https://nvidia.github.io/cccl/cub/
#pragma once

#include <cuda/functional>

namespace cub {

using Sum = ::std::plus<>;
using Max = ::cuda::maximum<>;
using Min = ::cuda::minimum<>;
using Equality = ::std::equal_to<>;
using Inequality = ::std::not_equal_to<>;
using Difference = ::std::minus<>;
using Division = ::std::divides<>;

template <class Key, class Value>
struct KeyValuePair {
  using Key_ = Key;
  Key key;
  Value value;
  KeyValuePair() = default;
  KeyValuePair(const Key& key_, const Value& value_) : key(key_), value(value_) {}
  bool operator!=(const KeyValuePair& other) const { return key != other.key || value != other.value; }
};

// Of equal values the one with the lower key.
struct ArgMax {
  template <class Pair>
  Pair operator()(const Pair& a, const Pair& b) const {
    return b.value > a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};
struct ArgMin {
  template <class Pair>
  Pair operator()(const Pair& a, const Pair& b) const {
    return b.value < a.value || (a.value == b.value && b.key < a.key) ? b : a;
  }
};

struct NullType {};

}  // namespace cub
