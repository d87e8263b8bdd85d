#include "engine/run/cached_matmul.h"

namespace nanoinfer {

CachedMatmul::CachedMatmul()
    : weights_(kTileRows * static_cast<size_t>(row_bytes(TensorType::kQ4_0, kInputs))),
      wide_(kTokens * kInputs),
      pairs_(paired_rows(kTokens) * kInputs),
      codes_(kInputs * kTileRows),
      high_(wide_.size()),
      low_(wide_.size()),
      scale_(wide_.size() / kBlock),
      sum_(scale_.size()),
      d_(kInputs / kBlock * kTileRows),
      m_(d_.size()),
      isum_(scale_.size()),
      code_sums_(d_.size()),
      matrix_{TensorType::kQ4_0, weights_.data(), kTileRows, kInputs},
      rows_{wide_.data(),  pairs_.data(), high_.data(), low_.data(),
            scale_.data(), sum_.data(),   isum_.data(), kInputs},
      panel_{TensorType::kQ4_0, codes_.data(), code_sums_.data(), d_.data(), m_.data(), nullptr} {}

void CachedMatmul::one_by_one(const Kernels& kernels, float* y) const {
  for (size_t token = 0; token < kTokens; ++token) {
    float* to = y + token * kTileRows;
    kernels.gemv_tiles(matrix_, {0, 0}, 1, rows_, token, {to, to});
  }
}

void CachedMatmul::unpack(const Kernels& kernels) const {
  kernels.unpack_tile(matrix_, 0, panel_);
}

void CachedMatmul::together(const Kernels& kernels, float* y) const {
  kernels.gemm_panel(panel_, kTileRows, rows_, kTokens, y, kTileRows);
}

}  // namespace nanoinfer
