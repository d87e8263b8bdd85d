// Matrix x vector for two runs of full tiles, straight from packed bytes, as a template over the
// format and the integer dot that the instruction set offers.
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
// end. A dot is kept for each half of the tile: add() takes a unit, total() gives row r in lane r.
// kTilesTogether: there are registers for the sums of both tiles, which then share activations.
struct WideDot {
  template <typename Format>
  static constexpr bool kTilesTogether = false;

  struct Sum {
    v128_t rows01 = wasm_i32x4_splat(0);  // rows 0 and 1: k, k+1 and k+2, k+3 apart
    v128_t rows23 = wasm_i32x4_splat(0);
  };
  struct Activations {
    v128_t q;
  };

  template <typename Format>
  Activations load(const ActivationBlock& x, size_t k) const {
    return {wasm_v128_load64_splat(x.wide + k)};
  }

  template <typename Format>
  void add(Sum& sum, v128_t codes, const Activations& a) const {
    constexpr bool kSigned = Format::kSigned;
    const v128_t low =
        kSigned ? wasm_i16x8_extend_low_i8x16(codes) : wasm_u16x8_extend_low_u8x16(codes);
    const v128_t high =
        kSigned ? wasm_i16x8_extend_high_i8x16(codes) : wasm_u16x8_extend_high_u8x16(codes);
    sum.rows01 = wasm_i32x4_add(sum.rows01, wasm_i32x4_dot_i16x8(low, a.q));
    sum.rows23 = wasm_i32x4_add(sum.rows23, wasm_i32x4_dot_i16x8(high, a.q));
    settle(sum.rows01);
    settle(sum.rows23);
  }

