// Byte-pair encoding: which neighbours join, in which order, into what.
#pragma once

#include <cstdint>
#include <vector>

namespace nanoinfer {

// "left right" joins into `result`; token ids.
struct Merge {
  int32_t left, right;
  uint32_t rank;  // lower joins first
  int32_t result;
};

// One join that was made.
struct MergeStep {
  uint32_t pos;  // of the left side's first id, among those that were given
  Merge merge;
};

// Memory of MergeTable::apply() that outlives a word.
struct MergeScratch {
  struct Node {
    int32_t id;
    uint32_t previous, next;  // positions of neighbours; the first's previous is not read
  };
  struct Candidate {
    const Merge* merge;
    uint32_t pos;  // of the left side
  };
  std::vector<Node> nodes;
  std::vector<Candidate> heap;
};

class MergeTable {
 public:
  // In order of rank; of merges with equal sides the first stays. Ids must be below n_vocab.
  void build(const std::vector<Merge>& merges, int32_t n_vocab);

  // The merge of two neighbours, or nullptr.
  const Merge* find(int32_t left, int32_t right) const;

  // Joins neighbours of `ids`, lowest rank first and leftmost among equals, until none join.
  // n log n in the number of ids. steps: null, or takes the joins in the order they are made.
  void apply(std::vector<int32_t>& ids, MergeScratch& scratch,
             std::vector<MergeStep>* steps = nullptr) const;

 private:
  std::vector<Merge> merges_;     // sorted by left, then right
  std::vector<uint32_t> starts_;  // (n_vocab + 1) first merge of each left id
};

}  // namespace nanoinfer
