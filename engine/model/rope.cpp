#include "engine/model/rope.h"

#include <cmath>
#include <cstring>

namespace nanoinfer {

namespace {

constexpr double kLn2 = 0.693147180559945309417;
constexpr double kPi = 3.14159265358979323846;
constexpr double kPiOver2High = 1.57079632673412561417;     // first 33 bits of pi / 2
constexpr double kPiOver2Low = 6.07710050650619224932e-11;  // the rest

// ln x for normal x > 0: x = m * 2^e with m in [0.7, 1.4], ln m = 2 atanh((m - 1) / (m + 1)).
double log_exact(double x) {
  int exponent = 0;
  double m = std::frexp(x, &exponent);  // exact
  if (m < 0.70710678118654752) {
    m *= 2;
    --exponent;
  }
  const double s = (m - 1) / (m + 1);
  const double s2 = s * s;
  double sum = 0;
  for (int k = 27; k >= 1; k -= 2) sum = sum * s2 + 1.0 / k;
  return 2 * s * sum + exponent * kLn2;
}

// e^x by halving the argument into |r| <= ln2 / 2 and its Taylor series.
double exp_exact(double x) {
  const double n = std::nearbyint(x / kLn2);
  const double r = x - n * kLn2;
  double sum = 1;
  for (int k = 18; k >= 1; --k) sum = 1 + sum * r / k;
  return std::ldexp(sum, static_cast<int>(n));  // exact
}

struct SinCos {
  double sin, cos;
};

// sin and cos of 0 <= x < 2^30: x = n * pi/2 + r, Taylor series in r, quadrant from n.
SinCos sin_cos(double x) {
  const double n = std::nearbyint(x * (2 / kPi));
  const double r = (x - n * kPiOver2High) - n * kPiOver2Low;
  const double r2 = r * r;
  double s = 0;
  double c = 0;
  for (int k = 19; k >= 3; k -= 2) s = (s + 1) * -r2 / (k * (k - 1));
  for (int k = 20; k >= 2; k -= 2) c = (c + 1) * -r2 / (k * (k - 1));
  s = (s + 1) * r;
  c = c + 1;
  switch (static_cast<int64_t>(n) & 3) {
    case 0:
      return {s, c};
    case 1:
      return {c, -s};
    case 2:
      return {-s, -c};
    default:
      return {-c, s};
  }
}

}  // namespace

void fill_rope_table(const Config& config, float theta, const float* factors, uint32_t n_positions,
                     float* table) {
  const uint32_t n_pairs = config.n_rot / 2;
  const double log_theta = log_exact(static_cast<double>(theta));
  for (uint32_t i = 0; i < n_pairs; ++i) {
    double frequency = exp_exact(-2.0 * i / config.n_rot * log_theta);
    if (factors != nullptr) frequency /= static_cast<double>(factors[i]);
    for (uint32_t pos = 0; pos < n_positions; ++pos) {
      const SinCos turn = sin_cos(pos * static_cast<double>(config.rope_scale) * frequency);
      float* out = table + (size_t{pos} * n_pairs + i) * 2;
      out[0] = static_cast<float>(turn.cos);
      out[1] = static_cast<float>(turn.sin);
    }
  }
}

}  // namespace nanoinfer
