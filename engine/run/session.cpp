#include "engine/run/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>

#include "engine/model/architecture.h"
#include "engine/model/rope.h"

namespace nanoinfer {

namespace {

constexpr uint32_t kMaxSeqs = 256;

size_t chunks_in(uint32_t n_ctx) {
  return (n_ctx + kChunkPositions - 1) / kChunkPositions;
}

// Every one is looked at, without a way out, so that a vector of them can be at a time.
bool all_finite(std::span<const float> values) {
  uint32_t n_others = 0;
  for (const float value : values) {
    n_others += !(std::fabs(value) <= std::numeric_limits<float>::max());
  }
  return n_others == 0;
}

// Takes every buffer of a session from the arena; run twice, to measure and to hand out.
void take_buffers(Arena& arena, const Config& c, const SessionOptions& o, Activations& a,
                  std::vector<ThreadScratch>& scratch) {
  // 64 bits, since the sizes come from a file and memory may have 32.
  const uint64_t n = o.n_batch;
  const uint64_t n_in_max = std::max({c.d_model, c.q_dim(), c.d_ffn});
  a.x = arena.take<float>(n * c.d_model);
  a.normed = arena.take<float>(n * c.d_model);
  a.q = arena.take<float>(n * c.q_dim());
  a.k = arena.take<float>(n * c.kv_dim());
  a.v = arena.take<float>(n * c.kv_dim());
  a.heads = arena.take<float>(n * c.q_dim());
  a.delta = arena.take<float>(n * c.d_model);
  a.gate = arena.take<float>(n * c.d_ffn);
  a.up = arena.take<float>(n * c.d_ffn);
  a.logits = arena.take<float>(uint64_t{o.n_logit_rows} * c.n_vocab);
  a.quantised = take_quantised_rows(arena, o.n_batch, n_in_max);
  const uint64_t n_blocks = n_in_max / kBlock + 1;
  a.partials = arena.take<float>(uint64_t{c.n_heads} * chunks_in(o.n_ctx) * (c.head_dim + 2));
  a.rope_table = arena.take<float>(uint64_t{o.n_ctx} * c.n_rot);
  for (ThreadScratch& thread : scratch) {
    thread.panel.codes = arena.take<int16_t>(n_in_max * kTileRows);
    thread.panel.code_sums = arena.take<int32_t>(n_blocks * kTileRows);
    thread.panel.d = arena.take<float>(n_blocks * kTileRows);
    thread.panel.m = arena.take<float>(n_blocks * kTileRows);
    thread.panel.values = arena.take<float>(n_in_max * kTileRows);
    const uint64_t n_queries = kAttentionRows * (c.n_heads / c.n_kv_heads);
    thread.queries = arena.take<AttentionQuery>(n_queries);
    thread.merged = arena.take<AttentionPartial>(n_queries);
    thread.probs = arena.take<float>(n_queries * kChunkPositions);
    thread.partials = arena.take<float>(n_queries * c.head_dim);
    thread.row = arena.take<uint8_t>(uint64_t{c.d_model} * sizeof(float));
  }
}

Status check_range(const char* name, uint32_t value, uint32_t most) {
  if (value >= 1 && value <= most) return Ok{};
  return Error{ErrorCode::kBadArgument, "a session option is out of range", name,
               "1 to " + std::to_string(most), std::to_string(value)};
}

}  // namespace

QuantisedRows take_quantised_rows(Arena& arena, size_t n_rows, uint64_t n_in) {
  const uint64_t n_blocks = n_rows * (n_in / kBlock + 1);
  QuantisedRows rows;
  rows.wide = arena.take<int16_t>(n_rows * n_in);
  rows.pairs = arena.take<int16_t>(paired_rows(n_rows) * n_in);
  rows.high = arena.take<int8_t>(n_rows * n_in);
  rows.low = arena.take<int8_t>(n_rows * n_in);
  rows.scale = arena.take<float>(n_blocks);
  rows.sum = arena.take<float>(n_blocks);
  rows.isum = arena.take<int32_t>(n_blocks);
  return rows;
}

uint32_t default_context(const Config& config) {
  return std::min(config.n_ctx_train, kDefaultContext);
}

uint64_t scratch_bytes(const Config& config, const SessionOptions& options) {
  SessionOptions o = options;
  if (o.n_ctx == 0) o.n_ctx = default_context(config);
  Arena arena;
  Activations activations;
  std::vector<ThreadScratch> scratch(o.n_threads);
  take_buffers(arena, config, o, activations, scratch);
  return arena.measured();
}

Result<std::unique_ptr<Session>> Session::create(const Model& model,
                                                 const SessionOptions& options) {
  SessionOptions o = options;
  if (o.n_ctx == 0) o.n_ctx = default_context(model.config);
  for (const Status& status :
       {check_range("n_ctx", o.n_ctx, kMaxContext), check_range("n_batch", o.n_batch, kMaxBatch),
        check_range("n_logit_rows", o.n_logit_rows, kMaxBatch),
        check_range("n_seqs", o.n_seqs, kMaxSeqs),
        check_range("n_threads", o.n_threads, kMaxThreads)}) {
    if (!status) return status.error();
  }
  std::unique_ptr<Session> session(new Session(model, o));
  take_buffers(session->arena_, model.config, o, session->activations_, session->scratch_);
  if (!session->arena_.commit()) {
    return Error{ErrorCode::kOutOfMemory, "there is no memory for the session's buffers", "",
                 std::to_string(session->arena_.n_bytes()) + " bytes", ""};
  }
  take_buffers(session->arena_, model.config, o, session->activations_, session->scratch_);
  session->set_rope_theta(model.config.rope_theta);
  session->ops_ = build_plan(model.config, model.weights, session->activations_);
  session->op_ms_.resize(session->ops_.size());
  session->runner_ = std::make_unique<PlanRunner>(session->ops_, session->pool_);
  return session;
}

Session::Session(const Model& model, const SessionOptions& options)
    : model_(model),
      kernels_(options.kernels != nullptr ? options.kernels : &default_kernels()),
      n_ctx_(options.n_ctx),
      n_batch_(options.n_batch),
      n_logit_rows_(options.n_logit_rows),
      pool_(options.n_threads),
      cache_(model.config, options.n_ctx, options.n_seqs),
      scratch_(options.n_threads),
      tokens_(options.n_seqs) {}

Status Session::check_rows(std::span<const Row> rows) const {
  if (rows.empty() || rows.size() > n_batch_) {
    return Error{ErrorCode::kBadArgument, "a pass holds too few or too many rows", "",
                 "1 to " + std::to_string(n_batch_), std::to_string(rows.size())};
  }
  std::vector<size_t> lengths;
  for (const std::vector<int32_t>& tokens : tokens_) lengths.push_back(tokens.size());
  size_t n_logits = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    const Row& row = rows[i];
    const std::string place = "row " + std::to_string(i);
    if (row.seq >= n_seqs()) {
      return Error{ErrorCode::kBadArgument, "there is no such sequence", place,
                   "0 to " + std::to_string(n_seqs() - 1), std::to_string(row.seq)};
    }
    if (row.token_id < 0 || static_cast<uint32_t>(row.token_id) >= model_.config.n_vocab) {
      return Error{ErrorCode::kBadArgument, "there is no such token", place,
                   "0 to " + std::to_string(model_.config.n_vocab - 1),
                   std::to_string(row.token_id)};
    }
    if (row.pos != lengths[row.seq]) {
      return Error{ErrorCode::kBadArgument, "a row does not continue its sequence", place,
                   "position " + std::to_string(lengths[row.seq]), std::to_string(row.pos)};
    }
    if (row.pos >= n_ctx_) {
      return Error{ErrorCode::kContextFull, "the context is full", place,
                   "at most " + std::to_string(n_ctx_) + " positions", std::to_string(row.pos + 1)};
    }
    ++lengths[row.seq];
    n_logits += row.wants_logits;
  }
  if (n_logits > n_logit_rows_) {
    return Error{ErrorCode::kBadArgument, "too many rows want logits", "",
                 "at most " + std::to_string(n_logit_rows_), std::to_string(n_logits)};
  }
  return Ok{};
}

