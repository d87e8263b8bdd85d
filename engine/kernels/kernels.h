// The contract between the model and its arithmetic. Every kernel has one scalar definition
// (scalar.cpp) and faster twins that must give the same bits; kernels.cpp lists the sets linked in.
//
// How a quantised product is computed (numerics version 1), for one output y = w . x:
//   x is cut in blocks of 32: q[i] = round(x[i] / a), a = max|x| / 4095      (13-bit activations)
//   w is, per block of 32:    w[i] = d * c[i] + m       (c integer codes; d, m floats; m may be 0)
//   isum = sum_i c[i] * q[i]                            (int32, exact, any order)
//   y = sum over blocks, in order:  y += (d * a) * float(isum);  then, types with m:  y += m * s
//   where s = a * float(sum_i q[i]).
// No FMA, no other order: so every instruction set, thread count and batch gives the same bits.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/quant/type.h"

namespace nanoinfer {

inline constexpr uint32_t kNumericsVersion = 1;
inline constexpr size_t kBlock = 32;         // elements that share one activation scale
inline constexpr size_t kTileRows = 8;       // output rows in a tile: they sit in the vector lanes
inline constexpr int kActivationMax = 4095;  // 13 bits with sign
inline constexpr size_t kChunkPositions =
    64;  // attention is summed in chunks of this many positions

// ---- weights -----------------------------------------------------------------------------------

// A weight matrix W (n_out, n_in) in tiles: rows 8t .. 8t+7 hold the same bytes as in the file,
// reordered so that the 8 rows alternate (see tiles.h). The last tile may have fewer rows.
struct Matrix {
  TensorType type = TensorType::kF32;
  const uint8_t* data = nullptr;  // n_out rows, tile after tile
  uint32_t n_out = 0;
  uint32_t n_in = 0;

  size_t n_tiles() const { return (n_out + kTileRows - 1) / kTileRows; }
  size_t tile_rows(size_t tile) const {
    const size_t left = n_out - tile * kTileRows;
    return left < kTileRows ? left : kTileRows;
  }
  // Of n tiles from each of these two on.
  bool tiles_are_full(const size_t (&tiles)[2], size_t n) const {
    return (std::max(tiles[0], tiles[1]) + n) * kTileRows <= n_out;
  }
  const uint8_t* tile(size_t tile) const {
    return data + tile * kTileRows * static_cast<size_t>(row_bytes(type, n_in));
  }
};

// ---- activations -------------------------------------------------------------------------------

// Rows of activations in 13 bits, (n_rows, n_in); n_in is a multiple of kBlock. Each is there as
// each way to multiply reads it: `wide` one row in 16 bits, `pairs` a few rows beside each other,
// by which panels are multiplied; `high` and `low` (q = 64 * high + low, 0 <= low < 64) serve the
// relaxed dot, which multiplies bytes.
struct QuantisedRows {
  int16_t* wide = nullptr;   // (n_rows, n_in)
  int16_t* pairs = nullptr;  // (paired_rows / kPairedRows, n_in / 2, kPairedRows, 2)
  int8_t* high = nullptr;    // (n_rows, n_in), -64 .. 63
  int8_t* low = nullptr;     // (n_rows, n_in), 0 .. 63
  float* scale = nullptr;    // (n_rows, n_in / 32): a
  float* sum = nullptr;      // (n_rows, n_in / 32): s = a * sum of q
  int32_t* isum = nullptr;   // (n_rows, n_in / 32): sum of q, exact; removes zero points
  size_t n_in = 0;

  size_t n_blocks() const { return n_in / kBlock; }
};
inline constexpr size_t kPairedRows = 4;

// The rows that QuantisedRows::pairs has room for, and where input i of a row lies among them.
inline constexpr size_t paired_rows(size_t n_rows) {
  return (n_rows + kPairedRows - 1) / kPairedRows * kPairedRows;
}
inline size_t pair_place(size_t n_in, size_t row, size_t i) {
  return row / kPairedRows * kPairedRows * n_in + i / 2 * 2 * kPairedRows + row % kPairedRows * 2 +
         i % 2;
}

// One tile unpacked for many tokens. Missing rows of the last tile are zero.
// Quantised: codes (n_in / 2, 8, 2): for each pair of inputs, 8 rows x 2 codes, zero points
// removed (a set may keep full tiles in bytes of its own order there: see Kernels::byte_panels);
//            d and m (n_in / 32, 8).
// Float:     weights (n_in, 8) float32, in `values`.
struct Panel {
  TensorType type = TensorType::kF32;  // set by the caller: whose rows these are
  int16_t* codes = nullptr;
  int32_t* code_sums = nullptr;  // (n_in / 32, 8): sums of codes, where a set needs them
  float* d = nullptr;
  float* m = nullptr;
  float* values = nullptr;
};

// ---- attention ---------------------------------------------------------------------------------

// One chunk of one KV head's cache: at most kChunkPositions consecutive positions.
// Keys lie transposed so that positions sit in the lanes and q.k needs no horizontal sum. Both are
// in groups of kKvLanes, which a kernel takes at a time: what it reads lies in one piece.
struct KvChunk {
  const float* keys;  // (kChunkPositions / kKvLanes, head_dim, kKvLanes)
  const float*
      values;  // (head_dim / kKvLanes, kChunkPositions, kKvLanes); a last group of what is left
};
inline constexpr size_t kKvLanes = 8;

// Where dimension d of position p lies in keys and in values.
inline size_t key_place(size_t head_dim, size_t p, size_t d) {
  return p / kKvLanes * kKvLanes * head_dim + d * kKvLanes + p % kKvLanes;
}
inline size_t value_place(size_t head_dim, size_t p, size_t d) {
  const size_t first = d / kKvLanes * kKvLanes;
  const size_t width = head_dim - first < kKvLanes ? head_dim - first : kKvLanes;
  return first * kChunkPositions + p * width + d - first;
}

// Softmax over a chunk is kept unnormalised, so that chunks merge in order:
// m = max score, l = sum of exp(score - m), o = sum of exp(score - m) * v  (head_dim).
struct AttentionPartial {
  float* o;
  float m;
  float l;
};

// One query head on one chunk.
struct AttentionQuery {
  const float* q;  // (head_dim)
  size_t n;        // it sees positions [0, n) of the chunk, 1 to kChunkPositions
  float* probs;    // (kChunkPositions), scratch: holds e afterwards
  AttentionPartial out;
};

// ---- the kernels -------------------------------------------------------------------------------

// One implementation of the contract. Functions that take `row` work on one activation row, those
// that take `tile` on one tile of output rows, so that threads share work without sharing sums.
struct Kernels {
  const char* name;  // "scalar", "simd128", "relaxed", "relaxed_i32"
  bool byte_panels;  // full tiles unpack into a panel that only this set can read

