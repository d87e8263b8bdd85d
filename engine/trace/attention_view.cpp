#include "engine/trace/attention_view.h"

#include <algorithm>
#include <limits>

namespace nanoinfer {

AttentionView::AttentionView(const Session& session, uint32_t seq, const std::vector<Edit>& edits)
    : session_(session),
      seq_(seq),
      edits_(edits),
      memory_(size_t{2 * kChunkPositions + 4} * session.model().config.head_dim +
              size_t{4} * session.n_ctx() + 2) {}

// Whether any of positions [first, end) is hidden.
bool AttentionView::hides(const Query& query, uint32_t first, uint32_t end) const {
  const uint32_t element = query.head * session_.model().config.head_dim;
  for (const Edit& edit : edits_) {
    if (edit.kind == EditKind::kMask && edit.is_for(query.z_op, query.pos) &&
        element - edit.first < edit.n && edit.begin < end && edit.end > first) {
      return true;
    }
  }
  return false;
}

std::span<const float> AttentionView::row(const Query& query) {
  const Config& c = session_.model().config;
  const Kernels& kernels = session_.kernels();
  const float scale = session_.attention_scale();
  const auto layer = static_cast<uint32_t>(session_.ops()[query.z_op].layer);
  const uint32_t kv_head = query.head / (c.n_heads / c.n_kv_heads);
  const uint32_t n = query.pos + 1;
  float* const keys = memory_.data();  // a chunk of what is seen
  float* const values = keys + kChunkPositions * c.head_dim;
  float* const k = values + kChunkPositions * c.head_dim;  // (head_dim), as v and partial are
  float* const v = k + c.head_dim;
  float* const partial = v + c.head_dim;
  float* const raw = partial + c.head_dim;  // (n), as the next three are; z (head_dim + 2)
  float* const scaled = raw + n;
  float* const masked = scaled + n;
  float* const probs = masked + n;
  float* const z = probs + n;
  std::fill_n(z, c.head_dim, 0.0f);
  AttentionPartial sum{.o = z, .m = 0, .l = 0};
  // Where some are hidden, those that are not are chunks of one.
  const size_t step = is_masked(query) ? 1 : kChunkPositions;
  for (uint32_t p = 0; p < n;) {
    const bool is_first = sum.l == 0;
    float e[kChunkPositions];
    AttentionQuery seen{.q = query.q, .n = 0, .probs = e, .out = {is_first ? z : partial, 0, 0}};
    do {
      session_.cache().read(seq_, layer, kv_head, p, k, v);
      float dot = 0;
      for (size_t d = 0; d < c.head_dim; ++d) dot += query.q[d] * k[d];
      raw[p] = dot;
      masked[p] = scaled[p] = dot * scale;
      if (hides(query, p, p + 1)) {
        masked[p] = -std::numeric_limits<float>::infinity();
      } else {
        kernels.kv_append(k, v, c.head_dim, seen.n++, keys, values);
      }
    } while (++p < n && p % step != 0);
    if (seen.n == 0) continue;
    kernels.attention_chunk({&seen, 1}, {keys, values}, c.head_dim, scale);
    if (is_first) {
      sum = seen.out;
    } else {
      kernels.attention_merge(&sum, seen.out, c.head_dim);
    }
  }
  const bool sees = sum.l != 0;
  if (sees) kernels.attention_finish(sum, c.head_dim, z);
  for (uint32_t p = 0; p < n; ++p) {
    probs[p] = sees ? exp_definition(masked[p] - sum.m) / sum.l : 0;
  }
  z[c.head_dim] = sum.m;
  z[c.head_dim + 1] = sum.l;
  return {raw, size_t{4} * n + c.head_dim + 2};
}

}  // namespace nanoinfer
