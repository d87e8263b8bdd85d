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

// A group of lanes is two vectors, by which up to four queries are multiplied at a time: 8 sums
// live in registers. All queries take a group before any takes the next, so that keys and values
// come from memory in their order, once, with the work of all queries to hide behind (README 12).
constexpr size_t kVectors = kKvLanes / 4;

struct GroupSums {
  v128_t vector[kVectors];

  GroupSums() {
    for (v128_t& sum : vector) sum = wasm_f32x4_splat(0.0f);
  }
};

// sums[i] += factors[i][step] * lanes[step, .], step by step: a key group times elements of q, a
// value group times the probabilities of positions.
template <size_t kQueries>
__attribute__((always_inline)) inline void add_products(GroupSums* sums,
                                                        const float* const (&factors)[kQueries],
                                                        const float* lanes, size_t n_steps) {
  for (size_t step = 0; step < n_steps; ++step, lanes += kKvLanes) {
    v128_t factor[kQueries];
    for (size_t i = 0; i < kQueries; ++i) factor[i] = wasm_v128_load32_splat(factors[i] + step);
    unrolled<kVectors>([&](auto index) __attribute__((always_inline)) {
      const v128_t four = wasm_v128_load(lanes + 4 * index);
      for (size_t i = 0; i < kQueries; ++i) {
        v128_t& sum = sums[i].vector[index];
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(factor[i], four));
      }
    });
  }
}

// Calls act.operator()<n>(queries) for runs of four, then for those that are left.
template <typename Act>
inline void for_query_runs(std::span<AttentionQuery> queries, Act act) {
  for (; queries.size() >= 4; queries = queries.subspan(4)) {
    act.template operator()<4>(queries.data());
  }
  if (queries.size() == 3) act.template operator()<3>(queries.data());
  if (queries.size() == 2) act.template operator()<2>(queries.data());
  if (queries.size() == 1) act.template operator()<1>(queries.data());
}

// Scores of the group of positions from p on.
template <size_t kQueries>
__attribute__((always_inline)) inline void score_group(const AttentionQuery* queries, size_t p,
                                                       const float* keys, size_t head_dim,
                                                       v128_t scale) {
  GroupSums sums[kQueries];
  const float* q[kQueries];
  for (size_t i = 0; i < kQueries; ++i) q[i] = queries[i].q;
  add_products<kQueries>(sums, q, keys + p * head_dim, head_dim);
  for (size_t i = 0; i < kQueries; ++i) {
    for (size_t v = 0; v < kVectors; ++v) {
      wasm_v128_store(queries[i].probs + p + 4 * v, wasm_f32x4_mul(sums[i].vector[v], scale));
    }
  }
}

// Scores of one query's positions from p on; probs are written up to the next multiple of 4.
void scores_from(size_t p, const AttentionQuery& query, const float* keys, size_t head_dim,
                 v128_t scale) {
  for (; p + kKvLanes <= query.n; p += kKvLanes) {
    score_group<1>(&query, p, keys, head_dim, scale);
  }
  for (; p < query.n; p += 4) {
    const size_t n_left = std::min<size_t>(query.n - p, 4);
    const float* group = keys + key_place(head_dim, p, 0);
    v128_t sum = wasm_f32x4_splat(0.0f);
    for (size_t d = 0; d < head_dim; ++d) {
      const v128_t k = load_first(group + d * kKvLanes, n_left);
      sum = wasm_f32x4_add(sum, wasm_f32x4_mul(wasm_v128_load32_splat(query.q + d), k));
    }
    wasm_v128_store(query.probs + p, wasm_f32x4_mul(sum, scale));
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

// o of the group of dimensions from d on. Positions that not all of the queries see follow those
// that they do.
template <size_t kQueries>
__attribute__((always_inline)) inline void weigh_group(const AttentionQuery* queries, size_t d,
                                                       const float* values, size_t n_seen_by_all) {
  GroupSums sums[kQueries];
  const float* probs[kQueries];
  for (size_t i = 0; i < kQueries; ++i) probs[i] = queries[i].probs;
  const float* group = values + d * kChunkPositions;
  add_products<kQueries>(sums, probs, group, n_seen_by_all);
  for (size_t i = 0; i < kQueries; ++i) {
    add_products<1>(&sums[i], {probs[i] + n_seen_by_all}, group + n_seen_by_all * kKvLanes,
                    queries[i].n - n_seen_by_all);
    for (size_t v = 0; v < kVectors; ++v) {
      wasm_v128_store(queries[i].out.o + d + 4 * v, sums[i].vector[v]);
    }
  }
}

// The dimensions from d on that kKvLanes does not divide.
void weigh_from(size_t d, const AttentionQuery& query, const float* values, size_t head_dim) {
  for (; d < head_dim; ++d) {
    float sum = 0.0f;
    for (size_t p = 0; p < query.n; ++p) {
      sum += query.probs[p] * values[value_place(head_dim, p, d)];
    }
    query.out.o[d] = sum;
  }
}

}  // namespace

void attention_chunk(std::span<AttentionQuery> queries, const KvChunk& chunk, size_t head_dim,
                     float scale) {
  size_t n = kChunkPositions;  // seen by all
  for (const AttentionQuery& query : queries) n = std::min(n, query.n);
  const v128_t scale4 = wasm_f32x4_splat(scale);
  size_t p = 0;
  for (; p + kKvLanes <= n; p += kKvLanes) {
    for_query_runs(queries, [&]<size_t kQueries>(const AttentionQuery* run) {
      score_group<kQueries>(run, p, chunk.keys, head_dim, scale4);
    });
  }
  for (AttentionQuery& query : queries) {
    scores_from(p, query, chunk.keys, head_dim, scale4);
    query.out.m = largest(query.probs, query.n);
    query.out.l = exponentials(query.probs, query.n, query.out.m);
  }
  size_t d = 0;
  for (; d + kKvLanes <= head_dim; d += kKvLanes) {
    for_query_runs(queries, [&]<size_t kQueries>(const AttentionQuery* run) {
      weigh_group<kQueries>(run, d, chunk.values, n);
    });
  }
  for (const AttentionQuery& query : queries) weigh_from(d, query, chunk.values, head_dim);
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
