// How to read a full tile of each type with SIMD: its scales, and its codes 16 bytes at a time.
//
// A tile's block, seen from here: sub-blocks of 32 inputs; in a sub-block two sixteenths (kUpper =
// 0, 1), in each 4 units of 4 inputs; in a unit the rows 0-3 (half 0) and 4-7 (half 1) as 16 bytes:
//   row 0: k k+1 k+2 k+3 | row 1: k .. k+3 | row 2: k .. k+3 | row 3: k .. k+3,
//   k = 16 * kUpper + 4 * unit
// Sub-blocks that share bytes make a group; they are told apart by a constant `kPart`. What decides
// on shifts and masks is a constant, what only moves an address (unit, half) is not: loops over
// units stay loops, for LLVM's WASM back end orders a long straight piece of code so that it needs
// more registers than there are (measured: half the speed).
#pragma once

#include "engine/kernels/wasm_simd.h"
#include "engine/quant/type.h"

namespace nanoinfer::simd128 {

// What formats mask with, made once, before the loops: see held. (Measured: a third of decode.)
struct Masks {
  v128_t low_nibble = held(wasm_i8x16_splat(0x0f));
  v128_t bit4 = held(wasm_i8x16_splat(0x10));
  v128_t bits45 = held(wasm_i8x16_splat(0x30));
  v128_t low_six = held(wasm_i8x16_splat(0x3f));
  v128_t top_two = held(wasm_i8x16_splat(static_cast<int8_t>(0xc0)));
  v128_t low_byte = held(wasm_i32x4_splat(0xff));
  v128_t half_bits = held(wasm_i32x4_splat(static_cast<int32_t>(0x8fffe000)));
  v128_t half_scale = held(wasm_f32x4_splat(0x1p112f));
};

// 8 finite halves (16 bytes) -> 8 floats, as half_to_float does: the loader has refused others.
// Sign and exponent shifted to a float's places, then 2^(127 - 15) for the difference of the
// biases.
inline Lanes8 load_halves(const Masks& masks, const uint8_t* bytes) {
  const v128_t halves = wasm_v128_load(bytes);
  const v128_t zero = wasm_i32x4_splat(0);
  const v128_t high[2] = {wasm_i16x8_shuffle(zero, halves, 0, 8, 1, 9, 2, 10, 3, 11),
                          wasm_i16x8_shuffle(zero, halves, 4, 12, 5, 13, 6, 14, 7, 15)};
  Lanes8 out;
  for (size_t half = 0; half < 2; ++half) {
    const v128_t placed = wasm_v128_and(wasm_i32x4_shr(high[half], 3), masks.half_bits);
    out.half[half] = wasm_f32x4_mul(placed, masks.half_scale);
  }
  return out;
}

inline void store_lanes8(float* to, const Lanes8& lanes) {
  wasm_v128_store(to, lanes.half[0]);
  wasm_v128_store(to + 4, lanes.half[1]);
}

// The 16 bytes of one half of one unit of a field.
inline v128_t load_unit(const uint8_t* field, size_t unit, size_t half) {
  return wasm_v128_load(field + unit * 32 + half * 16);
}

template <size_t nibble>
inline v128_t nibbles(const Masks& masks, v128_t bytes) {
  const v128_t shifted = nibble == 0 ? bytes : wasm_u16x8_shr(bytes, 4);
  return wasm_v128_and(shifted, masks.low_nibble);
}

// The upper two bits of each byte, in places 4 and 5.
inline v128_t upper_pairs(const Masks& masks, v128_t bytes) {
  return wasm_v128_and(wasm_u16x8_shr(bytes, 2), masks.bits45);
}

// 16 where the bit of `mask` is set.
inline v128_t sixteen_if(const Masks& masks, v128_t bytes, v128_t mask) {
  return wasm_v128_and(wasm_i8x16_eq(wasm_v128_and(bytes, mask), mask), masks.bit4);
}

// Fifth bits of a unit of Q5_0 and Q5_1, in place 4 of each code. Byte i of a row's four holds
// those of inputs i, i + 4, ... (see tiles.h), so bit 4 * kUpper + unit of a byte belongs to its
// code.
template <size_t kUpper>
inline v128_t fifth_bits(const Masks& masks, const uint8_t* field, size_t unit, size_t half) {
  const v128_t eight = load_unit(field, 0, half);
  const v128_t four = kUpper == 0 ? wasm_i16x8_shl(eight, 4) : eight;  // in places 4 to 7
  const v128_t one = wasm_v128_and(four, wasm_i8x16_splat(static_cast<int8_t>(0x10u << unit)));
  return wasm_u8x16_min(one, masks.bit4);
}

// ---- 32 inputs a block -------------------------------------------------------------------------

// Each format says:
//   kTileBytes   bytes of a block of 8 rows       kSubs  sub-blocks of a block   kParts  per group
//   kZero        to be subtracted from each code  kHasMin      whether m is used
//   kSigned      codes are int8, else uint8       kScaled16    codes are also times scales16()
//   scales()     d and m (kSubs, 8); m only if kHasMin
//   codes()      16 codes of sub-block group * kParts + kPart: one half of a unit
struct SimpleFormat {
  static constexpr size_t kSubs = 1, kParts = 1;
  static constexpr int kZero = 0;
  static constexpr bool kHasMin = false, kSigned = false, kScaled16 = false;

