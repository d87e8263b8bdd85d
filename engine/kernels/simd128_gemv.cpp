// Decode with plain SIMD128.
#include "engine/kernels/simd128_gemv.h"

#include "engine/kernels/simd128.h"

namespace nanoinfer::simd128 {

bool gemv_tiles(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                size_t row, float* const (&y)[2]) {
  return w.tiles_are_full(tiles, n) && with_format(w.type, [&]<typename Format>() {
           gemv<Format, WideDot>({w.tile(tiles[0]), w.tile(tiles[1])}, n, x, row, y);
         });
}

}  // namespace nanoinfer::simd128
