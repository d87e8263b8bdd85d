// The forward pass as a flat list of operations with a cursor: chat runs it to the end, inspection
// stops wherever it likes. There is no other forward pass.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/thread_pool.h"
#include "engine/kernels/kernels.h"
#include "engine/model/config.h"
#include "engine/model/weights.h"
#include "engine/run/kv_cache.h"

namespace nanoinfer {

// One position of one sequence to be computed.
struct Row {
  int32_t token_id;
  uint32_t seq;        // which sequence of the session
  uint32_t pos;        // absolute position in it
  bool wants_logits;
};

enum class OpKind : uint8_t {
  kEmbed, kRmsNorm, kQuantise, kMatmul, kBias, kRope, kKvAppend, kAttention, kAttentionMerge, kAdd,
  kSwiglu,
};
inline constexpr size_t kOpKinds = 11;
const char* op_kind_name(OpKind kind);

// What an op's work is divided by. Rows go to fixed threads (row mod n_threads), so ops of one row can
// follow each other without a barrier; tiles and heads go to whichever thread is free.
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
  uint64_t bytes = 0;              // weights read by the op
  uint64_t macs = 0;               // multiply-adds per row (attention: none counted)
};

// The buffers between ops, each (n_batch, width) float32.
struct Activations {
  float* x = nullptr;        // residual stream (n_batch, d_model)
  float* normed = nullptr;   // (n_batch, d_model)
  float* q = nullptr;        // (n_batch, n_heads * head_dim)
  float* k = nullptr;        // (n_batch, n_kv_heads * head_dim)
  float* v = nullptr;        // (n_batch, n_kv_heads * head_dim)
  float* heads = nullptr;    // (n_batch, n_heads * head_dim)
  float* delta = nullptr;    // what a branch adds to x (n_batch, d_model)
  float* gate = nullptr;     // (n_batch, d_ffn)
  float* up = nullptr;       // (n_batch, d_ffn)
  float* logits = nullptr;   // (most rows that may want logits, n_vocab)
  QuantisedRows quantised;   // the matmul input at hand, in 13 bits
  float* partials = nullptr;  // attention of a lone row: (n_heads, n_chunks of n_ctx, head_dim + 2)
  float* rope_table = nullptr;  // (n_ctx, n_rot / 2, 2): cos, sin of each position
};

// Scratch of one thread.
struct ThreadScratch {
  Panel panel;               // one tile, unpacked
  float* probs = nullptr;    // (kChunkPositions)
  float* partial = nullptr;  // (head_dim)
  uint8_t* row = nullptr;    // one row of the embedding, in file order
};

// Everything an op may look at while it runs.
struct Pass {
  const Config* config;
  const Kernels* kernels;
  KvCache* cache;
  Activations* activations;
  std::span<ThreadScratch> scratch;  // one a thread
  std::span<const Row> rows;
  std::span<const uint32_t> logit_rows;  // indices into rows
  size_t n_chunks_max;                   // chunks of n_ctx
  float attention_scale;                 // 1 / sqrt(head_dim)

  size_t n_rows(const Op& op) const { return op.logit_rows ? logit_rows.size() : rows.size(); }
};

// How many pieces of work `op` has in this pass.
size_t count_units(const Op& op, const Pass& pass);

// Does one piece on one thread.
void run_unit(const Op& op, const Pass& pass, size_t unit, size_t thread);

class PlanRunner {
 public:
  PlanRunner(std::span<const Op> ops, ThreadPool& pool) : ops_(ops), pool_(pool), taken_(ops.size()) {}

  // Runs ops [begin, end) on all threads of the pool.
  // op_ms: null, or (n_ops) to which each op's milliseconds are added; every op then ends its region.
  void run(const Pass& pass, size_t begin, size_t end, double* op_ms);

 private:
  static void run_thread(void* runner, size_t thread);
  void run_ops(size_t thread);

  std::span<const Op> ops_;
  ThreadPool& pool_;
  std::vector<std::atomic<uint32_t>> taken_;  // next unit of each op
  const Pass* pass_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  double* op_ms_ = nullptr;
};

}  // namespace nanoinfer