  static void scales(const Masks& masks, const uint8_t* block, float* d, float*) {
    store_lanes8(d, load_halves(masks, block));
  }
};

struct MinFormat : SimpleFormat {
  static constexpr bool kHasMin = true;

  static void scales(const Masks& masks, const uint8_t* block, float* d, float* m) {
    store_lanes8(d, load_halves(masks, block));
    store_lanes8(m, load_halves(masks, block + 16));
  }
};

struct Q8_0 : SimpleFormat {
  static constexpr size_t kTileBytes = 8 * 34;
  static constexpr bool kSigned = true;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks&, const uint8_t* block, size_t, size_t unit, size_t half) {
    return load_unit(block + 16, 4 * kUpper + unit, half);
  }
};

// Nibbles: the low ones of 16 bytes are inputs 0-15, the high ones 16-31.
template <size_t kUpper>
inline v128_t block_nibbles(const Masks& masks, const uint8_t* codes, size_t unit, size_t half) {
  return nibbles<kUpper>(masks, load_unit(codes, unit, half));
}

struct Q4_0 : SimpleFormat {
  static constexpr size_t kTileBytes = 8 * 18;
  static constexpr int kZero = 8;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t, size_t unit, size_t half) {
    return block_nibbles<kUpper>(masks, block + 16, unit, half);
  }
};

struct Q4_1 : MinFormat {
  static constexpr size_t kTileBytes = 8 * 20;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t, size_t unit, size_t half) {
    return block_nibbles<kUpper>(masks, block + 32, unit, half);
  }
};

struct Q5_0 : SimpleFormat {
  static constexpr size_t kTileBytes = 8 * 22;
  static constexpr int kZero = 16;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t, size_t unit, size_t half) {
    return wasm_v128_or(block_nibbles<kUpper>(masks, block + 48, unit, half),
                        fifth_bits<kUpper>(masks, block + 16, unit, half));
  }
};

struct Q5_1 : MinFormat {
  static constexpr size_t kTileBytes = 8 * 24;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t, size_t unit, size_t half) {
    return wasm_v128_or(block_nibbles<kUpper>(masks, block + 64, unit, half),
                        fifth_bits<kUpper>(masks, block + 32, unit, half));
  }
};

// ---- 256 inputs a block ------------------------------------------------------------------------

// Four 6-bit numbers of each row (lanes are rows, bytes the numbers) times `unit`, to to[0 ..
// 3][8].
inline void store_scaled(const Masks& masks, float* to, v128_t numbers, v128_t unit) {
  for (uint32_t i = 0; i < 4; ++i) {
    const v128_t number = wasm_v128_and(wasm_u32x4_shr(numbers, 8 * i), masks.low_byte);
    wasm_v128_store(to + 8 * i, wasm_f32x4_mul(unit, wasm_f32x4_convert_i32x4(number)));
  }
}

// Q4_K and Q5_K: 8 scales and 8 minima of 6 bits in 12 bytes (see quant/blocks.cpp), 3 units here.
struct KFormat : SimpleFormat {
  static constexpr size_t kSubs = 8, kParts = 2;
  static constexpr bool kHasMin = true;

