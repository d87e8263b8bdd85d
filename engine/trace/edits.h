// Changes to what a pass computes, made at op boundaries: the kernels never know.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/plan.h"

namespace nanoinfer {

enum class EditKind : uint8_t {
  kScale = 0,    // x *= value
  kAdd = 1,      // x += value
  kReplace = 2,  // x = value
};

// Changes elements [first, first + n) of what op `op` left, in rows of positions [from, to). A
// change of k_rot or v is one of the KV cache: that is what the cache will hold of the position.
struct Edit {
  uint32_t op = 0;
  EditKind kind = EditKind::kScale;
  uint32_t first = 0;
  uint32_t n = 0;
  uint32_t from = 0;
  uint32_t to = UINT32_MAX;
  // 1: for every element; n: for each element; n * (to - from): for each element of each position,
  // a patch from another run.
  std::vector<float> values;
};

// Attention of one layer's query heads [first_head, first_head + n_heads), in rows of positions
// [from, to), does not see positions [first_key, end_key).
struct Mask {
  uint32_t layer = 0;
  uint32_t first_head = 0;
  uint32_t n_heads = 0;
  uint32_t first_key = 0;
  uint32_t end_key = 0;
  uint32_t from = 0;
  uint32_t to = UINT32_MAX;

  bool covers(uint32_t at_layer, uint32_t head, uint32_t pos) const {
    return layer == at_layer && head - first_head < n_heads && pos >= from && pos < to;
  }
  bool hides(uint32_t key) const { return key >= first_key && key < end_key; }
};

// Refuses what the plan has no place for, naming it.
Status check_edit(std::span<const Op> ops, const Edit& edit);

// Changes the row (op.n_out) of position `pos`, if the edit is for it.
void apply_edit(const Edit& edit, uint32_t pos, float* row);

}  // namespace nanoinfer
