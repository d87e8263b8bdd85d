// WASM SIMD on every machine: the compiler's own header in a wasm build, SIMDe (the same intrinsics
// in portable C) in a native one, so that sanitizers run the very sources that ship. The one place
// that knows which; nothing else includes either header.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>

#ifdef __wasm__
#include <wasm_simd128.h>
#else
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/wasm/simd128.h>

#include <cassert>
#endif

namespace nanoinfer {

// The relaxed integer dots, a signed bytes, b bytes of 7 bits (0 .. 127). With b in that range and
// sums that fit, every engine gives the same result; natively both are checked for it.
//   relaxed_dot       lane j of 8:  a[2j] * b[2j] + a[2j+1] * b[2j+1]
//   relaxed_dot_add   lane j of 4:  sum[j] + the four products at 4j .. 4j+3
#ifdef __wasm_relaxed_simd__
inline v128_t relaxed_dot(v128_t a, v128_t b) {
  return wasm_i16x8_relaxed_dot_i8x16_i7x16(a, b);
}
inline v128_t relaxed_dot_add(v128_t a, v128_t b, v128_t sum) {
  return wasm_i32x4_relaxed_dot_i8x16_i7x16_add(a, b, sum);
}
#elif !defined(__wasm__)
inline v128_t relaxed_dot(v128_t a, v128_t b) {
  assert(!wasm_v128_any_true(wasm_v128_and(b, wasm_i8x16_splat(INT8_MIN))));
#ifdef __SSSE3__
  return simde_v128_from_m128i(_mm_maddubs_epi16(simde_v128_to_m128i(b), simde_v128_to_m128i(a)));
#else
  const v128_t low = wasm_i16x8_extmul_low_i8x16(a, b);
  const v128_t high = wasm_i16x8_extmul_high_i8x16(a, b);
  return wasm_i16x8_add(wasm_i16x8_shuffle(low, high, 0, 2, 4, 6, 8, 10, 12, 14),
                        wasm_i16x8_shuffle(low, high, 1, 3, 5, 7, 9, 11, 13, 15));
#endif
}
inline v128_t relaxed_dot_add(v128_t a, v128_t b, v128_t sum) {
#if defined(__AVX512VNNI__) && defined(__AVX512VL__)
  assert(!wasm_v128_any_true(wasm_v128_and(b, wasm_i8x16_splat(INT8_MIN))));
  return simde_v128_from_m128i(
      _mm_dpbusd_epi32(simde_v128_to_m128i(sum), simde_v128_to_m128i(b), simde_v128_to_m128i(a)));
#else
  return wasm_i32x4_add(sum, wasm_i32x4_extadd_pairwise_i16x8(relaxed_dot(a, b)));
#endif
}
#endif

// Calls step(std::integral_constant<size_t, 0>) .. (n - 1): a loop whose index is a constant, so
// that accumulators indexed by it live in registers. For that `step` must be inlined: mark it
// always_inline, or one call that is left sends all it captures through memory (measured: a third
// of the speed).
template <size_t n, typename Step>
__attribute__((always_inline)) inline void unrolled(Step step) {
  [&]<size_t... index>(std::index_sequence<index...>) __attribute__((always_inline)) {
    (step(std::integral_constant<size_t, index>()), ...);
  }(std::make_index_sequence<n>());
}

// Has a sum computed before what follows it. LLVM's WASM back end otherwise gathers each sum of a
// long block into one expression, one sum after the other, with all factors alive: more than the
// machine has registers. Costs no instruction.
__attribute__((always_inline)) inline void settle(v128_t& sum) {
#ifdef __wasm__
  asm("" : "+r"(sum));
#else
  (void)sum;
#endif
}

// A constant that comes from memory, so that V8 does not know it: one that it knows it builds anew
// wherever it is used, also in a loop, from a general register, in three instructions. To be called
// once, before the loops; then it stays in a register or on the stack.
__attribute__((always_inline)) inline v128_t held(v128_t constant) {
#ifdef __wasm__
  const v128_t* from = &constant;
  asm("" : "+r"(from) : : "memory");
  return *from;
#else
  return constant;
#endif
}

// Four rows or two halves of a tile's eight rows, in lanes.
struct Lanes8 {
  v128_t half[2];
};

}  // namespace nanoinfer
