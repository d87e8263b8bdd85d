// Looking at a pass from outside, between two ops: engine/trace/ does. Without a watcher a run asks
// one check an op.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "engine/run/pass.h"

namespace nanoinfer {

class PassWatcher {
 public:
  // A run begins. (n_ops), until the next one: not 0 where the watcher wants to see an op. Such an
  // op ends its region: the same kernels run, so the bits are the same.
  virtual std::span<const uint8_t> watched() = 0;

  // All threads have left the watched op `op`, and those but the caller's wait. Its output may be
  // read, and written: what runs next sees that. True: run() returns here, with the cursor behind
  // the op.
  virtual bool after(size_t op, const Pass& pass) = 0;

  // Positions >= n_positions of a sequence are no longer what was computed.
  virtual void forget(uint32_t seq, uint32_t n_positions) = 0;

 protected:
  ~PassWatcher() = default;
};

}  // namespace nanoinfer
