// Runs a plan on all threads of a pool, from any op to any other.
#pragma once

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

#include "engine/base/thread_pool.h"
#include "engine/model/plan.h"
#include "engine/run/pass.h"

namespace nanoinfer {

class PlanRunner {
 public:
  PlanRunner(std::span<const Op> ops, ThreadPool& pool)
      : ops_(ops), pool_(pool), taken_(ops.size()) {}

  // Runs ops [begin, end) on all threads of the pool.
  // op_ms: null, or (n_ops) to which each op's milliseconds are added; every op then ends its
  // region.
  void run(const Pass& pass, size_t begin, size_t end, double* op_ms);

 private:
  static void run_thread(void* runner, size_t thread);
  void run_ops(size_t thread);

  std::span<const Op> ops_;
  ThreadPool& pool_;
  std::vector<std::atomic<uint32_t>> taken_;  // next unit of each op
  const Pass* pass_ = nullptr;
  size_t begin_ = 0;
  size_t end_ = 0;
  double* op_ms_ = nullptr;
};

}  // namespace nanoinfer
