// Attention over one chunk of one KV head: keys with positions in the lanes, values with dimensions
// in the lanes, so that neither sum runs across lanes.
#include <algorithm>
#include <cstring>
#include <limits>

#include "engine/kernels/numerics.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_math.h"

namespace nanoinfer::simd128 {
namespace {

// The first n (1 to 4) floats at p, zeros after them; memory past them is not read.
inline v128_t load_first(const float* p, size_t n) {
  if (n == 4) return wasm_v128_load(p);
  if (n == 1) return wasm_v128_load32_zero(p);
  const v128_t two = wasm_v128_load64_zero(p);
  return n == 2 ? two : wasm_v128_load32_lane(p + 2, two, 2);
}

// Two queries at a time by four vectors: 8 sums, the 4 vectors that both share and their 2 factors
// fill the 16 registers. One query by eight vectors needs one register more, and the sum that then
// lives in memory is waited for in every step (measured: half the speed).
constexpr size_t kVectors = 4;
constexpr size_t kStep = 4 * kVectors;
static_assert(kStep == kKvLanes);

// Scores of kStep positions for each query; keys (head_dim, kKvLanes) are those of the positions.
template <size_t kQueries>
inline void score(const float* const (&q)[kQueries], const float* keys, size_t head_dim,
                  v128_t scale, float* const (&probs)[kQueries]) {
  v128_t sums[kQueries][kVectors];
  for (size_t i = 0; i < kQueries; ++i) {
    for (v128_t& sum : sums[i]) sum = wasm_f32x4_splat(0.0f);
  }
  for (size_t d = 0; d < head_dim; ++d, keys += kKvLanes) {
    v128_t q_d[kQueries];
    for (size_t i = 0; i < kQueries; ++i) q_d[i] = wasm_v128_load32_splat(q[i] + d);
    unrolled<kVectors>([&](auto vector) __attribute__((always_inline)) {
      const v128_t k = wasm_v128_load(keys + 4 * vector);
      for (size_t i = 0; i < kQueries; ++i) {
        sums[i][vector] = wasm_f32x4_add(sums[i][vector], wasm_f32x4_mul(q_d[i], k));
      }
    });
  }
  for (size_t i = 0; i < kQueries; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      wasm_v128_store(probs[i] + 4 * v, wasm_f32x4_mul(sums[i][v], scale));
    }
  }
}

// Scores of positions [p, n) of one query into probs, which is written up to the next multiple
// of 4.
void scores(const float* q, const float* keys, size_t p, size_t n, size_t head_dim, v128_t scale,
            float* probs) {
  for (; p + kStep <= n; p += kStep)
    score<1>({q}, keys + p * head_dim, head_dim, scale, {probs + p});
  for (; p < n; p += 4) {
    const size_t n_left = std::min<size_t>(n - p, 4);
    const float* group = keys + key_place(head_dim, p, 0);
    v128_t sum = wasm_f32x4_splat(0.0f);
    for (size_t d = 0; d < head_dim; ++d) {
      const v128_t k = load_first(group + d * kKvLanes, n_left);
      sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load32_splat(q + d), k));
    }
    wasm_v128_store(probs + p, wasm_f32x4_mul(sum, scale));
  }
}

// The largest score, of equals the first (they differ where both zeros are).
float largest(const float* scores, size_t n) {
  const size_t n_whole = n & ~size_t{3};
  float lanes[4];
  v128_t most = wasm_f32x4_splat(-std::numeric_limits<float>::infinity());
  for (size_t p = 0; p < n_whole; p += 4) {
    most = wasm_f32x4_pmax(most, wasm_v128_load(scores + p));
  }
  wasm_v128_store(lanes, most);
  for (size_t p = n_whole; p < n; ++p) lanes[p % 4] = std::max(lanes[p % 4], scores[p]);
  const float found = std::max(std::max(lanes[0], lanes[1]), std::max(lanes[2], lanes[3]));
  return found == 0.0f ? *std::find(scores, scores + n, 0.0f) : found;
}

// scores (n) -> exp(score - most) in place; their 4-lane sum.
float exponentials(float* probs, size_t n, float most) {
  const size_t n_whole = n & ~size_t{3};
  const Exp4 exp4;
  const v128_t most4 = wasm_f32x4_splat(most);
  v128_t sums = wasm_f32x4_splat(0.0f);
  for (size_t p = 0; p < n_whole; p += 4) {
    const v128_t e = exp4(wasm_f32x4_sub(wasm_v128_load(probs + p), most4));
    wasm_v128_store(probs + p, e);
    sums = wasm_f32x4_add(sums, e);
  }
  float lanes[4];
  wasm_v128_store(lanes, sums);
  for (size_t p = n_whole; p < n; ++p) {
    probs[p] = exp_scalar(probs[p] - most);
    lanes[p % 4] += probs[p];
  }
  return add_lanes(lanes);
}

