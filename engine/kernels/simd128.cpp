#include "engine/kernels/simd128.h"

#include "engine/kernels/sets.h"

namespace nanoinfer {

const Kernels kSimd128Kernels = {
    .name = "simd128",
    .byte_panels = false,
    .quantise_row = simd128::quantise_row,
    .unpack_tile = simd128::unpack_tile,
    .gemm_panel = simd128::gemm_panel,
    .gemm_panel_float = simd128::gemm_panel_float,
    .gemv_tiles = simd128::gemv_tiles,
    .rms_norm = simd128::rms_norm,
    .add = simd128::add,
    .swiglu = simd128::swiglu,
    .rope = simd128::rope,
    .attention_chunk = simd128::attention_chunk,
    .attention_merge = simd128::attention_merge,
};

}  // namespace nanoinfer
