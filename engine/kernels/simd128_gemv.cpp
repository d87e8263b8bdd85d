// Decode with plain SIMD128.
#include "engine/kernels/simd128_gemv.h"

#include "engine/kernels/simd128.h"

namespace nanoinfer::simd128 {

bool gemv_tile(const Matrix& w, size_t tile, const QuantisedRows& x, size_t row, float* y) {
  if (w.tile_rows(tile) < kTileRows) return false;
  const uint8_t* bytes = w.tile(tile);
  switch (w.type) {
    case TensorType::kQ8_0:
      gemv<Q8_0, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ4_0:
      gemv<Q4_0, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ4_1:
      gemv<Q4_1, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_0:
      gemv<Q5_0, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_1:
      gemv<Q5_1, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ4_K:
      gemv<Q4_K, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_K:
      gemv<Q5_K, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ6_K:
      gemv<Q6_K, WideDot>(bytes, x, row, y);
      return true;
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      break;
  }
  return false;
}

}  // namespace nanoinfer::simd128
