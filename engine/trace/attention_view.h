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
  // The edits, which must outlive it, hold masks: what those of an op hide is not seen there.
  AttentionView(const Session& session, uint32_t seq, const std::vector<Edit>& edits);

  // Query q (head_dim) of head `head` at `pos`, in the layer of op `z_op`.
  struct Query {
    size_t z_op;
    uint32_t head;
    uint32_t pos;
    const float* q;
  };

  // Whether anything is hidden from it.
  bool is_masked(const Query& query) const { return hides(query, 0, query.pos + 1); }

  // The whole row: raw, scaled, masked and probs, (pos + 1) each, then z (head_dim), m, l. raw is
  // q . k in the kernel's order; masked is -infinity where a position is hidden; probs are
  // exp(masked - m) / l. m is the kernel's largest score and l its sum of exp(masked - m), both 0,
  // as are probs and z, where every position is hidden. z has the bits of the pass where none is.
  std::span<const float> row(const Query& query);

 private:
  bool hides(const Query& query, uint32_t first, uint32_t end) const;

  const Session& session_;
  const uint32_t seq_;
  const std::vector<Edit>& edits_;
  std::vector<float> memory_;
};

}  // namespace nanoinfer
