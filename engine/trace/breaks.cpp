#include "engine/trace/breaks.h"

#include <cmath>
#include <string>

#include "engine/trace/taps.h"

namespace nanoinfer {

Status check_break(std::span<const Op> ops, const Break& wanted) {
  if (wanted.op >= ops.size()) {
    return Error{ErrorCode::kBadArgument, "there is no such op to stop behind",
                 "op " + std::to_string(wanted.op), "0 to " + std::to_string(ops.size() - 1), ""};
  }
  if (wanted.when == BreakWhen::kAlways) return Ok{};
  const Result<const Op*> op = tap_at(ops, wanted.op);
  return op ? Status(Ok{}) : op.error();
}

bool meets(const Break& wanted, std::span<const float> row, BreakHit* hit) {
  switch (wanted.when) {
    case BreakWhen::kAlways:
      return true;
    case BreakWhen::kNormAbove:
      hit->value = norm_of(row);
      return hit->value > wanted.limit;
    case BreakWhen::kNonFinite:
      for (size_t i = 0; i < row.size(); ++i) {
        if (std::isfinite(row[i])) continue;
        hit->value = row[i];
        hit->element = static_cast<uint32_t>(i);
        return true;
      }
      return false;
  }
  return false;
}

}  // namespace nanoinfer
