#include "engine/trace/attention_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanoinfer {

AttentionView::AttentionView(const Session& session, uint32_t seq)
    : session_(session),
      seq_(seq),
      hidden_(session.n_ctx()),
      keys_(kChunkPositions * session.model().config.head_dim),
      values_(keys_.size()),
      partial_(session.model().config.head_dim),
      row_(size_t{4} * session.n_ctx() + session.model().config.head_dim + 2) {}

// Whether anything is.
bool AttentionView::hide(std::span<const Edit> edits, size_t z_op, uint32_t head, uint32_t pos) {
  std::fill_n(hidden_.begin(), pos + 1, uint8_t{0});
  const uint32_t element = head * session_.model().config.head_dim;
  bool any = false;
  for (const Edit& edit : edits) {
    if (edit.kind != EditKind::kMask || !edit.is_for(z_op, pos)) continue;
    if (element - edit.first >= edit.n || edit.begin > pos) continue;
    std::fill(hidden_.data() + edit.begin, hidden_.data() + std::min(edit.end, pos + 1),
              uint8_t{1});
    any = true;
  }
  return any;
}

// A copy that holds what is seen of the chunk's first n positions, in order; n becomes how many.
KvChunk AttentionView::without_hidden(const KvChunk& chunk, uint32_t first, size_t* n) {
  const size_t head_dim = partial_.size();
  size_t seen = 0;
  for (size_t p = 0; p < *n; ++p) {
    if (hidden_[first + p]) continue;
    for (size_t d = 0; d < head_dim; ++d) {
      keys_[key_place(head_dim, seen, d)] = chunk.keys[key_place(head_dim, p, d)];
      values_[value_place(head_dim, seen, d)] = chunk.values[value_place(head_dim, p, d)];
    }
    ++seen;
  }
  *n = seen;
  return {.keys = keys_.data(), .values = values_.data()};
}

AttentionView::Sum AttentionView::attend(std::span<const Edit> edits, size_t z_op, uint32_t head,
                                         uint32_t pos, const float* q, float* z) {
  const Config& c = session_.model().config;
  const Kernels& kernels = session_.kernels();
  const auto layer = static_cast<uint32_t>(session_.ops()[z_op].layer);
  const bool masked = hide(edits, z_op, head, pos);
  std::fill_n(z, c.head_dim, 0.0f);
  AttentionPartial sum{.o = z, .m = 0, .l = 0};
  bool first_seen = true;
  for (uint32_t first = 0; first <= pos; first += kChunkPositions) {
    size_t n = std::min<size_t>(kChunkPositions, pos + 1 - first);
    KvChunk chunk = session_.cache().chunk(seq_, layer, head / (c.n_heads / c.n_kv_heads), first);
    if (masked) chunk = without_hidden(chunk, first, &n);
    if (n == 0) continue;
    float probs[kChunkPositions];
    AttentionQuery query{.q = q, .n = n, .probs = probs, .out = {}};
    query.out.o = first_seen ? z : partial_.data();
    kernels.attention_chunk({&query, 1}, chunk, c.head_dim, session_.attention_scale());
    if (first_seen) {
      sum = query.out;
    } else {
      kernels.attention_merge(&sum, query.out, c.head_dim);
    }
    first_seen = false;
  }
  if (sum.l > 0) kernels.attention_finish(sum, c.head_dim, z);
  return {.m = sum.m, .l = sum.l};
}

std::span<const float> AttentionView::row(std::span<const Edit> edits, size_t z_op, uint32_t head,
                                          uint32_t pos, const float* q) {
  const Config& c = session_.model().config;
  const auto layer = static_cast<uint32_t>(session_.ops()[z_op].layer);
  const size_t n = size_t{pos} + 1;
  float* const z = row_.data() + 4 * n;
  const Sum sum = attend(edits, z_op, head, pos, q, z);
  for (uint32_t p = 0; p <= pos; ++p) {
    const KvChunk chunk = session_.cache().chunk(seq_, layer, head / (c.n_heads / c.n_kv_heads), p);
    float dot = 0;
    for (size_t d = 0; d < c.head_dim; ++d) {
      dot += q[d] * chunk.keys[key_place(c.head_dim, p % kChunkPositions, d)];
    }
    const float scaled = dot * session_.attention_scale();
    row_[p] = dot;
    row_[n + p] = scaled;
    row_[2 * n + p] = hidden_[p] ? -std::numeric_limits<float>::infinity() : scaled;
    row_[3 * n + p] = hidden_[p] ? 0 : exp_definition(scaled - sum.m) / sum.l;
  }
  z[c.head_dim] = sum.m;
  z[c.head_dim + 1] = sum.l;
  return {row_.data(), 4 * n + c.head_dim + 2};
}

}  // namespace nanoinfer
