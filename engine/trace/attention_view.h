// One query head's attention at one position, computed again by the pass's kernels from its query
// and the cache: probabilities are never stored, and no variant of the model is needed to see them.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/run/session.h"
#include "engine/trace/edits.h"

namespace nanoinfer {

class AttentionView {
 public:
  AttentionView(const Session& session, uint32_t seq);

  // Query q (head_dim) of head `head` at `pos`, in the layer of op `z_op`, without what the masks
  // among the edits of that op hide.
  struct Query {
    std::span<const Edit> edits;
    size_t z_op;
    uint32_t head;
    uint32_t pos;
    const float* q;
  };

  // Softmax over positions 0 .. pos, unnormalised, as the kernel leaves it: z = o / l.
  struct Sum {
    float m = 0;  // the largest score
    float l = 0;  // sum of exp(score - m); 0 where every position is hidden, and z is 0 then
  };

  // z (head_dim) takes what the query finds. With nothing hidden these are the bits of the pass.
  Sum attend(const Query& query, float* z);

  // The whole row: raw, scaled, masked and probs, (pos + 1) each, then z (head_dim), m, l. raw is
  // q . k in the kernel's order; masked is -infinity where a position is hidden; probs are
  // exp(masked - m) / l.
  std::span<const float> row(const Query& query);

 private:
  bool hides(const Query& query, uint32_t first, uint32_t end) const;
  void read(const Query& query, uint32_t pos);

  const Session& session_;
  const uint32_t seq_;
  std::vector<float> memory_;
  float* keys_;  // a chunk with one position
  float* values_;
  float* k_;        // (head_dim): one position of the cache
  float* v_;        // (head_dim)
  float* partial_;  // (head_dim)
  float* row_;      // (4 * n_ctx + head_dim + 2)
};

}  // namespace nanoinfer
