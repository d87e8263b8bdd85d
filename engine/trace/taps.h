// Values kept from passes, by op and absolute position, in memory that is taken once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/result.h"
#include "engine/model/plan.h"

namespace nanoinfer {

// Whether what `op` leaves in its output is a tap: the quantised rows and the cache are none, and
// attention's is complete behind its merge.
bool is_tap(const Op& op);

// The op of that number, if its output is a tap.
Result<const Op*> tap_at(std::span<const Op> ops, uint32_t op);

// sqrt of the sum of squares.
float norm_of(std::span<const float> values);

// One tap to keep: its values, or the norm of each row alone.
struct KeptTap {
  uint32_t op = 0;
  bool norm_only = false;
};

// The last n_positions() positions of some taps. Recording allocates nothing.
class Taps {
 public:
  // Takes memory for as many positions as max_bytes hold, n_ctx at most, and drops what was kept
  // before. Fails, with nothing kept, on an op that is no tap and where not even one position fits.
  Status keep(std::span<const Op> ops, std::span<const KeptTap> taps, uint64_t max_bytes,
              uint32_t n_ctx);

  uint32_t n_positions() const { return n_positions_; }
  uint64_t n_bytes() const { return bytes_per_position_ * n_positions_; }
  bool keeps(size_t op) const { return op < tap_of_op_.size() && tap_of_op_[op] != kNone; }

  // values (op.n_out): the row of position `pos` of a kept tap.
  void record(size_t op, uint32_t pos, const float* values);

  // What was recorded at a position: (op.n_out) values, or the norm alone; null if it was not kept,
  // or has been overwritten by a later one.
  const float* row(size_t op, uint32_t pos) const;
  uint32_t width(size_t op) const { return keeps(op) ? taps_[tap_of_op_[op]].width : 0; }

  // Drops positions >= n_positions.
  void forget(uint32_t n_positions);

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  struct Kept {
    uint32_t width;      // values a position
    uint32_t n_out;      // of the op
    float* values;       // (n_positions, width): position p in slot p mod n_positions
    uint32_t* position;  // (n_positions): whose row a slot holds, or kNone
  };

  std::vector<Kept> taps_;
  std::vector<uint32_t> tap_of_op_;
  Memory memory_;
  uint64_t bytes_per_position_ = 0;
  uint32_t n_positions_ = 0;
  uint32_t end_ = 0;  // no position >= end_ is kept
};

}  // namespace nanoinfer
