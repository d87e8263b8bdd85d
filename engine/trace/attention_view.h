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

  // Softmax over positions 0 .. pos, unnormalised, as the kernel leaves it: z = o / l.
  struct Sum {
    float m = 0;  // the largest score
    float l = 0;  // sum of exp(score - m); 0 where every position is hidden, and z is 0 then
  };

  // Attention of query head `head` with query q (head_dim) at `pos`, without what the masks among
  // the edits of op `z_op` hide; z (head_dim) takes the result. With nothing hidden these are the
  // bits of the pass.
  Sum attend(std::span<const Edit> edits, size_t z_op, uint32_t head, uint32_t pos, const float* q,
             float* z);

  // The whole row: raw, scaled, masked and probs, (pos + 1) each, then z (head_dim), m, l. raw is
  // q . k in the kernel's order; masked is -infinity where a position is hidden; probs are
  // exp(masked - m) / l.
  std::span<const float> row(std::span<const Edit> edits, size_t z_op, uint32_t head, uint32_t pos,
                             const float* q);

 private:
  bool hide(std::span<const Edit> edits, size_t z_op, uint32_t head, uint32_t pos);
  KvChunk without_hidden(const KvChunk& chunk, uint32_t first, size_t* n);

  const Session& session_;
  const uint32_t seq_;
  std::vector<uint8_t> hidden_;  // (n_ctx): 1 where the row at hand does not see a position
  std::vector<float> keys_;      // a chunk without its hidden positions
  std::vector<float> values_;
  std::vector<float> partial_;  // (head_dim)
  std::vector<float> row_;      // (4 * n_ctx + head_dim + 2)
};

}  // namespace nanoinfer
