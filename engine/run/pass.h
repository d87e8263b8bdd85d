// One forward pass over a batch of rows: what an op may look at while it runs, and how it is run.
#pragma once

#include <cstdint>
#include <span>

#include "engine/kernels/kernels.h"
#include "engine/model/config.h"
#include "engine/model/plan.h"
#include "engine/run/kv_cache.h"

namespace nanoinfer {

// One position of one sequence to be computed.
struct Row {
  int32_t token_id;
  uint32_t seq;  // which sequence of the session
  uint32_t pos;  // absolute position in it
  bool wants_logits;
};

// Rows of a sequence that follow each other go through attention this many together, so that keys
// and values are read once for all of them.
inline constexpr size_t kAttentionRows = 4;

// Scratch of one thread. group: query heads of a KV head.
struct ThreadScratch {
  Panel panel;                         // one tile, unpacked
  AttentionQuery* queries = nullptr;   // (kAttentionRows * group): of one KV head
  AttentionPartial* merged = nullptr;  // (kAttentionRows * group)
  float* probs = nullptr;              // (kAttentionRows * group, kChunkPositions)
  float* partials = nullptr;           // (kAttentionRows * group, head_dim)
  uint8_t* row = nullptr;              // one row of the embedding, in file order
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

  // The rows that an op computes.
  size_t n_rows(const Op& op) const { return op.logit_rows ? logit_rows.size() : rows.size(); }
  const Row& row(const Op& op, size_t i) const { return rows[op.logit_rows ? logit_rows[i] : i]; }
};

// How many pieces of work `op` has in this pass.
size_t count_units(const Op& op, const Pass& pass);

// Pieces [first, end).
struct Units {
  size_t first;
  size_t end;
};

// Does these on one thread.
void run_units(const Op& op, const Pass& pass, Units units, size_t thread);

}  // namespace nanoinfer
