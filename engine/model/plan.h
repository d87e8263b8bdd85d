// The forward pass as a flat list of operations: what is computed, in which order, from which
// buffer to which. engine/run/ runs it; there is no other forward pass.
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/kernels/kernels.h"

namespace nanoinfer {

enum class OpKind : uint8_t {
  kEmbed,
  kRmsNorm,
  kQuantise,
  kMatmul,
  kBias,
  kRope,
  kKvAppend,
  kAttention,
  kAttentionMerge,
  kAdd,
  kSwiglu,
};
inline constexpr size_t kOpKinds = 11;
const char* op_kind_name(OpKind kind);

// What an op's work is divided by. Rows go to fixed threads, so ops of one row can follow each
// other without a barrier, and each thread has rows that follow each other: a line of the cache has
// keys of 8 positions, and two threads that take turns in it wait for each other. Tiles and heads
// go to whichever thread is free.
enum class Split : uint8_t { kRows, kUnits };

struct Op {
  OpKind kind;
  Split split;
  bool ends_region = true;         // all threads meet after it
  bool logit_rows = false;         // works on the rows that want logits, not on all
  int16_t layer = -1;              // -1: before or after the layers
  const char* name = "";           // "attn_q", "ffn_norm" ...
  const float* in = nullptr;       // (n_rows, n_in)
  float* out = nullptr;            // (n_rows, n_out)
  uint32_t n_in = 0;               // width of in
  uint32_t n_out = 0;              // width of out
  const Matrix* matrix = nullptr;  // kMatmul, kEmbed
  const float* vector = nullptr;   // kRmsNorm weight, kBias
  uint64_t bytes = 0;              // weights read by the op (kEmbed: per row)
  uint64_t macs = 0;               // multiply-adds per row
  uint64_t bytes_per_pos = 0;      // kAttention: keys and values of one position
  uint64_t macs_per_pos = 0;       // kAttention: multiply-adds per row and position that it sees
};

// The buffers between ops, each (n_batch, width) float32.
struct Activations {
  float* x = nullptr;         // residual stream (n_batch, d_model)
  float* normed = nullptr;    // (n_batch, d_model)
  float* q = nullptr;         // (n_batch, n_heads * head_dim)
  float* k = nullptr;         // (n_batch, n_kv_heads * head_dim)
  float* v = nullptr;         // (n_batch, n_kv_heads * head_dim)
  float* heads = nullptr;     // (n_batch, n_heads * head_dim)
  float* delta = nullptr;     // what a branch adds to x (n_batch, d_model)
  float* gate = nullptr;      // (n_batch, d_ffn)
  float* up = nullptr;        // (n_batch, d_ffn)
  float* logits = nullptr;    // (most rows that may want logits, n_vocab)
  QuantisedRows quantised;    // the matmul input at hand, in 13 bits
  float* partials = nullptr;  // attention of a lone row: (n_heads, n_chunks of n_ctx, head_dim + 2)
  float* rope_table = nullptr;  // (n_ctx, n_rot / 2, 2): cos, sin of each position
};

}  // namespace nanoinfer
