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
    state_ = old * 6364136223846793005u + increment_;
    const uint32_t mixed = static_cast<uint32_t>(((old >> 18) ^ old) >> 27);
    const uint32_t turn = static_cast<uint32_t>(old >> 59);
    return (mixed >> turn) | (mixed << ((32 - turn) & 31));
  }

  // Uniform in [0, 1) with 53 bits: two outputs, the first on top.
  double uniform() {
    const uint64_t high = next();
    const uint64_t low = next();
    return static_cast<double>((high << 32 | low) >> 11) * 0x1p-53;
  }

 private:
  uint64_t state_ = 0;
  uint64_t increment_;
};

}  // namespace nanoinfer
