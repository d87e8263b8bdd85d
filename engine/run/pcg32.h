// PCG32, the integer generator behind every draw: 64 bits of state, 32 bits out, the same
// everywhere. O'Neill 2014, "PCG: A Family of Simple Fast Space-Efficient Statistically Good
// Algorithms for Random Number Generation" (PCG-XSH-RR 64/32). Seeded with (42, 54) it gives the
// author's published sequence 0xa15c02b7, 0x7b47f409, 0xba1d3330, 0x83d2f293, 0xbfa4784b,
// 0xcbed606e ...
#pragma once

#include <cstdint>

namespace nanoinfer {

class Pcg32 {
 public:
  explicit Pcg32(uint64_t seed, uint64_t stream = 54) : increment_((stream << 1) | 1) {
    next();
    state_ += seed;
    next();
  }

  uint32_t next() {
    const uint64_t old = state_;
    state_ = old * kMultiplier + increment_;
    const uint32_t mixed = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    const uint32_t turn = static_cast<uint32_t>(old >> 59);
    return (mixed >> turn) | (mixed << ((32 - turn) & 31));
  }

  // As so many calls of next(), in as many turns as `steps` has bits: two equal strides make the
  // next one, x -> m x + p twice being x -> m^2 x + (m + 1) p. Brown 1994, "Random Number
  // Generation with Arbitrary Strides".
  void advance(uint64_t steps) {
    uint64_t multiplier = kMultiplier;
    uint64_t plus = increment_;
    for (; steps > 0; steps >>= 1) {
      if (steps & 1) state_ = state_ * multiplier + plus;
      plus *= multiplier + 1;
      multiplier *= multiplier;
    }
  }

  // Uniform in [0, 1) with 53 bits: two outputs, the first on top.
  double uniform() {
    const uint64_t high = next();
    const uint64_t low = next();
    return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
  }

 private:
  static constexpr uint64_t kMultiplier = 6364136223846793005u;
  uint64_t state_ = 0;
  uint64_t increment_;
};

}  // namespace nanoinfer
