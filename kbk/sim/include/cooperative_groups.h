// Cooperative groups: thread_block, grid_group, tiles, coalesced_group.
// CUDA C++ Programming Guide, "Cooperative Groups".
#pragma once

#include <type_traits>

#include "cuda_runtime.h"
#include "kbk_warp.h"

namespace cooperative_groups {

namespace details {

struct block_id {};

inline unsigned linear_thread() {
  const uint3 t = kbk::thread_idx();
  const dim3 d = kbk::block_dimensions();
  return (t.z * d.y + t.y) * d.x + t.x;
}
inline unsigned linear_block() {
  const uint3 b = kbk::block_idx();
  const dim3 g = kbk::grid_dimensions();
  return (b.z * g.y + b.y) * g.x + b.x;
}
inline unsigned block_threads() {
  const dim3 d = kbk::block_dimensions();
  return d.x * d.y * d.z;
}
inline unsigned full_mask(unsigned size) { return size >= 32 ? 0xffffffffu : (1u << size) - 1; }

}  // namespace details

class thread_block {
 public:
  static void sync() { __syncthreads(); }
  static unsigned thread_rank() { return details::linear_thread(); }
  static unsigned size() { return details::block_threads(); }
  static unsigned num_threads() { return size(); }
  static dim3 group_index() { return dim3(kbk::block_idx()); }
  static dim3 thread_index() { return dim3(kbk::thread_idx()); }
  static dim3 dim_threads() { return kbk::block_dimensions(); }
  static dim3 group_dim() { return dim_threads(); }
};

inline thread_block this_thread_block() { return {}; }

class grid_group {
 public:
  void sync() const { kbk::grid_barrier(); }
  bool is_valid() const { return kbk::grid_is_cooperative(); }
  unsigned long long thread_rank() const {
    return static_cast<unsigned long long>(details::linear_block()) * details::block_threads() +
           details::linear_thread();
  }
  unsigned long long size() const { return num_blocks() * details::block_threads(); }
  unsigned long long num_threads() const { return size(); }
  unsigned long long num_blocks() const {
    const dim3 g = kbk::grid_dimensions();
    return static_cast<unsigned long long>(g.x) * g.y * g.z;
  }
  unsigned long long block_rank() const { return details::linear_block(); }
  dim3 block_index() const { return dim3(kbk::block_idx()); }
  dim3 dim_blocks() const { return kbk::grid_dimensions(); }
  dim3 group_dim() const { return kbk::grid_dimensions(); }
};

inline grid_group this_grid() { return {}; }

namespace details {

// What groups inside a warp share: a mask of lanes, and the rank of this one among them.
template <class Self>
class lanes {
 public:
  void sync() const { __syncwarp(self().mask()); }
  template <class T>
  T shfl(T value, int rank) const {
    return __shfl_sync(self().mask(), value, self().lane_of(static_cast<unsigned>(rank)));
  }
  int any(int predicate) const { return __any_sync(self().mask(), predicate); }
  int all(int predicate) const { return __all_sync(self().mask(), predicate); }
  unsigned ballot(int predicate) const { return self().to_ranks(__ballot_sync(self().mask(), predicate)); }
  template <class T>
  unsigned match_any(T value) const { return self().to_ranks(__match_any_sync(self().mask(), value)); }
  template <class T>
  unsigned match_all(T value, int& predicate) const {
    return self().to_ranks(__match_all_sync(self().mask(), value, &predicate));
  }
  unsigned size() const { return self().num_threads(); }

 private:
  const Self& self() const { return *static_cast<const Self*>(this); }
};

}  // namespace details

template <unsigned Size, class Parent = thread_block>
class thread_block_tile;

namespace details {
template <class Group>
struct is_tile : std::false_type {};
template <unsigned Size, class Parent>
struct is_tile<thread_block_tile<Size, Parent>> : std::true_type {};
}  // namespace details

template <unsigned Size, class Parent>
class thread_block_tile : public details::lanes<thread_block_tile<Size, Parent>> {
  static_assert(Size >= 1 && Size <= 32 && (Size & (Size - 1)) == 0,
                "kbk: the size of a simulated tile is a power of two from 1 to 32");