// o of kStep dimensions, whose values are (kChunkPositions, kKvLanes): sum over positions of
// probs[p] * values[p, .]. Query i sees n[i] positions.
template <size_t kQueries>
inline void weigh(const float* const (&probs)[kQueries], const size_t (&n)[kQueries],
                  const float* values, float* const (&o)[kQueries]) {
  v128_t sums[kQueries][kVectors];
  for (size_t i = 0; i < kQueries; ++i) {
    for (v128_t& sum : sums[i]) sum = wasm_f32x4_splat(0.0f);
  }
  const size_t n_all = *std::min_element(n, n + kQueries);
  const float* value = values;
  for (size_t p = 0; p < n_all; ++p, value += kKvLanes) {
    v128_t e[kQueries];
    for (size_t i = 0; i < kQueries; ++i) e[i] = wasm_v128_load32_splat(probs[i] + p);
    unrolled<kVectors>([&](auto vector) __attribute__((always_inline)) {
      const v128_t v = wasm_v128_load(value + 4 * vector);
      for (size_t i = 0; i < kQueries; ++i) {
        sums[i][vector] = wasm_f32x4_add(sums[i][vector], wasm_f32x4_mul(e[i], v));
      }
    });
  }
  for (size_t i = 0; i < kQueries; ++i) {  // what one sees and the other does not
    for (size_t p = n_all; p < n[i]; ++p) {
      const v128_t e = wasm_v128_load32_splat(probs[i] + p);
      for (size_t v = 0; v < kVectors; ++v) {
        const v128_t four = wasm_v128_load(values + p * kKvLanes + 4 * v);
        sums[i][v] = wasm_f32x4_add(sums[i][v], wasm_f32x4_mul(e, four));
      }
    }
    for (size_t v = 0; v < kVectors; ++v) wasm_v128_store(o[i] + 4 * v, sums[i][v]);
  }
}

// The dimensions from d on that kStep does not divide.
void weigh_rest(const AttentionQuery& query, const float* values, size_t d, size_t head_dim) {
  for (; d < head_dim; ++d) {
    float sum = 0.0f;
    for (size_t p = 0; p < query.n; ++p) {
      sum += query.probs[p] * values[value_place(head_dim, p, d)];
    }
    query.out.o[d] = sum;
  }
}

template <size_t kQueries>
void attend(AttentionQuery* queries, const KvChunk& chunk, size_t head_dim, float scale) {
  const v128_t scale4 = wasm_f32x4_splat(scale);
  const float* q[kQueries];
  float* probs[kQueries];
  size_t n[kQueries];
  for (size_t i = 0; i < kQueries; ++i) {
    q[i] = queries[i].q;
    probs[i] = queries[i].probs;
    n[i] = queries[i].n;
  }
  const size_t n_all = *std::min_element(n, n + kQueries);
  size_t p = 0;
  for (; p + kStep <= n_all; p += kStep) {
    float* at[kQueries];
    for (size_t i = 0; i < kQueries; ++i) at[i] = probs[i] + p;
    score<kQueries>(q, chunk.keys + p * head_dim, head_dim, scale4, at);
  }
  for (size_t i = 0; i < kQueries; ++i) {
    scores(q[i], chunk.keys, p, n[i], head_dim, scale4, probs[i]);
    queries[i].out.m = largest(probs[i], n[i]);
    queries[i].out.l = exponentials(probs[i], n[i], queries[i].out.m);
  }
  size_t d = 0;
  for (; d + kStep <= head_dim; d += kStep) {
    const float* e[kQueries];
    float* o[kQueries];
    for (size_t i = 0; i < kQueries; ++i) {
      e[i] = probs[i];
      o[i] = queries[i].out.o + d;
    }
    weigh<kQueries>(e, n, chunk.values + d * kChunkPositions, o);
  }
  for (size_t i = 0; i < kQueries; ++i) weigh_rest(queries[i], chunk.values, d, head_dim);
}

}  // namespace

void attention_chunk(std::span<AttentionQuery> queries, const KvChunk& chunk, size_t head_dim,
                     float scale) {
  size_t i = 0;
  for (; i + 2 <= queries.size(); i += 2) attend<2>(&queries[i], chunk, head_dim, scale);
  if (i < queries.size()) attend<1>(&queries[i], chunk, head_dim, scale);
}

void attention_merge(AttentionPartial* into, const AttentionPartial& next, size_t head_dim) {
  const float most = std::max(into->m, next.m);
  const float scale = exp_scalar(into->m - most);
  const float next_scale = exp_scalar(next.m - most);
  const v128_t scale4 = wasm_f32x4_splat(scale);
  const v128_t next_scale4 = wasm_f32x4_splat(next_scale);
  const size_t n_whole = head_dim & ~size_t{3};
  for (size_t d = 0; d < n_whole; d += 4) {
    const v128_t old = wasm_f32x4_mul(wasm_v128_load(into->o + d), scale4);
    const v128_t added = wasm_f32x4_mul(wasm_v128_load(next.o + d), next_scale4);
    wasm_v128_store(into->o + d, wasm_f32x4_add(old, added));
  }
  for (size_t d = n_whole; d < head_dim; ++d) {
    into->o[d] = into->o[d] * scale + next.o[d] * next_scale;
  }
  into->l = into->l * scale + next.l * next_scale;
  into->m = most;
}

// A key goes to one lane of as many groups as it has elements, a value in whole groups.
void kv_append(const float* k, const float* v, size_t head_dim, size_t p, float* keys,
               float* values) {
  float* key = keys + key_place(head_dim, p, 0);
  for (size_t d = 0; d < head_dim; ++d) key[d * kKvLanes] = k[d];
  for (size_t d = 0; d < head_dim; d += kKvLanes) {
    const size_t width = std::min(head_dim - d, kKvLanes);
    std::copy_n(v + d, width, values + value_place(head_dim, p, d));
  }
}

void attention_finish(const AttentionPartial& sum, size_t head_dim, float* out) {
  const v128_t l = wasm_f32x4_splat(sum.l);
  const size_t n_whole = head_dim & ~size_t{3};
  for (size_t d = 0; d < n_whole; d += 4) {
    wasm_v128_store(out + d, wasm_f32x4_div(wasm_v128_load(sum.o + d), l));
  }
  for (size_t d = n_whole; d < head_dim; ++d) out[d] = sum.o[d] / sum.l;
}

}  // namespace nanoinfer::simd128
