// A matrix product that never leaves the cache: what it takes is a kernel's own speed.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/kernels/kernels.h"

namespace nanoinfer {

// One tile of the commonest kind (Q4_0) and a few tokens. All are zero: what the numbers are makes
// no difference to integer products.
class CachedMatmul {
 public:
  static constexpr uint32_t kInputs = 512;
  static constexpr size_t kTokens = 16;
  static constexpr uint64_t kMacs = uint64_t{kInputs} * kTileRows * kTokens;  // of all tokens

  CachedMatmul();

  // Token after token straight from the packed tile, as in decode. y: (kTokens, kTileRows)
  void one_by_one(const Kernels& kernels, float* y) const;

  // Fills the panel that together() reads.
  void unpack(const Kernels& kernels) const;

  // All tokens at once from the panel, as in prefill. Only y is written, so threads may share.
  void together(const Kernels& kernels, float* y) const;

 private:
  std::vector<uint8_t> weights_;
  std::vector<int16_t> wide_, pairs_, codes_;
  std::vector<int8_t> high_, low_;
  std::vector<float> scale_, sum_, d_, m_;
  std::vector<int32_t> isum_, code_sums_;
  Matrix matrix_;
  QuantisedRows rows_;
  Panel panel_;
};

}  // namespace nanoinfer
