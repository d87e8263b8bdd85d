// exp in four lanes.
#pragma once

#include <limits>

#include "engine/kernels/numerics.h"
#include "engine/kernels/wasm_simd.h"

namespace nanoinfer::simd128 {

// exp_scalar in each lane: make one before the loop, for the sake of its constants (see held).
struct Exp4 {
  v128_t round_magic = held(wasm_f32x4_splat(kRoundMagic));
  v128_t log2_e = held(wasm_f32x4_splat(kLog2E));
  v128_t ln2_high = held(wasm_f32x4_splat(kLn2High));
  v128_t ln2_low = held(wasm_f32x4_splat(kLn2Low));
  v128_t one = held(wasm_f32x4_splat(1.0f));
  v128_t exponent_bias = held(wasm_i32x4_splat(127));
  v128_t lowest = held(wasm_f32x4_splat(kExpLowest));
  v128_t highest = held(wasm_f32x4_splat(kExpHighest));
  v128_t infinity = held(wasm_f32x4_splat(std::numeric_limits<float>::infinity()));
  v128_t polynomial[6];

  Exp4() {
    unrolled<6>([&](auto i) __attribute__((always_inline)) {
      polynomial[i] = held(wasm_f32x4_splat(kExpPolynomial[i]));
    });
  }

  // Lanes out of range compute nonsense that is replaced at the end.
  v128_t operator()(v128_t x) const {
    const v128_t sum = wasm_f32x4_add(wasm_f32x4_mul(x, log2_e), round_magic);
    const v128_t n = wasm_i32x4_sub(sum, round_magic);
    const v128_t rounded = wasm_f32x4_sub(sum, round_magic);
    v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(rounded, ln2_high));
    r = wasm_f32x4_sub(r, wasm_f32x4_mul(rounded, ln2_low));
    v128_t p = polynomial[0];
    for (int i = 1; i < 6; ++i) p = wasm_f32x4_add(wasm_f32x4_mul(p, r), polynomial[i]);
    p = wasm_f32x4_add(wasm_f32x4_mul(p, wasm_f32x4_mul(r, r)), r);
    p = wasm_f32x4_add(p, one);
    const v128_t half = wasm_i32x4_shr(n, 1);
    p = wasm_f32x4_mul(p, power_of_two(half));
    p = wasm_f32x4_mul(p, power_of_two(wasm_i32x4_sub(n, half)));
    p = wasm_v128_andnot(p, wasm_f32x4_lt(x, lowest));
    return wasm_v128_bitselect(infinity, p, wasm_f32x4_gt(x, highest));
  }

 private:
  // 2^n for -126 <= n <= 127 in each int32 lane.
  v128_t power_of_two(v128_t n) const {
    return wasm_i32x4_shl(wasm_i32x4_add(n, exponent_bias), 23);
  }
};

}  // namespace nanoinfer::simd128
