// Where a pass is to stop, and on what.
#pragma once

#include <cstdint>
#include <span>

#include "engine/base/result.h"
#include "engine/model/plan.h"

namespace nanoinfer {

enum class BreakWhen : uint32_t {
  kAlways = 0,
  kNormAbove = 1,  // a row's norm is above the limit
  kNonFinite = 2,  // a row holds a NaN or an infinity
};

// Stops a pass behind op `op`, whose output must be a tap unless the break is unconditional.
struct Break {
  uint32_t op = 0;
  BreakWhen when = BreakWhen::kAlways;
  float limit = 0;
};

// What stopped a pass.
struct BreakHit {
  int32_t index = -1;    // of the break in the list that was set; -1: none
  uint32_t op = 0;       // the cursor is behind it
  uint32_t pos = 0;      // of the first row that met the condition
  float value = 0;       // that row's norm (kNormAbove), or its first value that is not finite
  uint32_t element = 0;  // kNonFinite: where in the row
};

// Refuses ops that do not exist, and conditions where there are no values to look at.
Status check_breaks(std::span<const Op> ops, std::span<const Break> breaks);

// Whether a row meets the break's condition; then value and element of `hit` are set.
bool meets(const Break& wanted, std::span<const float> row, BreakHit* hit);

}  // namespace nanoinfer
