// The relaxed set on the dot that adds four products of bytes to an int32: one instruction where
// the processor has it (x86 with VNNI, ARM with dotprod), several elsewhere, where relaxed.cpp is
// faster. 13-bit activations come in two planes, q = 64 * high + low, for prefill as for decode.
#include <bit>

#include "engine/kernels/sets.h"
#include "engine/kernels/simd128.h"
#include "engine/kernels/simd128_gemv.h"
#include "engine/kernels/simd128_panel.h"
#include "engine/quant/blocks.h"

namespace nanoinfer {
namespace {

using simd128::ActivationBlock;
using simd128::Masks;
using simd128::Sums;

// sum + codes . q for the two planes of q. Unsigned codes are the 7-bit operand. Signed ones are
// the other; then `high` must be, so it comes as high + 64.
template <bool kSigned>
inline v128_t dot_add(v128_t codes, v128_t q, v128_t sum) {
  return kSigned ? relaxed_dot_add(codes, q, sum) : relaxed_dot_add(q, codes, sum);
}

// Four activations' high parts in every lane, in the form that dot_add takes.
struct HighPart {
  v128_t sixty_fours = held(wasm_i8x16_splat(64));

  template <bool kSigned>
  v128_t load(const int8_t* high) const {
    const v128_t q = wasm_v128_load32_splat(high);
    return kSigned ? wasm_i8x16_add(q, sixty_fours) : q;
  }
};

// The sum of codes * q from those of its planes.
inline v128_t join(v128_t high, v128_t low) {
  return wasm_i32x4_add(wasm_i32x4_shl(high, 6), low);
}

// ---- decode ------------------------------------------------------------------------------------

struct DotI32 {
  template <typename Format>
  static constexpr bool kTilesTogether = !Format::kSigned;

  struct Sum {
    v128_t high = wasm_i32x4_splat(0);
    v128_t low = wasm_i32x4_splat(0);
    v128_t codes = wasm_i32x4_splat(0);  // signed codes: takes the 64 of `high` off again
  };
  struct Activations {
    v128_t high;
    v128_t low;
  };

  HighPart high_part;
  v128_t ones = held(wasm_i8x16_splat(1));

  template <typename Format>
  Activations load(const ActivationBlock& x, size_t k) const {
    return {high_part.load<Format::kSigned>(x.high + k), wasm_v128_load32_splat(x.low + k)};
  }

  template <typename Format>
  void add(Sum& sum, v128_t codes, const Activations& a) const {
    sum.high = dot_add<Format::kSigned>(codes, a.high, sum.high);
    sum.low = dot_add<Format::kSigned>(codes, a.low, sum.low);
    settle(sum.high);
    settle(sum.low);
    if constexpr (Format::kSigned) {
      sum.codes = relaxed_dot_add(codes, ones, sum.codes);
      settle(sum.codes);
    }
  }

  template <typename Format>
  v128_t total(const Sum& sum) const {
    if constexpr (!Format::kSigned) return join(sum.high, sum.low);
    return join(wasm_i32x4_sub(sum.high, wasm_i32x4_shl(sum.codes, 6)), sum.low);
  }
};

bool gemv_tiles(const Matrix& w, const size_t (&tiles)[2], size_t n, const QuantisedRows& x,
                size_t row, float* const (&y)[2]) {
  return w.tiles_are_full(tiles, n) && simd128::with_format(w.type, [&]<typename Format>() {
           simd128::gemv<Format, DotI32>({w.tile(tiles[0]), w.tile(tiles[1])}, n, x, row, y);
         });
}

// ---- prefill -----------------------------------------------------------------------------------

// Codes whose products need no other factor within a block stay bytes: (n_in / 4, 8, 4), for each
// four inputs 8 rows x 4 codes, zero points not removed.
template <typename Format>
constexpr bool kFitsBytes = !Format::kScaled16;

bool fits_bytes(TensorType type, size_t n_tile_rows) {
  bool fits = false;
  if (n_tile_rows == kTileRows) {
    simd128::with_format(type, [&]<typename Format>() { fits = kFitsBytes<Format>; });
  }
  return fits;
}

template <typename Format>
__attribute__((noinline)) void unpack_bytes(const uint8_t* tile, size_t n_in, const Panel& panel) {
  auto* codes = reinterpret_cast<uint8_t*>(panel.codes);
  float* d = panel.d;
  float* m = panel.m;
  int32_t* code_sums = panel.code_sums;
  const Masks masks;
  const v128_t ones = held(wasm_i8x16_splat(1));
  for (size_t i = 0; i < n_in; i += Format::kSubs * kBlock, tile += Format::kTileBytes) {
    Format::scales(masks, tile, d, m);
    d += Format::kSubs * kTileRows;
    if constexpr (Format::kHasMin) m += Format::kSubs * kTileRows;
    for (size_t group = 0; group < Format::kSubs / Format::kParts; ++group) {
      unrolled<Format::kParts>([&](auto part) __attribute__((always_inline)) {
        Lanes8 sums = {{wasm_i32x4_splat(0), wasm_i32x4_splat(0)}};
#pragma clang loop unroll(disable)
        for (size_t unit = 0; unit < 4; ++unit) {
          unrolled<2>([&](auto upper) __attribute__((always_inline)) {
            constexpr size_t kPart = decltype(part)::value, kUpper = decltype(upper)::value;
            for (size_t half = 0; half < 2; ++half) {
              const v128_t four =
                  Format::template codes<kPart, kUpper>(masks, tile, group, unit, half);
              wasm_v128_store(codes + (4 * kUpper + unit) * 32 + half * 16, four);
              if constexpr (Format::kSigned) {
                sums.half[half] = relaxed_dot_add(four, ones, sums.half[half]);
              }
            }
          });
        }
        if constexpr (Format::kSigned) {
          wasm_v128_store(code_sums, sums.half[0]);
          wasm_v128_store(code_sums + 4, sums.half[1]);
        }
        codes += kBlock * kTileRows;
        code_sums += kTileRows;
      });
    }
  }
}

void unpack_tile(const Matrix& w, size_t tile, const Panel& panel) {
  if (!fits_bytes(w.type, w.tile_rows(tile))) return simd128::unpack_tile(w, tile, panel);
  simd128::with_format(w.type, [&]<typename Format>() {
    if constexpr (kFitsBytes<Format>) unpack_bytes<Format>(w.tile(tile), w.n_in, panel);
  });
}

template <typename Format>
struct BytePanel {
  HighPart high_part;

