// Sequences in progress over one model: rows in, logits out.
#pragma once

#include <cmath>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/clock.h"
#include "engine/base/result.h"
#include "engine/base/thread_pool.h"
#include "engine/model/model.h"
#include "engine/model/plan.h"
#include "engine/run/kv_cache.h"
#include "engine/run/pass.h"
#include "engine/run/pass_watcher.h"
#include "engine/run/plan_runner.h"

namespace nanoinfer {

// The most that Session::create takes.
inline constexpr uint32_t kMaxContext = 1u << 20;
inline constexpr uint32_t kMaxBatch = 4096;
inline constexpr uint32_t kMaxThreads = 64;

inline constexpr uint32_t kDefaultContext = 4096;
inline constexpr uint32_t kDefaultBatch = 64;
inline constexpr uint32_t kDefaultLogitRows = 8;

struct SessionOptions {
  uint32_t n_ctx = 0;                // positions a sequence may hold; 0: min(trained, 4096)
  uint32_t n_batch = kDefaultBatch;  // most rows in one pass
  uint32_t n_logit_rows = kDefaultLogitRows;  // most rows of a pass that may want logits
  uint32_t n_seqs = 1;                        // independent sequences
  uint32_t n_threads = 1;
  const Kernels* kernels = nullptr;  // null: default_kernels()
};

// A pass is begun with a batch of rows, then run in one go or op by op, then its logits are read.
// Same tokens give the same logits bit for bit, whatever the batch, the threads or the kernel set.
class Session {
 public:
  // The model must outlive the session.
  static Result<std::unique_ptr<Session>> create(const Model& model, const SessionOptions& options);

  // Checks the rows, makes room for them in the cache and puts the cursor at op 0. The rows of a
  // sequence must continue it: positions length, length + 1, ... in order.
  Status begin(std::span<const Row> rows);

  // Runs from the cursor to `until_op` or the end; returns the cursor. With max_ms > 0 it returns
  // at a region's end once that time has passed; a watcher may make it return earlier. At the end
  // the rows join their sequences.
  Result<size_t> run(size_t until_op = SIZE_MAX, double max_ms = 0);

  // Drops a begun pass; the sequences are as before it.
  void abandon();

  // The pass begun, until its last op has run: its rows, and how many ops have run.
  bool in_pass() const { return in_pass_; }
  std::span<const Row> rows() const { return rows_; }
  size_t cursor() const { return cursor_; }

  // What ops may look at, for whoever runs some of them on other rows and buffers.
  Pass pass();
  ThreadPool& threads() { return pool_; }
  float attention_scale() const {
    return 1 / std::sqrt(static_cast<float>(model_.config.head_dim));
  }

  // Turns by another base from now on, 1 to 1e12; what is in the cache stays.
  void set_rope_theta(float theta);

  // Sees every pass from now on; null: nobody. One at a time, and it must outlive its time here.
  void set_watcher(PassWatcher* watcher) { watcher_ = watcher; }
  PassWatcher* watcher() const { return watcher_; }

  // (n_vocab) logits of the i-th row that wanted them in the last pass, until the next begin.
  std::span<const float> logits(size_t i) const;
  // How many rows of that pass wanted them.
  size_t n_logits() const { return in_pass_ ? 0 : logit_rows_.size(); }

  // Tokens in the cache.
  std::span<const int32_t> tokens(uint32_t seq) const { return tokens_[seq]; }
  // How many of `ids` the cache already starts with.
  uint32_t common_prefix(uint32_t seq, std::span<const int32_t> ids) const;
  // Forgets positions >= n_tokens, and a pass that was begun.
  Status truncate(uint32_t seq, uint32_t n_tokens);

  // Time per op is kept while timing is on.
  void set_timing(bool on) { timing_ = on; }
  std::span<double> op_ms() { return op_ms_; }

  // From the next op on: every set gives the same bits.
  void set_kernels(const Kernels& kernels) { kernels_ = &kernels; }

  std::span<const Op> ops() const { return ops_; }
  const Model& model() const { return model_; }
  const KvCache& cache() const { return cache_; }
  const Kernels& kernels() const { return *kernels_; }
  uint32_t n_ctx() const { return n_ctx_; }
  uint32_t n_batch() const { return n_batch_; }
  uint32_t n_seqs() const { return static_cast<uint32_t>(tokens_.size()); }
  // Fewer than asked for if the system gave no more.
  uint32_t n_threads() const { return static_cast<uint32_t>(pool_.n_threads()); }
  uint64_t scratch_bytes() const { return arena_.n_bytes(); }
  const uint8_t* scratch() const { return arena_.data(); }
  // Its threads, between two passes.
  ThreadPool& pool() { return pool_; }

 private:
  Session(const Model& model, const SessionOptions& options);
  Status check_rows(std::span<const Row> rows) const;
  Status finish_pass();

  const Model& model_;
  const Kernels* kernels_;
  uint32_t n_ctx_;
  uint32_t n_batch_;
  uint32_t n_logit_rows_;
  ThreadPool pool_;
  KvCache cache_;
  Arena arena_;
  Activations activations_;
  std::vector<ThreadScratch> scratch_;
  std::vector<Op> ops_;
  std::unique_ptr<PlanRunner> runner_;
  std::vector<std::vector<int32_t>> tokens_;  // per sequence
  std::vector<Row> rows_;                     // the pass begun
  std::vector<uint32_t> logit_rows_;
  size_t cursor_ = 0;
  bool in_pass_ = false;
  bool timing_ = false;
  PassWatcher* watcher_ = nullptr;
  std::vector<double> op_ms_;
};

// Buffers for n_rows rows of at most n_in inputs; the n_in of each use is still to be set.
QuantisedRows take_quantised_rows(Arena& arena, size_t n_rows, uint64_t n_in);

// Bytes a session with these options takes beside the weights and the KV cache.
uint64_t scratch_bytes(const Config& config, const SessionOptions& options);

// min(trained, 4096)
uint32_t default_context(const Config& config);

}  // namespace nanoinfer