  static void scales(const Masks& masks, const uint8_t* block, float* d, float* m) {
    const Lanes8 unit_d = load_halves(masks, block);
    const Lanes8 unit_m = load_halves(masks, block + 16);
    for (size_t half = 0; half < 2; ++half) {
      const v128_t a = load_unit(block + 32, 0, half);
      const v128_t b = load_unit(block + 32, 1, half);
      const v128_t c = load_unit(block + 32, 2, half);
      const v128_t minus_m = wasm_f32x4_neg(unit_m.half[half]);
      store_scaled(masks, d + 4 * half, wasm_v128_and(a, masks.low_six), unit_d.half[half]);
      store_scaled(masks, m + 4 * half, wasm_v128_and(b, masks.low_six), minus_m);
      store_scaled(masks, d + 32 + 4 * half,
                   wasm_v128_or(nibbles<0>(masks, c), upper_pairs(masks, a)), unit_d.half[half]);
      store_scaled(masks, m + 32 + 4 * half,
                   wasm_v128_or(nibbles<1>(masks, c), upper_pairs(masks, b)), minus_m);
    }
  }
};

struct Q4_K : KFormat {
  static constexpr size_t kTileBytes = 8 * 144;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t group, size_t unit,
                      size_t half) {
    return nibbles<kPart>(masks, load_unit(block + 128, group * 8 + 4 * kUpper + unit, half));
  }
};

// Bit s of a high byte is the fifth bit of sub-block s.
struct Q5_K : KFormat {
  static constexpr size_t kTileBytes = 8 * 176;

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t group, size_t unit,
                      size_t half) {
    const v128_t mask = wasm_i8x16_splat(static_cast<int8_t>(1u << (2 * group + kPart)));
    const v128_t high = sixteen_if(masks, load_unit(block + 128, 4 * kUpper + unit, half), mask);
    return wasm_v128_or(
        nibbles<kPart>(masks, load_unit(block + 384, group * 8 + 4 * kUpper + unit, half)), high);
  }
};

// 128 inputs make a group of 4 sub-blocks: the codes of three, and those of the fourth above them.
struct Q6_K : SimpleFormat {
  static constexpr size_t kTileBytes = 8 * 210;
  static constexpr size_t kSubs = 8, kParts = 4;
  static constexpr int kZero = 32;
  static constexpr bool kScaled16 = true;

  static void scales(const Masks& masks, const uint8_t* block, float* d, float*) {
    const Lanes8 unit = load_halves(masks, block);
    for (size_t sub = 0; sub < kSubs; ++sub) store_lanes8(d + 8 * sub, unit);
  }

  template <size_t kPart, size_t kUpper>
  static v128_t codes(const Masks& masks, const uint8_t* block, size_t group, size_t unit,
                      size_t half) {
    const auto load = [&](size_t part) {
      return load_unit(block + 144 + (group * 3 + part) * 256, 4 * kUpper + unit, half);
    };
    if constexpr (kPart < 3) return wasm_v128_and(load(kPart), masks.low_six);
    const v128_t low = wasm_v128_and(load(0), masks.top_two);
    const v128_t middle = wasm_v128_and(load(1), masks.top_two);
    const v128_t high = wasm_v128_and(load(2), masks.top_two);
    return wasm_v128_or(wasm_u16x8_shr(low, 6),
                        wasm_v128_or(wasm_u16x8_shr(middle, 4), wasm_u16x8_shr(high, 2)));
  }

  // The int8 scales of 16 inputs of a sub-block (which = 0 or 1), of 4 rows, as int32.
  template <size_t kPart, size_t kWhich>
  static v128_t scales16(const uint8_t* block, size_t group, size_t half) {
    constexpr uint32_t kByte = kPart % 2 * 2 + kWhich;
    const v128_t four = load_unit(block + 16, group * 2 + kPart / 2, half);
    return wasm_i32x4_shr(wasm_i32x4_shl(four, 24 - 8 * kByte), 24);
  }
};

// Calls act.operator()<Format>() for a quantised type's format; false if the type is not quantised.
template <typename Act>
inline bool with_format(TensorType type, Act act) {
  switch (type) {
    case TensorType::kQ8_0:
      return act.template operator()<Q8_0>(), true;
    case TensorType::kQ4_0:
      return act.template operator()<Q4_0>(), true;
    case TensorType::kQ4_1:
      return act.template operator()<Q4_1>(), true;
    case TensorType::kQ5_0:
      return act.template operator()<Q5_0>(), true;
    case TensorType::kQ5_1:
      return act.template operator()<Q5_1>(), true;
    case TensorType::kQ4_K:
      return act.template operator()<Q4_K>(), true;
    case TensorType::kQ5_K:
      return act.template operator()<Q5_K>(), true;
    case TensorType::kQ6_K:
      return act.template operator()<Q6_K>(), true;
    case TensorType::kF32:
    case TensorType::kF16:
    case TensorType::kBF16:
      return false;
  }
  return false;
}

}  // namespace nanoinfer::simd128
