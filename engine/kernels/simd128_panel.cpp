// Prefill: a tile is unpacked once into 16-bit codes, then serves all tokens.
#include <cstring>

#include "engine/kernels/sets.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_formats.h"

namespace nanoinfer::simd128 {
namespace {

// ---- unpacking ---------------------------------------------------------------------------------

// One unit of 4 inputs of 4 rows (16 codes) to two places of the panel: inputs k, k+1 of the 4 rows
// to `to`, inputs k+2, k+3 to the next pair's place. factors (8): for each row twice, or none.
template <typename Format>
inline void store_unit(int16_t* to, v128_t codes, const v128_t* factors) {
  v128_t low =
      Format::kSigned ? wasm_i16x8_extend_low_i8x16(codes) : wasm_u16x8_extend_low_u8x16(codes);
  v128_t high =
      Format::kSigned ? wasm_i16x8_extend_high_i8x16(codes) : wasm_u16x8_extend_high_u8x16(codes);
  if constexpr (Format::kZero != 0) {
    low = wasm_i16x8_sub(low, wasm_i16x8_splat(Format::kZero));
    high = wasm_i16x8_sub(high, wasm_i16x8_splat(Format::kZero));
  }
  v128_t first = wasm_i32x4_shuffle(low, high, 0, 2, 4, 6);
  v128_t second = wasm_i32x4_shuffle(low, high, 1, 3, 5, 7);
  if constexpr (Format::kScaled16) {
    first = wasm_i16x8_mul(first, *factors);
    second = wasm_i16x8_mul(second, *factors);
  }
  wasm_v128_store(to, first);
  wasm_v128_store(to + 2 * kTileRows, second);
}

// int32 lanes -> each as two equal int16 lanes.
inline v128_t twice_16(v128_t lanes) {
  return wasm_v128_or(wasm_v128_and(lanes, wasm_i32x4_splat(0xffff)), wasm_i32x4_shl(lanes, 16));
}

// The codes of one sub-block (32 inputs) to to (16, 8, 2).
template <typename Format, size_t kPart>
inline void unpack_codes(const uint8_t* block, size_t group, int16_t* to) {
  for (size_t half = 0; half < 2; ++half) {
    v128_t factors[2] = {};
    if constexpr (Format::kScaled16) {
      factors[0] = twice_16(Format::template scales16<kPart, 0>(block, group, half));
      factors[1] = twice_16(Format::template scales16<kPart, 1>(block, group, half));
    }
    unrolled<8>([&](auto unit) __attribute__((always_inline)) {
      constexpr size_t kUnit = decltype(unit)::value;
      store_unit<Format>(to + kUnit * 4 * kTileRows + half * kTileRows,
                         Format::template codes<kPart, kUnit>(block, group, half),
                         &factors[kUnit / 4]);
    });
  }
}

template <typename Format>
void unpack(const uint8_t* tile, size_t n_in, const Panel& panel) {
  constexpr size_t kGroups = Format::kSubs / Format::kParts;
  int16_t* codes = panel.codes;
  float* d = panel.d;
  float* m = panel.m;
  for (size_t i = 0; i < n_in; i += Format::kSubs * kBlock, tile += Format::kTileBytes) {
    Format::scales(tile, d, m);
    d += Format::kSubs * kTileRows;
    if constexpr (Format::kHasMin) m += Format::kSubs * kTileRows;
    for (size_t group = 0; group < kGroups; ++group) {
      unrolled<Format::kParts>([&](auto part) __attribute__((always_inline)) {
        unpack_codes<Format, decltype(part)::value>(tile, group, codes);
        codes += kBlock * kTileRows;
      });
    }
  }
}

void unpack_f16(const uint8_t* tile, size_t n_in, float* values) {
  for (size_t i = 0; i < n_in; ++i) {
    store_lanes8(values + i * kTileRows, load_halves(tile + i * 2 * kTileRows));
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

// Sums of kTokens tokens; the compiler keeps those of integers in registers.
template <size_t kTokens>
struct Sums {
  Lanes8 token[kTokens];

  Sums() {
    for (Lanes8& t : token) t.half[0] = t.half[1] = wasm_i32x4_splat(0);
  }

  void store(float* y, size_t y_stride, size_t n_tile_rows) const {
    for (size_t t = 0; t < kTokens; ++t) {
      float rows[kTileRows];
      store_lanes8(rows, token[t]);
      std::memcpy(y + t * y_stride, rows, n_tile_rows * sizeof(float));
    }
  }
};

// One block of 32 inputs: codes (16, 8, 2), q[t] the block's activations of token t.
template <size_t kTokens>
inline Sums<kTokens> integer_sums(const int16_t* codes, const int16_t* q, size_t q_stride) {
  Sums<kTokens> sums;
  for (size_t i = 0; i < kBlock; i += 8) {
    unrolled<4>([&](auto pair) __attribute__((always_inline)) {
      constexpr size_t kPair = decltype(pair)::value;
      const int16_t* w = codes + i * kTileRows + kPair * 2 * kTileRows;
      const Lanes8 rows = {{wasm_v128_load(w), wasm_v128_load(w + kTileRows)}};
      unrolled<kTokens>([&](auto token) __attribute__((always_inline)) {
        constexpr size_t t = decltype(token)::value;
        const v128_t a = wasm_v128_load32_splat(q + t * q_stride + i + 2 * kPair);
        for (size_t half = 0; half < 2; ++half) {
          v128_t& sum = sums.token[t].half[half];
          sum = wasm_i32x4_add(sum, wasm_i32x4_dot_i16x8(rows.half[half], a));
          settle(sum);
        }
      });
    });
  }
  return sums;
}

// y (kTokens, y_stride) = panel . rows token .. token + kTokens - 1 of x.
template <size_t kTokens, bool kHasMin>
void gemm_tokens(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t token,
                 float* y, size_t y_stride) {
  const size_t n_blocks = x.n_blocks();
  const int16_t* q = x.wide + token * x.n_in;
  const float* a = x.scale + token * n_blocks;
  const float* s = x.sum + token * n_blocks;
  Sums<kTokens> out;
  for (size_t block = 0; block < n_blocks; ++block) {
    const int16_t* codes = panel.codes + block * kBlock * kTileRows;
    const Sums<kTokens> isums = integer_sums<kTokens>(codes, q + block * kBlock, x.n_in);
    for (size_t half = 0; half < 2; ++half) {
      const size_t at = block * kTileRows + half * 4;
      const v128_t d = wasm_v128_load(panel.d + at);
      unrolled<kTokens>([&](auto token_index) __attribute__((always_inline)) {
        constexpr size_t t = decltype(token_index)::value;
        v128_t& sum = out.token[t].half[half];
        const v128_t scale = wasm_f32x4_mul(d, wasm_v128_load32_splat(a + t * n_blocks + block));
        const v128_t isum = wasm_f32x4_convert_i32x4(isums.token[t].half[half]);
        sum = wasm_f32x4_add(sum, wasm_f32x4_mul(scale, isum));
        if constexpr (kHasMin) {
          const v128_t m = wasm_v128_load(panel.m + at);
          const v128_t block_sum = wasm_v128_load32_splat(s + t * n_blocks + block);
          sum = wasm_f32x4_add(sum, wasm_f32x4_mul(m, block_sum));
        }
      });
    }
  }
  out.store(y, y_stride, n_tile_rows);
}

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

// Calls act.operator()<n>(token) for runs of 4, 2 and 1 tokens that cover n_tokens.
template <typename Act>
inline void for_token_runs(size_t n_tokens, Act act) {
  size_t token = 0;
  for (; token + 4 <= n_tokens; token += 4) act.template operator()<4>(token);
  if (token + 2 <= n_tokens) {
    act.template operator()<2>(token);
    token += 2;
  }
  if (token < n_tokens) act.template operator()<1>(token);
}

template <bool kHasMin>
void gemm(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens, float* y,
          size_t y_stride) {
  for_token_runs(n_tokens, [&]<size_t kTokens>(size_t token) {
    gemm_tokens<kTokens, kHasMin>(panel, n_tile_rows, x, token, y + token * y_stride, y_stride);
  });
}

}  // namespace

void unpack_tile(const Matrix& w, size_t tile, const Panel& panel) {
  if (w.tile_rows(tile) < kTileRows) return kScalarKernels.unpack_tile(w, tile, panel);
  const uint8_t* bytes = w.tile(tile);
  switch (w.type) {
    case TensorType::kQ8_0:
      return unpack<Q8_0>(bytes, w.n_in, panel);
    case TensorType::kQ4_0:
      return unpack<Q4_0>(bytes, w.n_in, panel);
    case TensorType::kQ4_1:
      return unpack<Q4_1>(bytes, w.n_in, panel);
    case TensorType::kQ5_0:
      return unpack<Q5_0>(bytes, w.n_in, panel);
    case TensorType::kQ5_1:
      return unpack<Q5_1>(bytes, w.n_in, panel);
    case TensorType::kQ4_K:
      return unpack<Q4_K>(bytes, w.n_in, panel);
    case TensorType::kQ5_K:
      return unpack<Q5_K>(bytes, w.n_in, panel);
    case TensorType::kQ6_K:
      return unpack<Q6_K>(bytes, w.n_in, panel);
    case TensorType::kF16:
      return unpack_f16(bytes, w.n_in, panel.values);
    case TensorType::kBF16:
      return unpack_bf16(bytes, w.n_in, panel.values);
    case TensorType::kF32:
      std::memcpy(panel.values, bytes, w.n_in * kTileRows * sizeof(float));
      return;
  }
}

void gemm_panel(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens,
                float* y, size_t y_stride) {
  if (panel.has_m) return gemm<true>(panel, n_tile_rows, x, n_tokens, y, y_stride);
  return gemm<false>(panel, n_tile_rows, x, n_tokens, y, y_stride);
}

void gemm_panel_float(const Panel& panel, size_t n_tile_rows, const float* x, size_t n_in,
                      size_t n_tokens, float* y, size_t y_stride) {
  for_token_runs(n_tokens, [&]<size_t kTokens>(size_t token) {
    gemm_tokens_float<kTokens>(panel, n_tile_rows, x + token * n_in, n_in, y + token * y_stride,
                               y_stride);
  });
}

}  // namespace nanoinfer::simd128