  template <size_t kTokens>
  Sums<kTokens> sums(const Panel& panel, const QuantisedRows& x, size_t token, size_t block) const {
    constexpr bool kSigned = Format::kSigned;
    const uint8_t* codes =
        reinterpret_cast<const uint8_t*>(panel.codes) + block * kBlock * kTileRows;
    const size_t at = token * x.n_in + block * kBlock;
    Sums<kTokens> high, low;
#pragma clang loop unroll(disable)
    for (size_t i = 0; i < kBlock; i += 4 * 2) {
      unrolled<2>([&](auto unit) __attribute__((always_inline)) {
        constexpr size_t kUnit = decltype(unit)::value;
        const uint8_t* w = codes + i * kTileRows + kUnit * 4 * kTileRows;
        const Lanes8 rows = {{wasm_v128_load(w), wasm_v128_load(w + 16)}};
        unrolled<kTokens>([&](auto token_index) __attribute__((always_inline)) {
          constexpr size_t t = decltype(token_index)::value;
          const v128_t q_high = high_part.load<kSigned>(x.high + at + t * x.n_in + i + 4 * kUnit);
          const v128_t q_low = wasm_v128_load32_splat(x.low + at + t * x.n_in + i + 4 * kUnit);
          for (size_t half = 0; half < 2; ++half) {
            v128_t& sum_high = high.token[t].half[half];
            v128_t& sum_low = low.token[t].half[half];
            sum_high = dot_add<kSigned>(rows.half[half], q_high, sum_high);
            sum_low = dot_add<kSigned>(rows.half[half], q_low, sum_low);
            settle(sum_high);
            settle(sum_low);
          }
        });
      });
    }
    for (size_t t = 0; t < kTokens; ++t) {
      const int32_t* isum = x.isum + (token + t) * x.n_blocks() + block;
      for (size_t half = 0; half < 2; ++half) {
        v128_t& sum = high.token[t].half[half];
        if constexpr (kSigned) {
          const v128_t code_sums = wasm_v128_load(panel.code_sums + block * kTileRows + 4 * half);
          sum = wasm_i32x4_sub(sum, wasm_i32x4_shl(code_sums, 6));
        }
        sum = join(sum, low.token[t].half[half]);
        if constexpr (Format::kZero != 0) {
          static_assert(std::has_single_bit(static_cast<unsigned>(Format::kZero)));
          constexpr int kShift = std::countr_zero(static_cast<unsigned>(Format::kZero));
          sum = wasm_i32x4_sub(sum, wasm_i32x4_shl(wasm_v128_load32_splat(isum), kShift));
        }
      }
    }
    return high;
  }
};

void gemm_panel(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens,
                float* y, size_t y_stride) {
  if (!fits_bytes(panel.type, n_tile_rows)) {
    return simd128::gemm_panel(panel, n_tile_rows, x, n_tokens, y, y_stride);
  }
  constexpr size_t kTokens = 2;
  simd128::with_format(panel.type, [&]<typename Format>() {
    if constexpr (kFitsBytes<Format>) {
      simd128::gemm<BytePanel<Format>, kTokens, Format::kHasMin>(panel, n_tile_rows, x, n_tokens, y,
                                                                 y_stride);
    }
  });
}

constexpr Kernels own_kernels() {
  Kernels kernels = simd128::kKernels;
  kernels.name = "relaxed_i32";
  kernels.byte_panels = true;
  kernels.unpack_tile = unpack_tile;
  kernels.gemm_panel = gemm_panel;
  kernels.gemv_tiles = gemv_tiles;
  return kernels;
}

}  // namespace

const Kernels kRelaxedI32Kernels = own_kernels();

}  // namespace nanoinfer
