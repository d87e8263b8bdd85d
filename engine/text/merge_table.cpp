#include "engine/text/merge_table.h"

#include <algorithm>
#include <cassert>
#include <tuple>

namespace nanoinfer {

namespace {

// (n_vocab + 1): how many merges come before those whose `side` is each id.
std::vector<uint32_t> starts_by(int32_t Merge::* side, const std::vector<Merge>& merges,
                                int32_t n_vocab) {
  std::vector<uint32_t> starts(static_cast<size_t>(n_vocab) + 1);
  for (const Merge& merge : merges) ++starts[static_cast<size_t>(merge.*side) + 1];
  for (size_t i = 1; i < starts.size(); ++i) starts[i] += starts[i - 1];
  return starts;
}

// Stable, so that sorting by one side and then by the other keeps equal pairs in their first order.
// Counting, because ids are small: a sort by comparisons is a tenth of the time to load a small
// model.
std::vector<Merge> sorted_by(int32_t Merge::* side, const std::vector<Merge>& merges,
                             int32_t n_vocab) {
  std::vector<uint32_t> next = starts_by(side, merges, n_vocab);
  std::vector<Merge> sorted(merges.size());
  for (const Merge& merge : merges) sorted[next[static_cast<size_t>(merge.*side)]++] = merge;
  return sorted;
}

}  // namespace

void MergeTable::build(const std::vector<Merge>& merges, int32_t n_vocab) {
  merges_ = sorted_by(&Merge::left, sorted_by(&Merge::right, merges, n_vocab), n_vocab);
  const auto same_sides = [](const Merge& a, const Merge& b) {
    return a.left == b.left && a.right == b.right;
  };
  merges_.erase(std::unique(merges_.begin(), merges_.end(), same_sides), merges_.end());
  starts_ = starts_by(&Merge::left, merges_, n_vocab);
}

const Merge* MergeTable::find(int32_t left, int32_t right) const {
  const size_t bucket = static_cast<size_t>(left);
  assert(bucket + 1 < starts_.size());
  const Merge* begin = merges_.data() + starts_[bucket];
  const Merge* end = merges_.data() + starts_[bucket + 1];
  const Merge* found = std::lower_bound(
      begin, end, right, [](const Merge& merge, int32_t id) { return merge.right < id; });
  return found != end && found->right == right ? found : nullptr;
}

void MergeTable::apply(std::vector<int32_t>& ids, MergeScratch& scratch,
                       std::vector<MergeStep>* steps) const {
  if (ids.size() < 2) return;
  // The ids are a linked list, so that a join costs the same wherever it happens; the joins that
  // could be made wait in a heap, and those that an earlier join undid are recognised when met.
  std::vector<MergeScratch::Node>& nodes = scratch.nodes;
  std::vector<MergeScratch::Candidate>& heap = scratch.heap;
  const uint32_t n = static_cast<uint32_t>(ids.size());
  const auto later = [](const MergeScratch::Candidate& a, const MergeScratch::Candidate& b) {
    return std::tie(a.merge->rank, a.pos) > std::tie(b.merge->rank, b.pos);
  };
  nodes.clear();
  heap.clear();
  for (uint32_t i = 0; i < n; ++i) nodes.push_back({ids[i], i - 1, i + 1});
  const auto consider = [&](uint32_t pos) {  // the pair that begins at pos
    const uint32_t next = nodes[pos].next;
    if (next >= n) return;
    const Merge* merge = find(nodes[pos].id, nodes[next].id);
    if (merge == nullptr) return;
    heap.push_back({merge, pos});
    std::push_heap(heap.begin(), heap.end(), later);
  };
  for (uint32_t i = 0; i + 1 < n; ++i) consider(i);

  while (!heap.empty()) {
    std::pop_heap(heap.begin(), heap.end(), later);
    const auto [merge, pos] = heap.back();
    heap.pop_back();
    MergeScratch::Node& node = nodes[pos];
    const uint32_t next = node.next;
    if (node.id != merge->left || next >= n || nodes[next].id != merge->right) continue;
    if (steps != nullptr) steps->push_back({pos, *merge});
    node.id = merge->result;
    node.next = nodes[next].next;
    nodes[next].id = -1;  // joined away: matches no merge
    if (node.next < n) nodes[node.next].previous = pos;
    if (pos > 0) consider(node.previous);
    consider(pos);
  }
  ids.clear();
  for (uint32_t pos = 0; pos < n; pos = nodes[pos].next) ids.push_back(nodes[pos].id);
}

}  // namespace nanoinfer
