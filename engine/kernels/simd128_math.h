// exp in four lanes.
#pragma once

#include <limits>

#include "engine/kernels/numerics.h"
#include "engine/kernels/wasm_simd.h"

namespace nanoinfer::simd128 {

// 2^n for -126 <= n <= 127 in each int32 lane.
inline v128_t power_of_two4(v128_t n) {
  return wasm_i32x4_shl(wasm_i32x4_add(n, held(wasm_i32x4_splat(127))), 23);
}

// exp_scalar in each lane. Lanes out of range compute nonsense that is replaced at the end.
inline v128_t exp4(v128_t x) {
  const v128_t magic = held(wasm_f32x4_splat(kRoundMagic));
  const v128_t sum = wasm_f32x4_add(wasm_f32x4_mul(x, held(wasm_f32x4_splat(kLog2E))), magic);
  const v128_t n = wasm_i32x4_sub(sum, magic);
  const v128_t rounded = wasm_f32x4_sub(sum, magic);
  v128_t r = wasm_f32x4_sub(x, wasm_f32x4_mul(rounded, held(wasm_f32x4_splat(kLn2High))));
  r = wasm_f32x4_sub(r, wasm_f32x4_mul(rounded, held(wasm_f32x4_splat(kLn2Low))));
  v128_t p = held(wasm_f32x4_splat(kExpPolynomial[0]));
  for (int i = 1; i < 6; ++i) {
    p = wasm_f32x4_add(wasm_f32x4_mul(p, r), held(wasm_f32x4_splat(kExpPolynomial[i])));
  }
  p = wasm_f32x4_add(wasm_f32x4_mul(p, wasm_f32x4_mul(r, r)), r);
  p = wasm_f32x4_add(p, held(wasm_f32x4_splat(1.0f)));
  const v128_t half = wasm_i32x4_shr(n, 1);
  p = wasm_f32x4_mul(p, power_of_two4(half));
  p = wasm_f32x4_mul(p, power_of_two4(wasm_i32x4_sub(n, half)));

  p = wasm_v128_andnot(p, wasm_f32x4_lt(x, held(wasm_f32x4_splat(kExpLowest))));
  const v128_t infinity = held(wasm_f32x4_splat(std::numeric_limits<float>::infinity()));
  return wasm_v128_bitselect(infinity, p, wasm_f32x4_gt(x, held(wasm_f32x4_splat(kExpHighest))));
}

}  // namespace nanoinfer::simd128
