// Finds the fastest kernel set on this machine by timing them. All sets give the same bits, so
// which one runs may change between two ops.
#pragma once

#include <vector>

#include "engine/kernels/kernels.h"
#include "engine/run/cached_matmul.h"

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

  double time(const Kernels& kernels) const;

  CachedMatmul matmul_;
  std::vector<Candidate> candidates_;
};

}  // namespace nanoinfer