  template <typename Format>
  v128_t total(const Sum& sum) const {
    return wasm_i32x4_add(wasm_i32x4_shuffle(sum.rows01, sum.rows23, 0, 2, 4, 6),
                          wasm_i32x4_shuffle(sum.rows01, sum.rows23, 1, 3, 5, 7));
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

// Adds 16 inputs of a sub-block of kTiles tiles: both halves of 4 units. `lower` and `upper` are
// the sums of the first and the last 16; they may be the same.
template <typename Format, typename Dot, size_t kPart, size_t kTiles>
__attribute__((always_inline)) inline void add_units(typename Dot::Sum (*lower)[2],
                                                     typename Dot::Sum (*upper)[2],
                                                     const Masks& masks, const Dot& dot,
                                                     const uint8_t* const* blocks, size_t group,
                                                     const ActivationBlock& x) {
#pragma clang loop unroll(disable)
  for (size_t unit = 0; unit < 4; ++unit) {
    unrolled<2>([&](auto is_upper) __attribute__((always_inline)) {
      constexpr size_t kUpper = decltype(is_upper)::value;
      const typename Dot::Activations a = dot.template load<Format>(x, 16 * kUpper + 4 * unit);
      for (size_t i = 0; i < kTiles; ++i) {
        for (size_t half = 0; half < 2; ++half) {
          dot.template add<Format>(
              (kUpper == 0 ? lower : upper)[i][half],
              Format::template codes<kPart, kUpper>(masks, blocks[i], group, unit, half), a);
        }
      }
    });
  }
}

// Sums over a sub-block of each tile's integer codes, zero points removed, times q.
template <typename Format, typename Dot, size_t kPart>
__attribute__((always_inline)) inline void integer_sums(const Masks& masks, const Dot& dot,
                                                        const uint8_t* const (&blocks)[2],
                                                        size_t group, const ActivationBlock& x,
                                                        Lanes8 (&out)[2]) {
  if constexpr (Format::kScaled16) {
    const v128_t zero = wasm_i32x4_splat(Format::kZero);
    const v128_t first16 = sum_of_16(x.wide);
    const v128_t zero0 = wasm_i32x4_mul(first16, zero);
    const v128_t zero1 = wasm_i32x4_mul(wasm_i32x4_sub(wasm_i32x4_splat(*x.isum), first16), zero);
    for (size_t i = 0; i < 2; ++i) {
      typename Dot::Sum lower[1][2], upper[1][2];
      add_units<Format, Dot, kPart, 1>(lower, upper, masks, dot, &blocks[i], group, x);
      for (size_t half = 0; half < 2; ++half) {
        const v128_t scale0 = Format::template scales16<kPart, 0>(blocks[i], group, half);
        const v128_t scale1 = Format::template scales16<kPart, 1>(blocks[i], group, half);
        const v128_t sum0 = wasm_i32x4_sub(dot.template total<Format>(lower[0][half]), zero0);
        const v128_t sum1 = wasm_i32x4_sub(dot.template total<Format>(upper[0][half]), zero1);
        out[i].half[half] =
            wasm_i32x4_add(wasm_i32x4_mul(sum0, scale0), wasm_i32x4_mul(sum1, scale1));
      }
    }
  } else {
    typename Dot::Sum sums[2][2];
    if constexpr (Dot::template kTilesTogether<Format>) {
      add_units<Format, Dot, kPart, 2>(sums, sums, masks, dot, blocks, group, x);
    } else {
      add_units<Format, Dot, kPart, 1>(sums, sums, masks, dot, blocks, group, x);
      add_units<Format, Dot, kPart, 1>(sums + 1, sums + 1, masks, dot, blocks + 1, group, x);
    }
    const v128_t zero = wasm_i32x4_splat(Format::kZero * *x.isum);
    for (size_t i = 0; i < 2; ++i) {
      for (size_t half = 0; half < 2; ++half) {
        const v128_t sum = dot.template total<Format>(sums[i][half]);
        out[i].half[half] = Format::kZero != 0 ? wasm_i32x4_sub(sum, zero) : sum;
      }
    }
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

// y[i] (8) = the tile at blocks[i] . activations; leaves blocks[i] at the tile that follows.
template <typename Format, typename Dot>
__attribute__((always_inline)) inline void gemv_pair(const Masks& masks, const Dot& dot,
                                                     const uint8_t* (&blocks)[2],
                                                     ActivationBlock activations, size_t n_blocks,
                                                     float* const (&y)[2]) {
  constexpr size_t kGroups = Format::kSubs / Format::kParts;
  Lanes8 sums[2] = {{{wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)}},
                    {{wasm_f32x4_splat(0.0f), wasm_f32x4_splat(0.0f)}}};
  for (size_t n = n_blocks / Format::kSubs; n > 0; --n) {
    float d[2][Format::kSubs * kTileRows];
    float m[2][Format::kSubs * kTileRows];
    for (size_t i = 0; i < 2; ++i) Format::scales(masks, blocks[i], d[i], m[i]);
    for (size_t group = 0; group < kGroups; ++group) {
      unrolled<Format::kParts>([&](auto part) __attribute__((always_inline)) {
        constexpr size_t kPart = decltype(part)::value;
        const size_t at = (group * Format::kParts + kPart) * kTileRows;
        Lanes8 isums[2];
        integer_sums<Format, Dot, kPart>(masks, dot, blocks, group, activations, isums);
        for (size_t i = 0; i < 2; ++i) {
          add_block<Format::kHasMin>(sums[i], isums[i], d[i] + at, m[i] + at, activations);
        }
        activations.next();
      });
    }
    for (const uint8_t*& block : blocks) block += Format::kTileBytes;
  }
  for (size_t i = 0; i < 2; ++i) store_lanes8(y[i], sums[i]);
}

// y[i] (n, 8) = the n tiles from tiles[i] on . row `row` of x. A function of its own for each
// format: a browser then compiles well, and soon, what a model has.
template <typename Format, typename Dot>
__attribute__((noinline)) void gemv(const uint8_t* const (&tiles)[2], size_t n,
                                    const QuantisedRows& x, size_t row, float* const (&y)[2]) {
  const Masks masks;
  const Dot dot;
  const uint8_t* blocks[2] = {tiles[0], tiles[1]};
  const ActivationBlock activations(x, row);
  for (size_t i = 0; i < n * kTileRows; i += kTileRows) {
    gemv_pair<Format, Dot>(masks, dot, blocks, activations, x.n_blocks(), {y[0] + i, y[1] + i});
  }
}

}  // namespace nanoinfer::simd128
