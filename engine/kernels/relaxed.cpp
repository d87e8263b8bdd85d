// simd128 with decode on the relaxed integer dot, which multiplies bytes: twice the products an
// instruction, but 13-bit activations need two planes of them, so what is won is the widening of
// the weights. Its results are exact (see relaxed_dot), so the bits are those of every other set.
#include <type_traits>

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
  template <typename Format>
  static constexpr bool kTilesTogether = true;

  struct Sum {
    v128_t high = wasm_i16x8_splat(0);
    v128_t low = wasm_i16x8_splat(0);
  };
  struct Activations {
    v128_t high;
    v128_t low;
  };

  v128_t sixty_fours = held(wasm_i16x8_splat(64));
  v128_t ones = held(wasm_i16x8_splat(1));

  template <typename Format>
  Activations load(const ActivationBlock& x, size_t k) const {
    return {wasm_v128_load32_splat(x.high + k), wasm_v128_load32_splat(x.low + k)};
  }

  template <typename Format>
  void add(Sum& sum, v128_t codes, const Activations& a) const {
    static_assert(!Format::kSigned);
    sum.high = wasm_i16x8_add(sum.high, relaxed_dot(a.high, codes));
    sum.low = wasm_i16x8_add(sum.low, relaxed_dot(a.low, codes));
    settle(sum.high);
    settle(sum.low);
  }

  template <typename Format>
  v128_t total(const Sum& sum) const {
    return wasm_i32x4_add(wasm_i32x4_dot_i16x8(sum.high, sixty_fours),
                          wasm_i32x4_dot_i16x8(sum.low, ones));
  }
};

bool gemv_tiles(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                size_t row, float* const (&y)[2]) {
  return w.tiles_are_full(tiles, n) && simd128::with_format(w.type, [&]<typename Format>() {
           using Dot = std::conditional_t<Format::kSigned, simd128::WideDot, RelaxedDot>;
           simd128::gemv<Format, Dot>({w.tile(tiles[0]), w.tile(tiles[1])}, n, x, row, y);
         });
}

constexpr Kernels own_kernels() {
  Kernels kernels = simd128::kKernels;
  kernels.name = "relaxed";
  kernels.gemv_tiles = gemv_tiles;
  return kernels;
}

}  // namespace

const Kernels kRelaxedKernels = own_kernels();

}  // namespace nanoinfer
