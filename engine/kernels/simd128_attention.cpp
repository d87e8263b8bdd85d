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

// Scores of kVectors * 4 positions, the last 4 of them only `n_last` of which exist.
// keys points at the first position; probs (kVectors * 4).
template <size_t kVectors>
inline void score(const float* q, const float* keys, size_t n_last, size_t head_dim, v128_t scale,
                  float* probs) {
  v128_t sums[kVectors];
  for (v128_t& sum : sums) sum = wasm_f32x4_splat(0.0f);
  for (size_t d = 0; d < head_dim; ++d, keys += kChunkPositions) {
    const v128_t q_d = wasm_v128_load32_splat(q + d);
    unrolled<kVectors - 1>([&](auto i) __attribute__((always_inline)) {
      sums[i] = wasm_f32x4_add(sums[i], wasm_f32x4_mul(q_d, wasm_v128_load(keys + 4 * i)));
    });
    const v128_t last = load_first(keys + 4 * (kVectors - 1), n_last);
    sums[kVectors - 1] = wasm_f32x4_add(sums[kVectors - 1], wasm_f32x4_mul(q_d, last));
  }
  for (size_t i = 0; i < kVectors; ++i) {
    wasm_v128_store(probs + 4 * i, wasm_f32x4_mul(sums[i], scale));
  }
}

// Scores of positions [0, n) into probs, which is written up to the next multiple of 4.
void scores(const float* q, const float* keys, size_t n, size_t head_dim, float scale,
            float* probs) {
  const v128_t scale4 = wasm_f32x4_splat(scale);
  size_t p = 0;
  for (; p + 32 <= n; p += 32) score<8>(q, keys + p, 4, head_dim, scale4, probs + p);
  for (; p + 8 <= n; p += 8) score<2>(q, keys + p, 4, head_dim, scale4, probs + p);
  for (; p < n; p += 4) {
    score<1>(q, keys + p, std::min<size_t>(n - p, 4), head_dim, scale4, probs + p);
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

// o of kVectors * 4 dimensions: sum over positions of probs[p] * values[p, .]; values and o point
// at the first of them.
template <size_t kVectors>
inline void weigh(const float* probs, const float* values, size_t n, size_t head_dim, float* o) {
  v128_t sums[kVectors];
  for (v128_t& sum : sums) sum = wasm_f32x4_splat(0.0f);
  for (size_t p = 0; p < n; ++p, values += head_dim) {
    const v128_t e = wasm_v128_load32_splat(probs + p);
    unrolled<kVectors>([&](auto i) __attribute__((always_inline)) {
      sums[i] = wasm_f32x4_add(sums[i], wasm_f32x4_mul(e, wasm_v128_load(values + 4 * i)));
    });
  }
  for (size_t i = 0; i < kVectors; ++i) wasm_v128_store(o + 4 * i, sums[i]);
}

void weighted_values(const float* probs, const float* values, size_t n, size_t head_dim, float* o) {
  size_t d = 0;
  for (; d + 32 <= head_dim; d += 32) weigh<8>(probs, values + d, n, head_dim, o + d);
  for (; d + 4 <= head_dim; d += 4) weigh<1>(probs, values + d, n, head_dim, o + d);
  for (; d < head_dim; ++d) {
    float sum = 0.0f;
    for (size_t p = 0; p < n; ++p) sum += probs[p] * values[p * head_dim + d];
    o[d] = sum;
  }
}

}  // namespace

void attention_chunk(const float* q, const KvChunk& chunk, size_t n, size_t head_dim, float scale,
                     AttentionPartial* out, float* probs) {
  scores(q, chunk.keys, n, head_dim, scale, probs);
  out->m = largest(probs, n);
  out->l = exponentials(probs, n, out->m);
  weighted_values(probs, chunk.values, n, head_dim, out->o);
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

}  // namespace nanoinfer::simd128
