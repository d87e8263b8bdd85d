// Values kept from passes, by op and absolute position, in memory that is taken once.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/arena.h"
#include "engine/base/result.h"
#include "engine/model/plan.h"

namespace nanoinfer {

// The op of that number if its output is a tap, else null: the quantised rows and the cache are
// none, and attention's is complete behind its merge.
const Op* tap_at(std::span<const Op> ops, uint32_t op);

// sqrt of the sum of squares.
float norm_of(std::span<const float> values);

// One tap to keep: its values, or the norm of each row alone.
struct KeptTap {
  uint32_t op;
  uint32_t norm_only;
};

// The last n_positions() positions of some taps. Recording allocates nothing.
class Taps {
 public:
  explicit Taps(std::span<const Op> ops) : ops_(ops), kept_(ops.size()) {}

  // Takes memory for as many positions as max_bytes hold, n_ctx at most, and drops what was kept
  // before. Fails, with nothing kept, on an op that is no tap and where not even one position fits.
  Status keep(std::span<const KeptTap> taps, uint64_t max_bytes, uint32_t n_ctx);

  uint32_t n_positions() const { return n_positions_; }
  uint64_t n_bytes() const { return bytes_per_position_ * n_positions_; }
  const uint8_t* memory() const { return memory_.get(); }  // n_bytes(); null: nothing is kept
  bool keeps(size_t op) const { return op < kept_.size() && kept_[op].width > 0; }

  // values (op.n_out): the row of position `pos` of a kept tap.
  void record(size_t op, uint32_t pos, std::span<const float> values);

  // What was recorded at a position: (op.n_out) values, or the norm alone; empty if it was not
  // kept, or has been overwritten by a later one.
  std::span<const float> row(size_t op, uint32_t pos) const;

  // Drops positions >= n_positions.
  void forget(uint32_t n_positions);

 private:
  struct Kept {
    uint32_t width = 0;            // values a position; 0: not kept
    float* values = nullptr;       // (n_positions, width): position p in slot p mod n_positions
    uint32_t* position = nullptr;  // (n_positions): whose row a slot holds; UINT32_MAX: none's
  };

  void clear();

  std::span<const Op> ops_;
  std::vector<Kept> kept_;  // (n_ops)
  Memory memory_;
  uint64_t bytes_per_position_ = 0;
  uint32_t n_positions_ = 0;
  uint32_t end_ = 0;  // no position >= end_ is kept
};

}  // namespace nanoinfer
