#include "engine/trace/taps.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

namespace nanoinfer {

bool is_tap(const Op& op) {
  return op.out != nullptr && op.kind != OpKind::kAttention;
}

Result<const Op*> tap_at(std::span<const Op> ops, uint32_t op) {
  if (op < ops.size() && is_tap(ops[op])) return &ops[op];
  return Error{ErrorCode::kBadArgument, "there is no tap behind that op",
               "op " + std::to_string(op), "an op that the list of taps names",
               op < ops.size() ? ops[op].name : "no such op"};
}

Status Taps::keep(std::span<const Op> ops, std::span<const KeptTap> taps, uint64_t max_bytes,
                  uint32_t n_ctx) {
  *this = Taps();
  for (const KeptTap& tap : taps) {
    const Result<const Op*> op = tap_at(ops, tap.op);
    if (!op) return op.error();
  }
  tap_of_op_.assign(ops.size(), kNone);
  for (const KeptTap& tap : taps) {
    if (keeps(tap.op)) continue;
    tap_of_op_[tap.op] = static_cast<uint32_t>(taps_.size());
    const uint32_t n_out = ops[tap.op].n_out;
    taps_.push_back({.width = tap.norm_only ? 1 : n_out,
                     .n_out = n_out,
                     .values = nullptr,
                     .position = nullptr});
    bytes_per_position_ += (taps_.back().width + 1) * sizeof(float);
  }
  if (taps_.empty()) return Ok{};
  const uint64_t n = std::min<uint64_t>(n_ctx, max_bytes / bytes_per_position_);
  memory_ = n > 0 ? allocate(n * bytes_per_position_) : nullptr;
  if (!memory_) {
    const std::string needed = std::to_string(bytes_per_position_) + " bytes a position";
    *this = Taps();
    return Error{ErrorCode::kOutOfMemory, "the taps do not fit into the memory for them", "taps",
                 needed, std::to_string(max_bytes) + " bytes"};
  }
  n_positions_ = static_cast<uint32_t>(n);
  uint8_t* at = memory_.get();
  for (Kept& tap : taps_) {
    tap.values = reinterpret_cast<float*>(at);
    tap.position = reinterpret_cast<uint32_t*>(tap.values + n * tap.width);
    std::fill_n(tap.position, n, kNone);
    at = reinterpret_cast<uint8_t*>(tap.position + n);
  }
  return Ok{};
}

void Taps::record(size_t op, uint32_t pos, const float* values) {
  const Kept& tap = taps_[tap_of_op_[op]];
  const uint32_t slot = pos % n_positions_;
  float* to = tap.values + size_t{slot} * tap.width;
  if (tap.width == tap.n_out) {
    std::memcpy(to, values, tap.n_out * sizeof(float));
  } else {
    *to = norm_of({values, tap.n_out});
  }
  tap.position[slot] = pos;
  end_ = std::max(end_, pos + 1);
}

const float* Taps::row(size_t op, uint32_t pos) const {
  if (!keeps(op)) return nullptr;
  const Kept& tap = taps_[tap_of_op_[op]];
  const uint32_t slot = pos % n_positions_;
  return tap.position[slot] == pos ? tap.values + size_t{slot} * tap.width : nullptr;
}

void Taps::forget(uint32_t n_positions) {
  if (n_positions >= end_) return;
  for (const Kept& tap : taps_) {
    for (uint32_t slot = 0; slot < n_positions_; ++slot) {
      if (tap.position[slot] != kNone && tap.position[slot] >= n_positions) {
        tap.position[slot] = kNone;
      }
    }
  }
  end_ = n_positions;
}

float norm_of(std::span<const float> values) {
  double sum = 0;
  for (const float value : values) sum += static_cast<double>(value) * static_cast<double>(value);
  return static_cast<float>(std::sqrt(sum));
}

}  // namespace nanoinfer