  // x (n) -> row `row` of out.
  void (*quantise_row)(const float* x, size_t n, const QuantisedRows& out, size_t row);

  // Unpacks tile `tile` of W into panel (see Panel).
  void (*unpack_tile)(const Matrix& w, size_t tile, const Panel& panel);

  // y[t, 8 * tile + r] = panel row r . x row t,  for r < n_rows of the tile and t < n_tokens.
  // y is (n_tokens, y_stride). Quantised panel: integer dots as defined above.
  void (*gemm_panel)(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x,
                     size_t n_tokens, float* y, size_t y_stride);

  // The same for a float panel and float activations x (n_tokens, n_in). Per block of 32 inputs
  // (the last may be shorter) one partial sum in input order from 0; partials added in order.
  void (*gemm_panel_float)(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                           size_t n_tokens, float* y, size_t y_stride);

  // One token straight from two runs of n packed tiles (decode): y[i] (n, 8) = tiles tiles[i] and
  // following . x row `row`. Two that lie far apart are two streams from memory, of which a
  // processor reads more ahead than of one; a run may be given twice. Returns false if this set has
  // no packed kernel for w.type or a tile is not full: the caller then takes unpack_tile +
  // gemm_panel, which gives the same bits.
  bool (*gemv_tiles)(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                     size_t row, float* const (&y)[2]);

  // out[i] = x[i] / sqrt(mean(x^2) + eps) * weight[i]. Zhang & Sennrich 2019 (RMSNorm).
  // Sum of squares in 4 lanes (lane j takes i = j mod 4), added as (l0 + l1) + (l2 + l3).
  void (*rms_norm)(const float* x, const float* weight, size_t n, float eps, float* out);

  // x[i] += y[i]
  void (*add)(float* x, const float* y, size_t n);

  // gate[i] = silu(gate[i]) * up[i], silu(z) = z / (1 + exp(-z)). Shazeer 2020 (SwiGLU).
  void (*swiglu)(float* gate, const float* up, size_t n);

  // Rotates one head in place (Su et al. 2021, RoPE). cos_sin (n_rot / 2, 2) for this position.
  // adjacent: pairs (2i, 2i + 1); otherwise (i, i + n_rot / 2). Elements past n_rot are untouched.
  void (*rope)(float* head, size_t n_rot, bool adjacent, const float* cos_sin);

  // k, v (head_dim) of position p of a chunk to their places among its keys and values.
  void (*kv_append)(const float* k, const float* v, size_t head_dim, size_t p, float* keys,
                    float* values);

  // For each query its scores against positions [0, n) of a chunk, then the partial softmax.
  //   score[p] = (sum over d in order of q[d] * K[d, p]) * scale
  //   m = max; e[p] = exp(score[p] - m); l = 4-lane sum of e (lane j: p = j mod 4, (l0+l1)+(l2+l3))
  //   o[d] = sum over p in order of e[p] * V[p, d]
  // Queries that come together share what is read of the chunk, and nothing else.
  void (*attention_chunk)(std::span<AttentionQuery> queries, const KvChunk& chunk, size_t head_dim,
                          float scale);

  // Joins `next` (later positions) into `into`: M = max(m, m'); both rescaled by exp(. - M); added.
  void (*attention_merge)(AttentionPartial* into, const AttentionPartial& next, size_t head_dim);

  // out[d] = o[d] / l: the softmax's weighted mean of values. out may be o.
  void (*attention_finish)(const AttentionPartial& sum, size_t head_dim, float* out);
};

// The sets linked into this build, the definition first.
std::span<const Kernels* const> all_kernels();

// The set to begin with: the likeliest to be the fastest. run/kernel_tuner.h finds out.
const Kernels& default_kernels();

// The set of that name, or nullptr.
const Kernels* find_kernels(const char* name);

// e^x as every set computes it (relative error below 2e-7): range reduction to |r| <= ln2 / 2 and a
// polynomial, mul and add only. Below -87.3 it gives 0, above 88.7 infinity; NaN stays NaN.
float exp_definition(float x);

}  // namespace nanoinfer
