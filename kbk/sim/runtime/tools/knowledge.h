// What somebody knows of other blocks: a vector clock of the whole grid, immutable and shared.
//
// For each block that is known at all there is a leaf: "everything that the block did before its barrier number `epoch`, and of
// that epoch itself what each thread did up to its clock". The leaves hang in a Patricia trie over block numbers (Okasaki and
// Gill, "Fast Mergeable Integer Maps", 1998): joining two pieces of knowledge shares what they have in common, so a counter that
// thousands of blocks release to costs each of them a path, not a copy.
#pragma once

#include <cstdint>
#include <utility>

#include "../state.h"

namespace kbk::race {

struct KnownNode;

class Knowledge {
 public:
  Knowledge() = default;
  Knowledge(const Knowledge& other);
  Knowledge(Knowledge&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Knowledge& operator=(Knowledge other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Knowledge();

  // All that block `block` did before `epoch`, and in it what lane l of the warp did at times up to clocks[l].
  static Knowledge of_warp(std::uint32_t block, std::uint32_t epoch, unsigned warp, const std::uint32_t (&clocks)[kLanes]);

  bool empty() const { return node_ == nullptr; }
  bool operator==(const Knowledge& other) const { return node_ == other.node_; }  // the same object
  bool operator!=(const Knowledge& other) const { return node_ != other.node_; }
  void join(const Knowledge& other);

  // Which of these lanes' accesses at `clock` of `epoch` are not known.
  std::uint32_t unknown(std::uint32_t block, std::uint32_t epoch, unsigned warp, std::uint32_t clock, std::uint32_t lanes) const;

 private:
  explicit Knowledge(KnownNode* node) : node_(node) {}  // takes over one reference
  KnownNode* node_ = nullptr;
};

}  // namespace kbk::race
