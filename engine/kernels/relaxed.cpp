// simd128 with decode on the relaxed integer dot, which multiplies bytes: twice the products an
// instruction, but 13-bit activations need two planes of them, so what is won is the widening of
// the weights. Its results are exact (see relaxed_dot), so the bits are those of every other set.
#include "engine/kernels/sets.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_gemv.h"

namespace nanoinfer {
namespace {

using simd128::ActivationBlock;

// Integer dots of unsigned codes (7 bits, the second operand) with q = 64 * high + low. Sums stay
// in 16 bits: 8 dots of two products of Q5, 31 * 64 * 2 * 8 = 31744; 4 of Q6, 63 * 64 * 2 * 4 =
// 32256.
struct RelaxedDot {
  template <typename Format, size_t kPart, size_t kFirst, size_t kCount>
  static Lanes8 sums(const uint8_t* block, size_t group, const ActivationBlock& x) {
    static_assert(!Format::kSigned);
    v128_t high[2];
    v128_t low[2];
    unrolled<kCount>([&](auto i) __attribute__((always_inline)) {
      constexpr size_t kUnit = kFirst + decltype(i)::value;
      const v128_t q_high = wasm_v128_load32_splat(x.high + 4 * kUnit);
      const v128_t q_low = wasm_v128_load32_splat(x.low + 4 * kUnit);
      for (size_t half = 0; half < 2; ++half) {
        const v128_t codes = Format::template codes<kPart, kUnit>(block, group, half);
        const v128_t dot_high = relaxed_dot(q_high, codes);
        const v128_t dot_low = relaxed_dot(q_low, codes);
        high[half] = i == 0 ? dot_high : wasm_i16x8_add(high[half], dot_high);
        low[half] = i == 0 ? dot_low : wasm_i16x8_add(low[half], dot_low);
        settle(high[half]);
        settle(low[half]);
      }
    });
    return {{join(high[0], low[0]), join(high[1], low[1])}};
  }

  static v128_t join(v128_t high, v128_t low) {
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(high, held(wasm_i16x8_splat(64))),
                          wasm_i32x4_dot_i16x8(low, held(wasm_i16x8_splat(1))));
  }
};

bool gemv_tile(const Matrix& w, size_t tile, const QuantisedRows& x, size_t row, float* y) {
  using namespace simd128;
  if (w.tile_rows(tile) < kTileRows) return false;
  const uint8_t* bytes = w.tile(tile);
  switch (w.type) {
    case TensorType::kQ4_0:
      gemv<Q4_0, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ4_1:
      gemv<Q4_1, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_0:
      gemv<Q5_0, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_1:
      gemv<Q5_1, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ4_K:
      gemv<Q4_K, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ5_K:
      gemv<Q5_K, RelaxedDot>(bytes, x, row, y);
      return true;
    case TensorType::kQ6_K:
      gemv<Q6_K, RelaxedDot>(bytes, x, row, y);
      return true;
    default:
      return simd128::gemv_tile(w, tile, x, row, y);
  }
}

}  // namespace

const Kernels kRelaxedKernels = {
    .name = "relaxed",
    .quantise_row = simd128::quantise_row,
    .unpack_tile = simd128::unpack_tile,
    .gemm_panel = simd128::gemm_panel,
    .gemm_panel_float = simd128::gemm_panel_float,
    .gemv_tile = gemv_tile,
    .rms_norm = simd128::rms_norm,
    .add = simd128::add,
    .swiglu = simd128::swiglu,
    .rope = simd128::rope,
    .attention_chunk = simd128::attention_chunk,
    .attention_merge = simd128::attention_merge,
};

}  // namespace nanoinfer