Status Session::begin(std::span<const Row> rows) {
  abandon();
  Status checked = check_rows(rows);
  if (!checked) return checked;
  for (const Row& row : rows) {
    Status reserved = cache_.reserve(row.seq, row.pos + 1);
    if (!reserved) {
      in_pass_ = true;
      abandon();
      return reserved;
    }
  }
  if (watcher_ != nullptr) {
    for (const Row& row : rows) {
      if (row.pos == tokens_[row.seq].size()) watcher_->forget(row.seq, row.pos);
    }
  }
  rows_.assign(rows.begin(), rows.end());
  logit_rows_.clear();
  for (uint32_t i = 0; i < rows.size(); ++i) {
    if (rows[i].wants_logits) logit_rows_.push_back(i);
  }
  cursor_ = 0;
  in_pass_ = true;
  return Ok{};
}

Pass Session::pass() {
  return {.config = &model_.config,
          .kernels = kernels_,
          .cache = &cache_,
          .activations = &activations_,
          .scratch = scratch_,
          .rows = rows_,
          .logit_rows = logit_rows_,
          .n_chunks_max = chunks_in(n_ctx_),
          .attention_scale = attention_scale()};
}

void Session::set_rope_theta(float theta) {
  fill_rope_table(model_.config, theta, model_.weights.rope_factors, n_ctx_,
                  activations_.rope_table);
}

