// Looking at a pass from outside, between two ops: engine/trace/ does. Without a watcher a session
// asks one null check a call of run().
#pragma once

#include <cstddef>
#include <cstdint>

#include "engine/run/pass.h"

namespace nanoinfer {

class PassWatcher {
 public:
  virtual ~PassWatcher() = default;

  // The first op at `cursor` or behind it that the watcher wants to see; SIZE_MAX: none. That op
  // ends its region: the same kernels run, so the bits are the same.
  virtual size_t next_watched(size_t cursor) = 0;

  // All threads have left the watched op `op`. Its output may be read, and written: what runs next
  // sees that. True: run() returns here, with the cursor behind the op.
  virtual bool after(size_t op, const Pass& pass) = 0;

  // Positions >= n_positions of a sequence are no longer what was computed.
  virtual void forget(uint32_t seq, uint32_t n_positions) = 0;
};

}  // namespace nanoinfer