 public:
  thread_block_tile() : base_(kbk::lane_id() & ~(Size - 1)) {}
  unsigned mask() const { return details::full_mask(Size) << base_; }
  unsigned to_ranks(unsigned mask) const { return mask >> base_ & details::full_mask(Size); }
  int lane_of(unsigned rank) const { return static_cast<int>(base_ + (rank & (Size - 1))); }
  static constexpr unsigned num_threads() { return Size; }
  static constexpr unsigned size() { return Size; }
  unsigned thread_rank() const { return details::linear_thread() & (Size - 1); }
  // Among the tiles of the group that was partitioned: the block, or a larger tile.
  unsigned meta_group_rank() const {
    if constexpr (details::is_tile<Parent>::value)
      return (details::linear_thread() & (Parent::num_threads() - 1)) / Size;
    else
      return details::linear_thread() / Size;
  }
  unsigned meta_group_size() const {
    if constexpr (details::is_tile<Parent>::value)
      return Parent::num_threads() / Size;
    else
      return (details::block_threads() + Size - 1) / Size;
  }
  template <class T>
  T shfl_up(T value, unsigned delta) const { return __shfl_up_sync(mask(), value, delta, Size); }
  template <class T>
  T shfl_down(T value, unsigned delta) const { return __shfl_down_sync(mask(), value, delta, Size); }
  template <class T>
  T shfl_xor(T value, unsigned lanes) const { return __shfl_xor_sync(mask(), value, static_cast<int>(lanes), Size); }

 private:
  unsigned base_;
};

template <unsigned Size, class Parent>
thread_block_tile<Size, Parent> tiled_partition(const Parent&) { return {}; }

class coalesced_group : public details::lanes<coalesced_group> {
 public:
  explicit coalesced_group(unsigned mask) : mask_(mask) {}
  unsigned mask() const { return mask_; }
  unsigned num_threads() const { return static_cast<unsigned>(__builtin_popcount(mask_)); }
  unsigned thread_rank() const {
    return static_cast<unsigned>(__builtin_popcount(mask_ & ((1u << kbk::lane_id()) - 1)));
  }
  // Ranks and lanes: rank r is the lane of the r-th set bit.
  int lane_of(unsigned rank) const {
    unsigned rest = mask_;
    while (rank-- > 0 && (rest & (rest - 1)) != 0) rest &= rest - 1;
    return __builtin_ctz(rest);
  }
  unsigned to_ranks(unsigned lanes) const {
    unsigned ranks = 0, rank = 0;
    for (unsigned rest = mask_; rest != 0; rest &= rest - 1, ++rank)
      if (lanes & rest & -rest) ranks |= 1u << rank;
    return ranks;
  }
  template <class T>
  T shfl_up(T value, unsigned delta) const {
    const unsigned rank = thread_rank();
    return __shfl_sync(mask_, value, lane_of(rank < delta ? rank : rank - delta));
  }
  template <class T>
  T shfl_down(T value, unsigned delta) const {
    const unsigned rank = thread_rank();
    return __shfl_sync(mask_, value, lane_of(rank + delta < num_threads() ? rank + delta : rank));
  }
  unsigned meta_group_rank() const { return 0; }
  unsigned meta_group_size() const { return 1; }

 private:
  unsigned mask_;
};

inline coalesced_group coalesced_threads() { return coalesced_group(__activemask()); }

template <class Group, class Label>
coalesced_group labeled_partition(const Group& group, Label label) {
  return coalesced_group(__match_any_sync(group.mask(), label));
}
template <class Group>
coalesced_group binary_partition(const Group& group, bool predicate) {
  return coalesced_group(__match_any_sync(group.mask(), static_cast<int>(predicate)));
}

// A group whose size is known at run time: a block, or a tile of a power of two from 1 to 32 threads.
class thread_group {
 public:
  thread_group(const thread_block&) : size_(0) {}
  template <unsigned Size, class Parent>
  thread_group(const thread_block_tile<Size, Parent>&) : size_(Size) {}
  explicit thread_group(unsigned size) : size_(size) {}
  unsigned size() const { return size_ == 0 ? details::block_threads() : size_; }
  unsigned num_threads() const { return size(); }
  unsigned thread_rank() const { return size_ == 0 ? details::linear_thread() : details::linear_thread() & (size_ - 1); }
  void sync() const {
    if (size_ == 0)
      __syncthreads();
    else
      __syncwarp(details::full_mask(size_) << (kbk::lane_id() & ~(size_ - 1)));
  }

 private:
  unsigned size_;  // 0: the block
};

inline thread_group tiled_partition(const thread_group&, unsigned size) {
  if (size < 1 || size > 32 || (size & (size - 1)) != 0)
    kbk::trap("unsupported", "the size of a tile must be a power of two from 1 to 32");
  return thread_group(size);
}

class thread_group_of_one {
 public:
  static void sync() {}
  static unsigned size() { return 1; }
  static unsigned num_threads() { return 1; }
  static unsigned thread_rank() { return 0; }
};
inline thread_group_of_one this_thread() { return {}; }

template <class Group>
void sync(const Group& group) { group.sync(); }

}  // namespace cooperative_groups
