// Matrix x vector for one full tile, straight from its packed bytes, as a template over the format
// and the integer dot that the instruction set offers.
#pragma once

#include "engine/kernels/kernels.h"
#include "engine/kernels/simd128_formats.h"

namespace nanoinfer::simd128 {

// Where one block of 32 activations of a row lies in QuantisedRows.
struct ActivationBlock {
  const int16_t* wide;
  const int8_t* high;
  const int8_t* low;
  const float* scale;
  const float* sum;
  const int32_t* isum;

  ActivationBlock(const QuantisedRows& x, size_t row)
      : wide(x.wide + row * x.n_in),
        high(x.high + row * x.n_in),
        low(x.low + row * x.n_in),
        scale(x.scale + row * x.n_blocks()),
        sum(x.sum + row * x.n_blocks()),
        isum(x.isum + row * x.n_blocks()) {}

  void next() {
    wide += kBlock;
    high += kBlock;
    low += kBlock;
    ++scale;
    ++sum;
    ++isum;
  }
};

// Integer dots with 16-bit activations: codes widened, rows still lie in pairs of lanes until the
// end.
struct WideDot {
  // Sum over units [kFirst, kFirst + kCount) of code * q, int32, row r in lane r.
  template <typename Format, size_t kPart, size_t kFirst, size_t kCount>
  static Lanes8 sums(const uint8_t* block, size_t group, const ActivationBlock& x) {
    v128_t sum[2][2];  // of a half: rows 0 and 1, rows 2 and 3; k, k+1 and k+2, k+3 apart
    unrolled<kCount>([&](auto i) __attribute__((always_inline)) {
      constexpr size_t kUnit = kFirst + decltype(i)::value;
      const v128_t q = wasm_v128_load64_splat(x.wide + 4 * kUnit);
      for (size_t half = 0; half < 2; ++half) {
        const v128_t codes = Format::template codes<kPart, kUnit>(block, group, half);
        const v128_t low = wasm_i32x4_dot_i16x8(widen_low<Format::kSigned>(codes), q);
        const v128_t high = wasm_i32x4_dot_i16x8(widen_high<Format::kSigned>(codes), q);
        sum[half][0] = i == 0 ? low : wasm_i32x4_add(sum[half][0], low);
        sum[half][1] = i == 0 ? high : wasm_i32x4_add(sum[half][1], high);
        settle(sum[half][0]);
        settle(sum[half][1]);
      }
    });
    return {{add_pairs(sum[0][0], sum[0][1]), add_pairs(sum[1][0], sum[1][1])}};
  }

  template <bool kSigned>
  static v128_t widen_low(v128_t codes) {
    return kSigned ? wasm_i16x8_extend_low_i8x16(codes) : wasm_u16x8_extend_low_u8x16(codes);
  }

  template <bool kSigned>
  static v128_t widen_high(v128_t codes) {
    return kSigned ? wasm_i16x8_extend_high_i8x16(codes) : wasm_u16x8_extend_high_u8x16(codes);
  }

  static v128_t add_pairs(v128_t a, v128_t b) {
    return wasm_i32x4_add(wasm_i32x4_shuffle(a, b, 0, 2, 4, 6),
                          wasm_i32x4_shuffle(a, b, 1, 3, 5, 7));
  }
};

// Sum of the first 16 activations of a block, in every lane.
inline v128_t sum_of_16(const int16_t* q) {
  const v128_t ones = wasm_i16x8_splat(1);
  v128_t sum = wasm_i32x4_add(wasm_i32x4_dot_i16x8(wasm_v128_load(q), ones),
                              wasm_i32x4_dot_i16x8(wasm_v128_load(q + 8), ones));
  sum = wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 2, 3, 0, 1));
  return wasm_i32x4_add(sum, wasm_i32x4_shuffle(sum, sum, 1, 0, 3, 2));
}

// Sum over a sub-block of w's integer codes, zero points removed, times q.
template <typename Format, typename Dot, size_t kPart>
inline Lanes8 integer_sums(const uint8_t* block, size_t group, const ActivationBlock& x) {
  if constexpr (Format::kScaled16) {
    const v128_t zero = wasm_i32x4_splat(Format::kZero);
    const v128_t first16 = sum_of_16(x.wide);
    const v128_t zero0 = wasm_i32x4_mul(first16, zero);
    const v128_t zero1 = wasm_i32x4_mul(wasm_i32x4_sub(wasm_i32x4_splat(*x.isum), first16), zero);
    const Lanes8 sums0 = Dot::template sums<Format, kPart, 0, 4>(block, group, x);
    const Lanes8 sums1 = Dot::template sums<Format, kPart, 4, 4>(block, group, x);
    Lanes8 out;
    for (size_t half = 0; half < 2; ++half) {
      const v128_t scale0 = Format::template scales16<kPart, 0>(block, group, half);
      const v128_t scale1 = Format::template scales16<kPart, 1>(block, group, half);
      out.half[half] =
          wasm_i32x4_add(wasm_i32x4_mul(wasm_i32x4_sub(sums0.half[half], zero0), scale0),
                         wasm_i32x4_mul(wasm_i32x4_sub(sums1.half[half], zero1), scale1));
    }
    return out;
  } else {
    Lanes8 sums = Dot::template sums<Format, kPart, 0, 8>(block, group, x);
    if constexpr (Format::kZero != 0) {
      const v128_t zero = wasm_i32x4_splat(Format::kZero * *x.isum);
      for (v128_t& half : sums.half) half = wasm_i32x4_sub(half, zero);
    }
    return sums;
  }
}

// y += (d * a) * sum, then + m * s: the float part of one sub-block. d, m (8).
template <bool kHasMin>
inline void add_block(Lanes8& y, const Lanes8& sums, const float* d, const float* m,
                      const ActivationBlock& x) {
  const v128_t a = wasm_v128_load32_splat(x.scale);
  for (size_t half = 0; half < 2; ++half) {
    const v128_t scale = wasm_f32x4_mul(wasm_v128_load(d + 4 * half), a);
    const v128_t sum = wasm_f32x4_convert_i32x4(sums.half[half]);
    y.half[half] = wasm_f32x4_add(y.half[half], wasm_f32x4_mul(scale, sum));
    if constexpr (kHasMin) {
      const v128_t s = wasm_v128_load32_splat(x.sum);
      const v128_t minimum = wasm_f32x4_mul(wasm_v128_load(m + 4 * half), s);
      y.half[half] = wasm_f32x4_add(y.half[half], minimum);
    }
  }
}

// y (8) = tile . row `row` of x.
template <typename Format, typename Dot>
void gemv(const uint8_t* tile, const QuantisedRows& x, size_t row, float* y) {
  constexpr size_t kGroups = Format::kSubs / Format::kParts;
  Lanes8 sums = {{wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)}};
  ActivationBlock activations(x, row);
  for (size_t n = x.n_blocks() / Format::kSubs; n > 0; --n, tile += Format::kTileBytes) {
    float d[Format::kSubs * kTileRows];
    float m[Format::kSubs * kTileRows];
    Format::scales(tile, d, m);
    for (size_t group = 0; group < kGroups; ++group) {
      unrolled<Format::kParts>([&](auto part) __attribute__((always_inline)) {
        constexpr size_t kPart = decltype(part)::value;
        const size_t at = (group * Format::kParts + kPart) * kTileRows;
        const Lanes8 isums = integer_sums<Format, Dot, kPart>(tile, group, activations);
        add_block<Format::kHasMin>(sums, isums, d + at, m + at, activations);
        activations.next();
      });
    }
  }
  store_lanes8(y, sums);
}

}  // namespace nanoinfer::simd128
