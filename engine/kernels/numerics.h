// The rounding rules of kernels.h, one value at a time. scalar.cpp calls these; the vector sets
// repeat them lane by lane and must give the same bits, so a change here is a new kNumericsVersion.
// Needs IEEE floats: no -ffast-math, -ffp-contract=off.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>

#include "engine/kernels/kernels.h"

namespace nanoinfer {

// 1.5 * 2^23: adding it leaves no room for a fraction, so the addition rounds to the nearest
// integer, halves to even, and the low bits of the sum hold that integer.
inline constexpr float kRoundMagic = 12582912.0f;

// The nearest integer to x, halves to even, for |x| < 2^22.
inline float round_to_even(float x) {
  return (x + kRoundMagic) - kRoundMagic;
}

// The same as an integer: the sum's bits, counted from those of kRoundMagic.
inline int32_t round_to_int(float x) {
  return std::bit_cast<int32_t>(x + kRoundMagic) - std::bit_cast<int32_t>(kRoundMagic);
}

// ---- activations in 13 bits --------------------------------------------------------------------

// How the 32 values of a block are rounded: q = round_to_int(x * inverse), x is about scale * q.
// A block so small that it cannot matter is zero. A block with a NaN or an infinity has scale NaN
// and all q zero: what it touches becomes NaN, which the caller sees, and no conversion is
// undefined.
struct ActivationScale {
  float scale;    // a
  float inverse;  // 1 / a, or 0
  bool finite;    // false: take q = 0 without looking at x
};

// magnitude_bits: the largest of the 32 float bit patterns without their sign, compared as integers
// (they order as the magnitudes do, with infinity and NaN above all).
inline ActivationScale activation_scale(int32_t magnitude_bits) {
  if (magnitude_bits >= 0x7f800000) return {std::numeric_limits<float>::quiet_NaN(), 0.0f, false};
  const float largest = std::bit_cast<float>(magnitude_bits);
  if (largest < 1e-30f) return {0.0f, 0.0f, true};
  constexpr auto kMax = static_cast<float>(kActivationMax);
  return {largest / kMax, kMax / largest, true};
}

// q = 64 * high + low.
inline int8_t high_part(int32_t q) {
  return static_cast<int8_t>(q >> 6);
}
inline int8_t low_part(int32_t q) {
  return static_cast<int8_t>(q & 63);
}

// ---- exp, silu ---------------------------------------------------------------------------------

inline constexpr float kExpLowest = -87.3f;  // below: 0
inline constexpr float kExpHighest = 88.7f;  // above: infinity
inline constexpr float kLog2E = 1.44269504f;
inline constexpr float kLn2High = 0.693359375f;  // 9 bits, so that n * kLn2High is exact
inline constexpr float kLn2Low = -2.12194440e-4f;
// e^r = 1 + r + r^2 * (c[0] r^5 + ... + c[5]) on |r| <= ln2 / 2.
inline constexpr float kExpPolynomial[6] = {1.9875691500e-4f, 1.3981999507e-3f, 8.3334519073e-3f,
                                            4.1665795894e-2f, 1.6666665459e-1f, 5.0000001201e-1f};

// 2^n for -126 <= n <= 127.
inline float power_of_two(int32_t n) {
  return std::bit_cast<float>((n + 127) << 23);
}

// e^x; see exp_definition. Cody & Waite range reduction; polynomial of Cephes' expf (Moshier).
inline float exp_scalar(float x) {
  if (x < kExpLowest) return 0.0f;
  if (x > kExpHighest) return std::numeric_limits<float>::infinity();
  if (x != x) return x;
  const float rounded = round_to_even(x * kLog2E);
  const int32_t n = round_to_int(x * kLog2E);  // -126 .. 128
  const float r = (x - rounded * kLn2High) - rounded * kLn2Low;
  float p = kExpPolynomial[0];
  for (int i = 1; i < 6; ++i) p = p * r + kExpPolynomial[i];
  p = (p * (r * r) + r) + 1.0f;
  const int32_t half = n >> 1;  // 2^128 is no float, so the power comes in two factors
  return (p * power_of_two(half)) * power_of_two(n - half);
}

inline float silu(float z) {
  return z / (1.0f + exp_scalar(-z));
}

// ---- rotation ----------------------------------------------------------------------------------

// (a, b) turned by an angle. Written as b * -sin, which is the same value: GCC 12 fuses a
// difference beside a sum into vfmaddsub, whatever -ffp-contract says.
inline void rotate_pair(float& a, float& b, float cos, float sin) {
  const float rotated = a * cos + b * -sin;
  b = a * sin + b * cos;
  a = rotated;
}

// ---- sums in 4 lanes ---------------------------------------------------------------------------

// The order in which every 4-lane sum ends.
inline float add_lanes(const float lanes[4]) {
  return (lanes[0] + lanes[1]) + (lanes[2] + lanes[3]);
}

// rms_norm multiplies: out[i] = (x[i] * rms_scale) * weight[i].
inline float rms_scale(float sum_of_squares, size_t n, float eps) {
  return 1.0f / std::sqrt(sum_of_squares / static_cast<float>(n) + eps);
}

}  // namespace nanoinfer
