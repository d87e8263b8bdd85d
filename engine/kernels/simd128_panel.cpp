// Prefill: a tile is unpacked once into 16-bit codes, then serves all tokens.
#include "engine/kernels/simd128_panel.h"

#include <cstring>

#include "engine/kernels/sets.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_formats.h"
#include "engine/quant/blocks.h"

namespace nanoinfer::simd128 {
namespace {

// ---- unpacking ---------------------------------------------------------------------------------

// One unit of 4 inputs of 4 rows (16 codes) to two places of the panel: inputs k, k+1 of the 4 rows
// to `to`, inputs k+2, k+3 to the next pair's place. zeros (16): kZero, or unused; factors (8): for
// each row twice, or unused.
template <typename Format>
inline void store_unit(int16_t* to, v128_t codes, v128_t zeros, v128_t factors) {
  constexpr bool kSigned = Format::kSigned || Format::kZero != 0;
  if constexpr (Format::kZero != 0) codes = wasm_i8x16_sub(codes, zeros);
  const v128_t low =
      kSigned ? wasm_i16x8_extend_low_i8x16(codes) : wasm_u16x8_extend_low_u8x16(codes);
  const v128_t high =
      kSigned ? wasm_i16x8_extend_high_i8x16(codes) : wasm_u16x8_extend_high_u8x16(codes);
  v128_t first = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
  v128_t second = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
  if constexpr (Format::kScaled16) {
    first = wasm_i16x8_mul(first, factors);
    second = wasm_i16x8_mul(second, factors);
  }
  wasm_v128_store(to, first);
  wasm_v128_store(to + 2 * kTileRows, second);
}

// The codes of one sub-block (32 inputs) to to (16, 8, 2).
template <typename Format, size_t kPart>
inline void unpack_codes(const Masks& masks, v128_t zeros, const uint8_t* block, size_t group,
                         int16_t* to) {
  for (size_t half = 0; half < 2; ++half) {
    unrolled<2>([&](auto upper) __attribute__((always_inline)) {
      constexpr size_t kUpper = decltype(upper)::value;
      v128_t factors = {};
      if constexpr (Format::kScaled16) {
        const v128_t scales = Format::template scales16<kPart, kUpper>(block, group, half);
        factors = wasm_i16x8_shuffle(scales, scales, 0, 0, 2, 2, 4, 4, 6, 6);
      }
#pragma clang loop unroll(disable)
      for (size_t unit = 0; unit < 4; ++unit) {
        store_unit<Format>(to + (4 * kUpper + unit) * 4 * kTileRows + half * kTileRows,
                           Format::template codes<kPart, kUpper>(masks, block, group, unit, half),
                           zeros, factors);
      }
    });
  }
}

template <typename Format>
__attribute__((noinline)) void unpack(const uint8_t* tile, size_t n_in, const Panel& panel) {
  constexpr size_t kGroups = Format::kSubs / Format::kParts;
  const Masks masks;
  const v128_t zeros = held(wasm_i8x16_splat(Format::kZero));
  int16_t* codes = panel.codes;
  float* d = panel.d;
  float* m = panel.m;
  for (size_t i = 0; i < n_in; i += Format::kSubs * kBlock, tile += Format::kTileBytes) {
    Format::scales(masks, tile, d, m);
    d += Format::kSubs * kTileRows;
    if constexpr (Format::kHasMin) m += Format::kSubs * kTileRows;
    for (size_t group = 0; group < kGroups; ++group) {
      unrolled<Format::kParts>([&](auto part) __attribute__((always_inline)) {
        unpack_codes<Format, decltype(part)::value>(masks, zeros, tile, group, codes);
        codes += kBlock * kTileRows;
      });
    }
  }
}

void unpack_f16(const uint8_t* tile, size_t n_in, float* values) {
  const Masks masks;
  for (size_t i = 0; i < n_in; ++i) {
    store_lanes8(values + i * kTileRows, load_halves(masks, tile + i * 2 * kTileRows));
  }
}

void unpack_bf16(const uint8_t* tile, size_t n_in, float* values) {
  const v128_t zero = wasm_i32x4_splat(0);
  for (size_t i = 0; i < n_in; ++i) {
    const v128_t bits = wasm_v128_load(tile + i * 2 * kTileRows);
    store_lanes8(values + i * kTileRows,
                 {{wasm_i16x8_shuffle(zero, bits, 0, 8, 1, 9, 2, 10, 3, 11),
                   wasm_i16x8_shuffle(zero, bits, 4, 12, 5, 13, 6, 14, 7, 15)}});
  }
}

// ---- products ----------------------------------------------------------------------------------

// Codes as int16 pairs (n_in / 2, 8, 2), multiplied by activations as they are.
struct WidePanel {
  template <size_t kTokens>
  Sums<kTokens> sums(const Panel& panel, const QuantisedRows& x, size_t token, size_t block) const {
    const int16_t* codes = panel.codes + block * kBlock * kTileRows;
    const int16_t* q = x.pairs + pair_place(x.n_in, token, block * kBlock);
    Sums<kTokens> sums;
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < kBlock; i += 2) {
      const int16_t* w = codes + i * kTileRows;
      const Lanes8 rows = {{wasm_v128_load(w), wasm_v128_load(w + kTileRows)}};
      unrolled<kTokens>([&](auto token_index) __attribute__((always_inline)) {
        constexpr size_t t = decltype(token_index)::value;
        const v128_t a = wasm_v128_load32_splat(q + i * kPairedRows + 2 * t);
        for (size_t half = 0; half < 2; ++half) {
          v128_t& sum = sums.token[t].half[half];
          sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(rows.half[half], a));
        }
      });
    }
    return sums;
  }
};