Result<size_t> Session::run(size_t until_op, double max_ms) {
  if (!in_pass_) return Error{ErrorCode::kBadArgument, "no pass has been begun", "", "", ""};
  const Pass begun = pass();
  const size_t end = std::clamp(until_op, cursor_, ops_.size());
  const double until_ms = max_ms > 0 ? now_ms() + max_ms : std::numeric_limits<double>::infinity();
  double* const op_ms = timing_ ? op_ms_.data() : nullptr;
  cursor_ = runner_->run(begun, cursor_, end, until_ms, op_ms, watcher_);
  if (cursor_ == ops_.size()) {
    const Status finished = finish_pass();
    if (!finished) return finished.error();
  }
  return cursor_;
}

// The rows join their sequences, if what they gave is finite.
Status Session::finish_pass() {
  for (size_t i = 0; i < logit_rows_.size(); ++i) {
    if (all_finite(logits(i))) continue;
    const Row& row = rows_[logit_rows_[i]];
    abandon();
    return Error{ErrorCode::kNonFinite, "the model computed a value that is not a finite number",
                 "logits of position " + std::to_string(row.pos), "", ""};
  }
  for (const Row& row : rows_) tokens_[row.seq].push_back(row.token_id);
  in_pass_ = false;
  return Ok{};
}

void Session::abandon() {
  if (!in_pass_) return;
  in_pass_ = false;
  for (uint32_t seq = 0; seq < n_seqs(); ++seq) {
    cache_.truncate(seq, static_cast<uint32_t>(tokens_[seq].size()));
  }
}

std::span<const float> Session::logits(size_t i) const {
  const size_t n_vocab = model_.config.n_vocab;
  return {activations_.logits + i * n_vocab, n_vocab};
}

uint32_t Session::common_prefix(uint32_t seq, std::span<const int32_t> ids) const {
  const std::vector<int32_t>& tokens = tokens_[seq];
  const size_t n = std::min(tokens.size(), ids.size());
  const auto differ =
      std::mismatch(tokens.begin(), tokens.begin() + static_cast<ptrdiff_t>(n), ids.begin());
  return static_cast<uint32_t>(differ.first - tokens.begin());
}

Status Session::truncate(uint32_t seq, uint32_t n_tokens) {
  abandon();
  if (seq >= n_seqs() || n_tokens > tokens_[seq].size()) {
    return Error{ErrorCode::kBadArgument, "a sequence cannot be cut there",
                 "sequence " + std::to_string(seq),
                 seq < n_seqs() ? "at most " + std::to_string(tokens_[seq].size()) : "",
                 std::to_string(n_tokens)};
  }
  tokens_[seq].resize(n_tokens);
  cache_.truncate(seq, n_tokens);
  if (watcher_ != nullptr) watcher_->forget(seq, n_tokens);
  return Ok{};
}

}  // namespace nanoinfer
