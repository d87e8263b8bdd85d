// Finds the fastest kernel set on this machine by timing them. All sets give the same bits, so
// which one runs may change between two ops.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "engine/kernels/kernels.h"

namespace nanoinfer {

// A browser compiles a hot function well only after it has been called often and some time has
// passed, so a set is timed in many short rounds, and believed when its last readings agree.
class KernelTuner {
 public:
  KernelTuner();

  // One round: times each candidate for about 2 ms. True once the winner is known.
  bool step();

  // The fastest so far.
  const Kernels& best() const;

 private:
  struct Candidate {
    const Kernels* kernels;
    std::vector<double> readings = {};  // microseconds a call, the newest last
  };

  double time(const Kernels& kernels);

  // A small matrix of the commonest kind (Q4_0), in cache, for one token and for a few.
  std::vector<uint8_t> weights_;
  std::vector<int16_t> wide_, codes_;
  std::vector<int8_t> high_, low_;
  std::vector<float> scale_, sum_, d_, m_, y_;
  std::vector<int32_t> isum_, code_sums_;
  Matrix matrix_;
  QuantisedRows rows_;
  Panel panel_;
  std::vector<Candidate> candidates_;
};

}  // namespace nanoinfer