template <size_t kTokens>
void gemm_tokens_float(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                       float* y, size_t y_stride) {
  Sums<kTokens> out;
  for (size_t block = 0; block < n_in; block += kBlock) {
    const size_t end = block + kBlock < n_in ? block + kBlock : n_in;
    Sums<kTokens> partial;
    for (size_t i = block; i < end; ++i) {
      const float* w = panel.values + i * kTileRows;
      const Lanes8 rows = {{wasm_v128_load(w), wasm_v128_load(w + 4)}};
      unrolled<kTokens>([&](auto token) __attribute__((always_inline)) {
        constexpr size_t t = decltype(token)::value;
        const v128_t a = wasm_v128_load32_splat(x + t * n_in + i);
        for (size_t half = 0; half < 2; ++half) {
          partial.token[t].half[half] =
              wasm_f32x4_add(partial.token[t].half[half], wasm_f32x4_mul(rows.half[half], a));
        }
      });
    }
    for (size_t t = 0; t < kTokens; ++t) {
      for (size_t half = 0; half < 2; ++half) {
        out.token[t].half[half] =
            wasm_f32x4_add(out.token[t].half[half], partial.token[t].half[half]);
      }
    }
  }
  out.store(y, y_stride, n_tile_rows);
}

}  // namespace

void unpack_tile(const Matrix& w, size_t tile, const Panel& panel) {
  if (w.tile_rows(tile) < kTileRows) return kScalarKernels.unpack_tile(w, tile, panel);
  const uint8_t* bytes = w.tile(tile);
  if (w.type == TensorType::kF16) return unpack_f16(bytes, w.n_in, panel.values);
  if (w.type == TensorType::kBF16) return unpack_bf16(bytes, w.n_in, panel.values);
  if (w.type == TensorType::kF32) {
    std::memcpy(panel.values, bytes, w.n_in * kTileRows * sizeof(float));
    return;
  }
  with_format(w.type, [&]<typename Format>() { unpack<Format>(bytes, w.n_in, panel); });
}

void gemm_panel(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens,
                float* y, size_t y_stride) {
  constexpr size_t kTokens = kPairedRows;  // 8 sums, 2 weights and an activation of 16 registers
  if (has_min(panel.type)) {
    return gemm<WidePanel, kTokens, true>(panel, n_tile_rows, x, n_tokens, y, y_stride);
  }
  return gemm<WidePanel, kTokens, false>(panel, n_tile_rows, x, n_tokens, y, y_stride);
}

void gemm_panel_float(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                      size_t n_tokens, float* y, size_t y_stride) {
  for_token_runs<4>(n_tokens, [&]<size_t kTokens>(size_t token) {
    gemm_tokens_float<kTokens>(panel, n_tile_rows, x + token * n_in, n_in, y + token * y_stride,
                               y_stride);
  });
}

}  // namespace nanoinfer::simd128
