#include "knowledge.h"

#include <algorithm>
#include <cstring>
#include <vector>

namespace kbk::race {

struct WarpClocks {
  unsigned warp;
  std::uint32_t clocks[kLanes];  // 0: nothing of this epoch
};

struct KnownNode {
  std::uint32_t references = 1;
  std::uint32_t key = 0;     // a leaf's block; of a branch: the bits above `bit` that all below it share
  std::uint32_t bit = 0;     // 0: a leaf
  std::uint32_t epoch = 0;   // of a leaf
  KnownNode* child[2] = {nullptr, nullptr};
  std::vector<WarpClocks> warps;  // of a leaf, in order
};

namespace {

KnownNode* take(KnownNode* node) {
  if (node != nullptr) ++node->references;
  return node;
}

void give(KnownNode* node) {
  if (node == nullptr || --node->references != 0) return;
  give(node->child[0]);
  give(node->child[1]);
  delete node;
}

bool belongs(std::uint32_t key, const KnownNode& branch) { return (key & ~(2 * branch.bit - 1)) == branch.key; }
unsigned side(std::uint32_t key, std::uint32_t bit) { return (key & bit) != 0; }

// Takes over both references.
KnownNode* make_branch(std::uint32_t key, std::uint32_t bit, KnownNode* low, KnownNode* high) {
  auto* node = new KnownNode;
  node->key = key & ~(2 * bit - 1);
  node->bit = bit;
  node->child[0] = low;
  node->child[1] = high;
  return node;
}

KnownNode* make_branch_of_strangers(KnownNode* a, KnownNode* b) {
  const std::uint32_t bit = 1u << (31 - __builtin_clz(a->key ^ b->key));
  return side(a->key, bit) ? make_branch(a->key, bit, take(b), take(a)) : make_branch(a->key, bit, take(a), take(b));
}

bool covers(const KnownNode& a, const KnownNode& b) {
  if (a.epoch != b.epoch) return a.epoch > b.epoch;
  std::size_t i = 0;
  for (const WarpClocks& other : b.warps) {
    while (i < a.warps.size() && a.warps[i].warp < other.warp) ++i;
    if (i == a.warps.size() || a.warps[i].warp != other.warp) return false;
    for (int lane = 0; lane < kLanes; ++lane)
      if (a.warps[i].clocks[lane] < other.clocks[lane]) return false;
  }
  return true;
}

KnownNode* join_leaves(KnownNode* a, KnownNode* b) {
  if (covers(*a, *b)) return take(a);
  if (covers(*b, *a)) return take(b);
  auto* node = new KnownNode;
  node->key = a->key;
  node->epoch = a->epoch;
  std::size_t i = 0, k = 0;
  while (i < a->warps.size() || k < b->warps.size()) {
    if (k == b->warps.size() || (i < a->warps.size() && a->warps[i].warp < b->warps[k].warp)) {
      node->warps.push_back(a->warps[i++]);
    } else if (i == a->warps.size() || b->warps[k].warp < a->warps[i].warp) {
      node->warps.push_back(b->warps[k++]);
    } else {
      node->warps.push_back(a->warps[i++]);
      for (int lane = 0; lane < kLanes; ++lane)
        node->warps.back().clocks[lane] = std::max(node->warps.back().clocks[lane], b->warps[k].clocks[lane]);
      ++k;
    }
  }
  return node;
}

// A new reference; `a` itself where it knows all that `b` knows, and the other way round.
KnownNode* join_nodes(KnownNode* a, KnownNode* b) {
  if (a == b) return take(a);
  if (a->bit == 0 && b->bit == 0) return a->key == b->key ? join_leaves(a, b) : make_branch_of_strangers(a, b);
  if (a->bit == b->bit) {
    if (a->key != b->key) return make_branch_of_strangers(a, b);
    KnownNode* const low = join_nodes(a->child[0], b->child[0]);
    KnownNode* const high = join_nodes(a->child[1], b->child[1]);
    for (KnownNode* old : {a, b})
      if (low == old->child[0] && high == old->child[1]) {
        give(low);
        give(high);
        return take(old);
      }
    return make_branch(a->key, a->bit, low, high);
  }
  if (a->bit < b->bit) std::swap(a, b);
  if (!belongs(b->key, *a)) return make_branch_of_strangers(a, b);
  const unsigned at = side(b->key, a->bit);
  KnownNode* const below = join_nodes(a->child[at], b);
  if (below == a->child[at]) {
    give(below);
    return take(a);
  }
  KnownNode* const beside = take(a->child[1 - at]);
  return at == 0 ? make_branch(a->key, a->bit, below, beside) : make_branch(a->key, a->bit, beside, below);
}

}  // namespace

Knowledge::Knowledge(const Knowledge& other) : node_(take(other.node_)) {}
Knowledge::~Knowledge() { give(node_); }

Knowledge Knowledge::of_warp(std::uint32_t block, std::uint32_t epoch, unsigned warp, const std::uint32_t (&clocks)[kLanes]) {
  auto* node = new KnownNode;
  node->key = block;
  node->epoch = epoch;
  node->warps.push_back({warp, {}});
  std::memcpy(node->warps.back().clocks, clocks, sizeof clocks);
  return Knowledge(node);
}

void Knowledge::join(const Knowledge& other) {
  if (other.node_ == nullptr || other.node_ == node_) return;
  *this = node_ == nullptr ? other : Knowledge(join_nodes(node_, other.node_));
}

std::uint32_t Knowledge::unknown(std::uint32_t block, std::uint32_t epoch, unsigned warp, std::uint32_t clock,
                                 std::uint32_t lanes) const {
  const KnownNode* node = node_;
  while (node != nullptr && node->bit != 0) node = belongs(block, *node) ? node->child[side(block, node->bit)] : nullptr;
  if (node == nullptr || node->key != block || node->epoch < epoch) return lanes;
  if (node->epoch > epoch) return 0;
  for (const WarpClocks& each : node->warps) {
    if (each.warp != warp) continue;
    std::uint32_t rest = lanes;
    for (std::uint32_t left = lanes; left != 0; left &= left - 1)
      if (each.clocks[__builtin_ctz(left)] >= clock) rest &= ~(left & -left);
    return rest;
  }
  return lanes;
}

}  // namespace kbk::race
