// Decode with plain SIMD128.
#include "engine/kernels/simd128_gemv.h"

#include "engine/kernels/simd128.h"

namespace nanoinfer::simd128 {

bool gemv_tile(const Matrix& w, size_t tile, const QuantisedRows& x, size_t row, float* y) {
  if (w.tile_rows(tile) < kTileRows) return false;
  return with_format(w.type,
                     [&]<typename Format>() { gemv<Format, WideDot>(w.tile(tile), x, row, y); });
}

}  // namespace nanoinfer::simd128
