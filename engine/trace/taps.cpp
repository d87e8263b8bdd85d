#include "engine/trace/taps.h"

#include <algorithm>
#include <cmath>
#include <cstring>

#include "engine/trace/refusal.h"

namespace nanoinfer {

const Op* tap_at(std::span<const Op> ops, uint32_t op) {
  const bool is_tap =
      op < ops.size() && ops[op].out != nullptr && ops[op].kind != OpKind::kAttention;
  return is_tap ? &ops[op] : nullptr;
}

float norm_of(std::span<const float> values) {
  // Four sums, for each addition waits for the one before in its sum.
  double sums[4] = {};
  size_t i = 0;
  const auto square = [&](size_t at) {
    return static_cast<double>(values[at]) * static_cast<double>(values[at]);
  };
  for (; i + 4 <= values.size(); i += 4) {
    sums[0] += square(i);
    sums[1] += square(i + 1);
    sums[2] += square(i + 2);
    sums[3] += square(i + 3);
  }
  for (; i < values.size(); ++i) sums[0] += square(i);
  return static_cast<float>(std::sqrt((sums[0] + sums[1]) + (sums[2] + sums[3])));
}

void Taps::clear() {
  std::fill(kept_.begin(), kept_.end(), Kept{});
  memory_.reset();
  bytes_per_position_ = 0;
  n_positions_ = end_ = 0;
}

Status Taps::keep(std::span<const KeptTap> taps, uint64_t max_bytes, uint32_t n_ctx) {
  clear();
  if (taps.empty()) return Ok{};
  for (const KeptTap& tap : taps) {
    const Op* op = tap_at(ops_, tap.op);
    if (op == nullptr) {
      clear();
      return refusal("there is no tap behind this op", "op", tap.op);
    }
    uint32_t& width = kept_[tap.op].width;
    if (width > 0) continue;
    width = tap.norm_only != 0 ? 1 : op->n_out;
    bytes_per_position_ += (uint64_t{width} + 1) * sizeof(float);
  }
  const uint64_t n = std::min<uint64_t>(n_ctx, max_bytes / bytes_per_position_);
  memory_ = n > 0 ? allocate(n * bytes_per_position_) : nullptr;
  if (!memory_) {
    Status error = refusal("the taps do not fit into the memory for them", "bytes a position",
                           bytes_per_position_, ErrorCode::kOutOfMemory);
    clear();
    return error;
  }
  n_positions_ = static_cast<uint32_t>(n);
  auto* at = reinterpret_cast<float*>(memory_.get());
  for (Kept& tap : kept_) {
    if (tap.width == 0) continue;
    tap.values = at;
    at += n * tap.width;
    tap.position = reinterpret_cast<uint32_t*>(at);
    at += n;
    std::fill_n(tap.position, n, UINT32_MAX);
  }
  return Ok{};
}

void Taps::record(size_t op, uint32_t pos, std::span<const float> values) {
  const Kept& tap = kept_[op];
  const uint32_t slot = pos % n_positions_;
  float* to = tap.values + size_t{slot} * tap.width;
  if (tap.width == values.size()) {
    std::memcpy(to, values.data(), values.size_bytes());
  } else {
    *to = norm_of(values);
  }
  tap.position[slot] = pos;
  end_ = std::max(end_, pos + 1);
}

std::span<const float> Taps::row(size_t op, uint32_t pos) const {
  if (!keeps(op)) return {};
  const Kept& tap = kept_[op];
  const uint32_t slot = pos % n_positions_;
  if (tap.position[slot] != pos) return {};
  return {tap.values + size_t{slot} * tap.width, tap.width};
}

void Taps::forget(uint32_t n_positions) {
  if (n_positions >= end_) return;
  for (const Kept& tap : kept_) {
    if (tap.width == 0) continue;
    for (uint32_t slot = 0; slot < n_positions_; ++slot) {
      if (tap.position[slot] >= n_positions) tap.position[slot] = UINT32_MAX;
    }
  }
  end_ = n_positions;
}

}  // namespace nanoinfer
