// Changes to what a pass computes, made at op boundaries: the kernels never know.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/model/plan.h"

namespace nanoinfer {

enum class EditKind : uint32_t {
  kScale = 0,    // x *= value
  kAdd = 1,      // x += value
  kReplace = 2,  // x = value
  kMask = 3,     // of z: attention without the hidden positions takes its place
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
  // kMask: the heads whose elements these are do not see positions [begin, end). Otherwise the
  // values are [begin, end) of a list beside the edits: 1 for every element; n, one for each; or
  // n * (to - from), one for each of each position, a patch from another run.
  uint32_t begin = 0;
  uint32_t end = 0;

  bool is_for(size_t at_op, uint32_t pos) const { return op == at_op && pos >= from && pos < to; }
};

// Refuses what the plan has no place for, naming the edit. n_values: of the list beside them.
Status check_edits(std::span<const Op> ops, std::span<const Edit> edits, size_t n_values);

// Changes a row (op.n_out) of position `pos`; not for masks. `values`: the list beside the edits.
void apply_edit(const Edit& edit, const float* values, uint32_t pos, float* row);

}  // namespace nanoinfer
