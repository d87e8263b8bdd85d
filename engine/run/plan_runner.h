// Runs a plan on all threads of a pool, from any op to any other.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/thread_pool.h"
#include "engine/model/plan.h"
#include "engine/run/pass.h"
#include "engine/run/pass_watcher.h"

namespace nanoinfer {

class PlanRunner {
 public:
  PlanRunner(std::span<const Op> ops, ThreadPool& pool)
      : ops_(ops), pool_(pool), taken_(ops.size()) {}

  // Runs ops [begin, end) on all threads of the pool, or fewer: it stops at the end of the region
  // in which the clock reaches until_ms. Returns the end of what has run. op_ms: null, or (n_ops)
  // to which each op's milliseconds are added; every op then ends its region. watcher: null, or who
  // looks on; the run also stops where that says so.
  size_t run(const Pass& pass, size_t begin, size_t end, double until_ms, double* op_ms,
             PassWatcher* watcher);

 private:
  static void run_thread(void* runner, size_t thread);
  void run_ops(size_t thread);
  void run_shared(size_t op, size_t n_units, size_t thread);

  std::span<const Op> ops_;
  ThreadPool& pool_;
  std::vector<std::atomic<uint32_t>> taken_;  // of each op, units of what belongs to no thread
  const Pass* pass_ = nullptr;
  size_t begin_ = 0;
  std::atomic<size_t> end_ = 0;  // thread 0 lowers it before a barrier
  double until_ms_ = 0;
  double* op_ms_ = nullptr;
  PassWatcher* watcher_ = nullptr;
  std::span<const uint8_t> watched_;  // (n_ops); empty without a watcher
};

}  // namespace nanoinfer
