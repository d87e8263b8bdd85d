#include "engine/trace/edits.h"

#include "engine/trace/refusal.h"
#include "engine/trace/taps.h"

namespace nanoinfer {

namespace {

// Whether the plan has a place for an edit, and the list its values.
bool is_valid(std::span<const Op> ops, const Edit& edit, size_t n_list) {
  const Op* op = tap_at(ops, edit.op);
  const bool in_row =
      op != nullptr && edit.n > 0 && edit.n <= op->n_out && edit.first <= op->n_out - edit.n;
  if (!in_row || edit.from >= edit.to || edit.begin >= edit.end) return false;
  if (edit.kind >= EditKind::kMask) {
    return edit.kind == EditKind::kMask && op->kind == OpKind::kAttentionMerge;
  }
  const uint64_t n_values = edit.end - edit.begin;
  const uint64_t n_all = uint64_t{edit.n} * (edit.to - edit.from);
  return (n_values == 1 || n_values == edit.n || n_values == n_all) && edit.end <= n_list;
}

}  // namespace

Status check_edits(std::span<const Op> ops, std::span<const Edit> edits, size_t n_values) {
  for (size_t i = 0; i < edits.size(); ++i) {
    if (!is_valid(ops, edits[i], n_values)) {
      return refusal("the plan has no place for this edit, or its values", "edit", i);
    }
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
