#include "engine/trace/trace.h"

#include <algorithm>

#include "engine/trace/refusal.h"

namespace nanoinfer {

Trace::Trace(Session& session, uint32_t seq)
    : session_(session),
      seq_(seq),
      taps_(session.ops()),
      watched_(session.ops().size()),
      attention_(session, seq, edits_) {
  session_.set_watcher(this);
}

Trace::~Trace() {
  session_.set_watcher(nullptr);
}

Status Trace::keep(std::span<const KeptTap> taps, uint64_t max_bytes) {
  Status kept = taps_.keep(taps, max_bytes, session_.n_ctx());
  watch_ops();
  return kept;
}

// Where the pass has run ops [0, behind).
Status Trace::rows_of(uint32_t op, size_t behind, std::span<const float>* rows) const {
  const std::span<const Op> ops = session_.ops();
  const Op* tap = tap_at(ops, op);
  if (tap == nullptr) return refusal("there is no tap behind this op", "op", op);
  if (op >= behind) return refusal("no pass stands behind this op", "op", op);
  for (size_t i = op + 1; i < behind; ++i) {
    if (ops[i].out == tap->out)
      return refusal("this op's output has been written over", "by op", i);
  }
  *rows = {tap->out, session_.pass().n_rows(*tap) * tap->n_out};
  return Ok{};
}

Status Trace::live(uint32_t op, std::span<const float>* rows) const {
  return rows_of(op, session_.in_pass() ? session_.cursor() : 0, rows);
}

// Whether the last pass has run to its end, and its rows are in the sequences still.
bool Trace::is_complete() const {
  const std::span<const Row> rows = session_.rows();
  return !session_.in_pass() && !rows.empty() &&
         rows.back().pos < session_.tokens(rows.back().seq).size();
}

Status Trace::write(uint32_t op, std::span<const float> rows) {
  const size_t n_ops = session_.ops().size();
  const size_t behind = session_.in_pass() ? session_.cursor() : is_complete() ? n_ops : 0;
  std::span<const float> held;
  Status status = rows_of(op, behind, &held);
  if (!status) return status;
  if (op + 1 != behind) return refusal("no pass stands directly behind this op", "op", op);
  if (rows.empty() || rows.size() != held.size()) {
    return refusal("this is not what the op's rows hold", "values", rows.size());
  }
  std::copy(rows.begin(), rows.end(), session_.ops()[op].out);
  record(op, session_.pass());
  return status;
}

// Keeps this sequence's rows of a tap that is to be kept.
void Trace::record(size_t op, const Pass& pass) {
  const Op& tap = session_.ops()[op];
  for (size_t i = 0; i < pass.n_rows(tap) && taps_.keeps(op); ++i) {
    const Row& row = pass.row(tap, i);
    if (row.seq == seq_) taps_.record(op, row.pos, {tap.out + i * tap.n_out, tap.n_out});
  }
}

Status Trace::find(uint32_t op, uint32_t pos, const float** row) const {
  const std::span<const Op> ops = session_.ops();
  std::span<const float> rows = taps_.row(op, pos);
  if (op < ops.size() && rows.size() == ops[op].n_out) {
    *row = rows.data();
    return Ok{};
  }
  Status status = live(op, &rows);
  if (!status) return status;
  const Pass pass = session_.pass();
  for (size_t i = 0; i < pass.n_rows(ops[op]); ++i) {
    const Row& at = pass.row(ops[op], i);
    if (at.seq != seq_ || at.pos != pos) continue;
    *row = rows.data() + i * ops[op].n_out;
    return status;
  }
  return refusal("this tap is neither kept nor live here", "position", pos);
}

Status Trace::set_edits(std::span<const Edit> edits, std::span<const float> values) {
  Status checked = check_edits(session_.ops(), edits, values.size());
  if (!checked) return checked;
  edits_ = {edits.begin(), edits.end()};
  edit_values_ = {values.begin(), values.end()};
  watch_ops();
  return checked;
}

Status Trace::set_breaks(std::span<const Break> breaks) {
  Status checked = check_breaks(session_.ops(), breaks);
  if (!checked) return checked;
  breaks_ = {breaks.begin(), breaks.end()};
  watch_ops();
  return checked;
}

// Only the first op of the layer that is of this kind.
uint32_t Trace::op_of(OpKind kind, uint32_t layer) const {
  const std::span<const Op> ops = session_.ops();
  uint32_t op = 0;
  while (op < ops.size() &&
         (ops[op].kind != kind || ops[op].layer != static_cast<int32_t>(layer))) {
    ++op;
  }
  return op;
}

bool Trace::is_cached(uint32_t layer, uint32_t pos) const {
  if (pos < session_.tokens(seq_).size()) return true;
  if (!session_.in_pass() || session_.cursor() <= op_of(OpKind::kKvAppend, layer)) return false;
  for (const Row& row : session_.rows()) {
    if (row.seq == seq_ && row.pos == pos) return true;
  }
  return false;
}

Status Trace::attention(uint32_t layer, uint32_t head, uint32_t pos, std::span<const float>* row) {
  const Config& c = session_.model().config;
  if (layer >= c.n_layers || head >= c.n_heads || !is_cached(layer, pos)) {
    return refusal("the cache does not hold this", "position", pos);
  }
  const float* q = nullptr;
  Status found = find(op_of(OpKind::kRope, layer), pos, &q);
  if (!found) return found;
  *row = attention_.row(
      {op_of(OpKind::kAttentionMerge, layer), head, pos, q + size_t{head} * c.head_dim});
  return found;
}

void Trace::watch_ops() {
  for (size_t op = 0; op < watched_.size(); ++op) watched_[op] = taps_.keeps(op);
  for (const Edit& edit : edits_) watched_[edit.op] = 1;
  for (const Break& wanted : breaks_) watched_[wanted.op] = 1;
}

std::span<const uint8_t> Trace::watched() {
  hit_ = {};
  return watched_;
}

bool Trace::after(size_t op, const Pass& pass) {
  const Op& done = session_.ops()[op];
  const bool is_tap = tap_at(session_.ops(), static_cast<uint32_t>(op)) != nullptr;
  for (size_t i = 0; i < pass.n_rows(done); ++i) {
    const Row& row = pass.row(done, i);
    if (row.seq != seq_) continue;
    std::span<float> values;
    if (is_tap) {
      values = {done.out + i * done.n_out, done.n_out};
      edit_row(op, row.pos, i, values.data());
    }
    if (hit_.index < 0) stop_at(op, row.pos, values);
  }
  record(op, pass);
  return hit_.index >= 0;
}

void Trace::edit_row(size_t op, uint32_t pos, size_t row, float* values) {
  bool masked = false;
  for (const Edit& edit : edits_) {
    if (!edit.is_for(op, pos)) continue;
    if (edit.kind != EditKind::kMask) {
      apply_edit(edit, edit_values_.data(), pos, values);
    } else if (!masked) {
      masked = true;
      mask_row(op, pos, row, values);
    }
  }
}

// Heads from which something is hidden, in row `row` of the pass with all its masks, from the
// queries that lie where rope has left them.
void Trace::mask_row(size_t z_op, uint32_t pos, size_t row, float* z) {
  const Config& c = session_.model().config;
  const auto layer = static_cast<uint32_t>(session_.ops()[z_op].layer);
  const Op& rope = session_.ops()[op_of(OpKind::kRope, layer)];
  for (uint32_t head = 0; head < c.n_heads; ++head) {
    const size_t offset = size_t{head} * c.head_dim;
    const AttentionView::Query query{z_op, head, pos, rope.out + row * rope.n_out + offset};
    if (!attention_.is_masked(query)) continue;
    const std::span<const float> found = attention_.row(query);
    std::copy_n(&found[size_t{4} * (pos + 1)], c.head_dim, z + offset);
  }
}

// The first break that a row meets is the one that is told.
void Trace::stop_at(size_t op, uint32_t pos, std::span<const float> row) {
  for (size_t i = 0; i < breaks_.size(); ++i) {
    BreakHit hit{.index = static_cast<int32_t>(i), .op = static_cast<uint32_t>(op), .pos = pos};
    if (breaks_[i].op != op || !meets(breaks_[i], row, &hit)) continue;
    hit_ = hit;
    return;
  }
}

void Trace::forget(uint32_t seq, uint32_t n_positions) {
  if (seq == seq_) taps_.forget(n_positions);
}

}  // namespace nanoinfer
