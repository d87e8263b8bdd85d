#include "engine/trace/breaks.h"

#include <cmath>

#include "engine/trace/refusal.h"
#include "engine/trace/taps.h"

namespace nanoinfer {

Status check_breaks(std::span<const Op> ops, std::span<const Break> breaks) {
  for (size_t i = 0; i < breaks.size(); ++i) {
    const Break& wanted = breaks[i];
    const bool has_place = wanted.op < ops.size() && wanted.when <= BreakWhen::kNonFinite &&
                           (wanted.when == BreakWhen::kAlways || tap_at(ops, wanted.op) != nullptr);
    if (!has_place) return refusal("nothing can stop a pass there", "break", i);
  }
  return Ok{};
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
  }
  return false;
}

}  // namespace nanoinfer
