#include "engine/trace/edits.h"

#include <string>

#include "engine/trace/taps.h"

namespace nanoinfer {

Status check_edit(std::span<const Op> ops, const Edit& edit) {
  const Result<const Op*> op = tap_at(ops, edit.op);
  if (!op) return op.error();
  const std::string place = std::string("edit of ") + (*op)->name;
  const uint32_t width = (*op)->n_out;
  if (edit.n == 0 || edit.n > width || edit.first > width - edit.n) {
    return Error{ErrorCode::kBadArgument, "an edit reaches outside its tap's row", place,
                 "elements 0 to " + std::to_string(width - 1),
                 std::to_string(edit.n) + " from " + std::to_string(edit.first)};
  }
  if (edit.from >= edit.to) {
    return Error{ErrorCode::kBadArgument, "an edit names no position", place, "from < to",
                 std::to_string(edit.from) + " to " + std::to_string(edit.to)};
  }
  const uint64_t n_values = edit.values.size();
  if (n_values == 1 || n_values == edit.n || n_values == uint64_t{edit.n} * (edit.to - edit.from)) {
    return Ok{};
  }
  return Error{ErrorCode::kBadArgument, "an edit has the wrong number of values", place,
               "1, or " + std::to_string(edit.n) + ", or those for every position",
               std::to_string(n_values)};
}

void apply_edit(const Edit& edit, uint32_t pos, float* row) {
  if (pos < edit.from || pos >= edit.to) return;
  const size_t n_values = edit.values.size();
  const size_t offset = n_values > edit.n ? size_t{pos - edit.from} * edit.n : 0;
  for (size_t i = 0; i < edit.n; ++i) {
    const float value = edit.values[n_values == 1 ? 0 : offset + i];
    float& x = row[edit.first + i];
    x = edit.kind == EditKind::kScale ? x * value : edit.kind == EditKind::kAdd ? x + value : value;
  }
}

}  // namespace nanoinfer
