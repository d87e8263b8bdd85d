#include "engine/trace/trace.h"

#include <algorithm>
#include <string>

namespace nanoinfer {

Trace::Trace(Session& session, uint32_t seq)
    : session_(session), seq_(seq), watched_(session.ops().size()) {
  session_.set_watcher(this);
}

Trace::~Trace() {
  session_.set_watcher(nullptr);
}

Status Trace::keep(std::span<const KeptTap> taps, uint64_t max_bytes) {
  const Status kept = taps_.keep(session_.ops(), taps, max_bytes, session_.n_ctx());
  watch_ops();
  return kept;
}

Result<std::span<const float>> Trace::row(uint32_t op, uint32_t pos) const {
  const float* values = taps_.row(op, pos);
  if (values != nullptr) return std::span{values, taps_.width(op)};
  return Error{ErrorCode::kBadArgument,
               taps_.keeps(op) ? "this position is not among those kept" : "this tap is not kept",
               "op " + std::to_string(op) + ", position " + std::to_string(pos), "", ""};
}

Result<std::span<const float>> Trace::live(uint32_t op) const {
  const Result<const Op*> tap = tap_at(session_.ops(), op);
  if (!tap) return tap.error();
  const size_t behind = session_.in_pass() ? session_.cursor() : 0;
  const auto refuse = [&](const char* message, const char* actual) {
    return Error{ErrorCode::kBadArgument, message, std::string("output of ") + (*tap)->name, "",
                 actual};
  };
  if (op >= behind) return refuse("the pass has not run this op", "");
  for (size_t i = op + 1; i < behind; ++i) {
    const Op& later = session_.ops()[i];
    if (later.out == (*tap)->out) {
      return refuse("a later op has written over this output", later.name);
    }
  }
  const std::span<const Row> rows = session_.rows();
  const auto n_rows = static_cast<size_t>(
      (*tap)->logit_rows
          ? std::count_if(rows.begin(), rows.end(), [](const Row& row) { return row.wants_logits; })
          : static_cast<ptrdiff_t>(rows.size()));
  return std::span<const float>{(*tap)->out, n_rows * (*tap)->n_out};
}

Status Trace::add_edit(Edit edit) {
  const Status checked = check_edit(session_.ops(), edit);
  if (!checked) return checked;
  edits_.push_back(std::move(edit));
  watch_ops();
  return Ok{};
}

void Trace::clear_edits() {
  edits_.clear();
  masks_.clear();
  watch_ops();
}

Status Trace::add_break(const Break& wanted) {
  const Status checked = check_break(session_.ops(), wanted);
  if (!checked) return checked;
  breaks_.push_back(wanted);
  watch_ops();
  return Ok{};
}

void Trace::clear_breaks() {
  breaks_.clear();
  watch_ops();
}

void Trace::watch_ops() {
  for (size_t op = 0; op < watched_.size(); ++op) watched_[op] = taps_.keeps(op);
  for (const Edit& edit : edits_) watched_[edit.op] = true;
  for (const Break& wanted : breaks_) watched_[wanted.op] = true;
}

size_t Trace::next_watched(size_t cursor) {
  hit_ = {};
  for (size_t op = cursor; op < watched_.size(); ++op) {
    if (watched_[op]) return op;
  }
  return SIZE_MAX;
}

bool Trace::after(size_t op, const Pass& pass) {
  const Op& done = session_.ops()[op];
  bool stop = false;
  for (size_t i = 0; i < pass.n_rows(done); ++i) {
    const Row& row = pass.rows[done.logit_rows ? pass.logit_rows[i] : i];
    if (row.seq != seq_) continue;
    if (!is_tap(done)) {
      stop |= stop_at(op, row.pos, {});
      continue;
    }
    float* values = done.out + i * done.n_out;
    edit_row(op, row.pos, values);
    if (taps_.keeps(op)) taps_.record(op, row.pos, values);
    stop |= stop_at(op, row.pos, {values, done.n_out});
  }
  return stop;
}

void Trace::edit_row(size_t op, uint32_t pos, float* row) {
  for (const Edit& edit : edits_) {
    if (edit.op == op) apply_edit(edit, pos, row);
  }
}

// The first break that a row meets is the one that is told.
bool Trace::stop_at(size_t op, uint32_t pos, std::span<const float> row) {
  if (hit_.index >= 0) return true;
  for (size_t i = 0; i < breaks_.size(); ++i) {
    BreakHit hit{.index = static_cast<int32_t>(i), .op = static_cast<uint32_t>(op), .pos = pos};
    if (breaks_[i].op != op || !meets(breaks_[i], row, &hit)) continue;
    hit_ = hit;
    return true;
  }
  return false;
}

void Trace::forget(uint32_t seq, uint32_t n_positions) {
  if (seq == seq_) taps_.forget(n_positions);
}

}  // namespace nanoinfer
