#include "engine/text/merge_table.h"

#include <algorithm>
#include <cassert>
#include <tuple>
#include <utility>

namespace nanoinfer {

void MergeTable::build(std::vector<Merge> merges, int32_t n_vocab) {
  std::sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) {
    return std::tie(a.left, a.right, a.rank) < std::tie(b.left, b.right, b.rank);
  });
  const auto same_sides = [](const Merge& a, const Merge& b) {
    return a.left == b.left && a.right == b.right;
  };
  merges.erase(std::unique(merges.begin(), merges.end(), same_sides), merges.end());
  merges_ = std::move(merges);

  starts_.assign(static_cast<size_t>(n_vocab) + 1, 0);
  for (const Merge& merge : merges_) ++starts_[static_cast<size_t>(merge.left) + 1];
  for (size_t i = 1; i < starts_.size(); ++i) starts_[i] += starts_[i - 1];
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

void MergeTable::apply(std::vector<int32_t>& ids, MergeScratch& scratch) const {
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
