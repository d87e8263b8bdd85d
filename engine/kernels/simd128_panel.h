// Panel x tokens: what products of every panel layout share. A layout gives the integer sums of one
// block of 32 inputs; their float part and its order are here.
#pragma once

#include <cstring>

#include "engine/kernels/kernels.h"
#include "engine/kernels/simd128_formats.h"

namespace nanoinfer::simd128 {

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

// y (kTokens, y_stride) = panel . rows token .. token + kTokens - 1 of x.
// layout.sums<kTokens>(panel, x, token, block) -> the block's integer sums, zero points removed.
template <typename Layout, size_t kTokens, bool kHasMin>
__attribute__((noinline)) void gemm_tokens(const Panel& panel, size_t n_tile_rows,
                                           const QuantisedRows& x, size_t token, float* y,
                                           size_t y_stride) {
  const size_t n_blocks = x.n_blocks();
  const float* a = x.scale + token * n_blocks;
  const float* s = x.sum + token * n_blocks;
  const Layout layout;
  Sums<kTokens> out;
  for (size_t block = 0; block < n_blocks; ++block) {
    const Sums<kTokens> isums = layout.template sums<kTokens>(panel, x, token, block);
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

// Calls act.operator()<n>(token) for runs of kMost, then 2 and 1 tokens that cover n_tokens.
template <size_t kMost, typename Act>
inline void for_token_runs(size_t n_tokens, Act act) {
  size_t token = 0;
  for (; token + kMost <= n_tokens; token += kMost) act.template operator()<kMost>(token);
  if constexpr (kMost > 2) {
    for (; token + 2 <= n_tokens; token += 2) act.template operator()<2>(token);
  }
  for (; token < n_tokens; ++token) act.template operator()<1>(token);
}

// y (n_tokens, y_stride) = panel . x, kMost tokens at a time.
template <typename Layout, size_t kMost, bool kHasMin>
void gemm(const Panel& panel, size_t n_tile_rows, const QuantisedRows& x, size_t n_tokens, float* y,
          size_t y_stride) {
  for_token_runs<kMost>(n_tokens, [&]<size_t kTokens>(size_t token) {
    gemm_tokens<Layout, kTokens, kHasMin>(panel, n_tile_rows, x, token, y + token * y_stride,
                                          y_stride);
  });
}

}  // namespace nanoinfer::simd128
