#include "engine/trace/attention_view.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace nanoinfer {

AttentionView::AttentionView(const Session& session, uint32_t seq)
    : session_(session),
      seq_(seq),
      memory_(size_t{2 * kChunkPositions + 4} * session.model().config.head_dim +
              size_t{4} * session.n_ctx() + 2),
      keys_(memory_.data()),
      values_(keys_ + kChunkPositions * session.model().config.head_dim),
      k_(values_ + kChunkPositions * session.model().config.head_dim),
      v_(k_ + session.model().config.head_dim),
      partial_(v_ + session.model().config.head_dim),
      row_(partial_ + session.model().config.head_dim) {}

// Whether any of positions [first, end) is hidden.
bool AttentionView::hides(const Query& query, uint32_t first, uint32_t end) const {
  const uint32_t element = query.head * session_.model().config.head_dim;
  for (const Edit& edit : query.edits) {
    if (edit.kind == EditKind::kMask && edit.is_for(query.z_op, query.pos) &&
        element - edit.first < edit.n && edit.begin < end && edit.end > first) {
      return true;
    }
  }
  return false;
}

// Key and value of a position, for the query's head, to k_ and v_.
void AttentionView::read(const Query& query, uint32_t pos) {
  const Config& c = session_.model().config;
  const auto layer = static_cast<uint32_t>(session_.ops()[query.z_op].layer);
  session_.cache().read(seq_, layer, query.head / (c.n_heads / c.n_kv_heads), pos, k_, v_);
}

AttentionView::Sum AttentionView::attend(const Query& query, float* z) {
  const Config& c = session_.model().config;
  const Kernels& kernels = session_.kernels();
  const auto layer = static_cast<uint32_t>(session_.ops()[query.z_op].layer);
  const uint32_t kv_head = query.head / (c.n_heads / c.n_kv_heads);
  std::fill_n(z, c.head_dim, 0.0f);
  AttentionPartial sum{.o = z, .m = 0, .l = 0};
  bool is_first = true;
  // Where some are hidden, those that are not are chunks of one.
  const bool one_by_one = hides(query, 0, query.pos + 1);
  const uint32_t step = one_by_one ? 1 : kChunkPositions;
  for (uint32_t first = 0; first <= query.pos; first += step) {
    KvChunk chunk{keys_, values_};
    if (!one_by_one) {
      chunk = session_.cache().chunk(seq_, layer, kv_head, first);
    } else if (hides(query, first, first + 1)) {
      continue;
    } else {
      read(query, first);
      for (size_t d = 0; d < c.head_dim; ++d) {
        keys_[key_place(c.head_dim, 0, d)] = k_[d];
        values_[value_place(c.head_dim, 0, d)] = v_[d];
      }
    }
    float probs[kChunkPositions];
    AttentionQuery head{.q = query.q,
                        .n = std::min<size_t>(step, query.pos + 1 - first),
                        .probs = probs,
                        .out = {}};
    head.out.o = is_first ? z : partial_;
    kernels.attention_chunk({&head, 1}, chunk, c.head_dim, session_.attention_scale());
    if (is_first) {
      sum = head.out;
    } else {
      kernels.attention_merge(&sum, head.out, c.head_dim);
    }
    is_first = false;
  }
  if (sum.l > 0) kernels.attention_finish(sum, c.head_dim, z);
  return {.m = sum.m, .l = sum.l};
}

std::span<const float> AttentionView::row(const Query& query) {
  const uint32_t head_dim = session_.model().config.head_dim;
  const size_t n = size_t{query.pos} + 1;
  float* const z = row_ + 4 * n;
  const Sum sum = attend(query, z);
  for (uint32_t p = 0; p <= query.pos; ++p) {
    read(query, p);
    float dot = 0;
    for (size_t d = 0; d < head_dim; ++d) dot += query.q[d] * k_[d];
    const float scaled = dot * session_.attention_scale();
    const bool hidden = hides(query, p, p + 1);
    row_[p] = dot;
    row_[n + p] = scaled;
    row_[2 * n + p] = hidden ? -std::numeric_limits<float>::infinity() : scaled;
    row_[3 * n + p] = hidden ? 0 : exp_definition(scaled - sum.m) / sum.l;
  }
  z[head_dim] = sum.m;
  z[head_dim + 1] = sum.l;
  return {row_, 4 * n + head_dim + 2};
}

}  // namespace nanoinfer
