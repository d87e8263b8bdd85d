#include "engine/trace/edits.h"

#include "engine/trace/refusal.h"
#include "engine/trace/taps.h"

namespace nanoinfer {

namespace {

// What is wrong with an edit; null: nothing.
const char* fault_of(std::span<const Op> ops, const Edit& edit, size_t n_list) {
  const Op* op = tap_at(ops, edit.op);
  if (op == nullptr) return "an edit is of no tap";
  if (edit.n == 0 || edit.n > op->n_out || edit.first > op->n_out - edit.n) {
    return "an edit reaches outside its tap's row";
  }
  if (edit.from >= edit.to) return "an edit names no position";
  if (edit.begin >= edit.end) return "an edit has no values";
  if (edit.kind == EditKind::kMask) {
    return op->kind == OpKind::kAttentionMerge ? nullptr : "only attention can be masked";
  }
  if (edit.kind > EditKind::kMask) return "there is no such kind of edit";
  const uint64_t n_values = edit.end - edit.begin;
  const uint64_t n_all = uint64_t{edit.n} * (edit.to - edit.from);
  const bool fits = n_values == 1 || n_values == edit.n || n_values == n_all;
  return fits && edit.end <= n_list ? nullptr : "an edit has the wrong number of values";
}

}  // namespace

Status check_edits(std::span<const Op> ops, std::span<const Edit> edits, size_t n_values) {
  for (size_t i = 0; i < edits.size(); ++i) {
    const char* fault = fault_of(ops, edits[i], n_values);
    if (fault != nullptr) return refusal(fault, "edit", i);
  }
  return Ok{};
}

void apply_edit(const Edit& edit, const float* values, uint32_t pos, float* row) {
  const uint32_t n_values = edit.end - edit.begin;
  const float* value = values + edit.begin;
  if (n_values > edit.n) value += size_t{pos - edit.from} * edit.n;
  const size_t step = n_values > 1 ? 1 : 0;
  for (uint32_t i = edit.first; i < edit.first + edit.n; ++i, value += step) {
    if (edit.kind == EditKind::kScale) {
      row[i] *= *value;
    } else if (edit.kind == EditKind::kAdd) {
      row[i] += *value;
    } else {
      row[i] = *value;
    }
  }
}

}  // namespace nanoinfer
