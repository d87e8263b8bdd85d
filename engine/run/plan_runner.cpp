#include "engine/run/plan_runner.h"

#include <algorithm>

#include "engine/base/clock.h"

namespace nanoinfer {

namespace {

// Times a thread goes back for more units of an op: enough to even out a busy core, few enough that
// the shared counter costs nothing.
constexpr size_t kTakes = 8;

}  // namespace

size_t PlanRunner::run(const Pass& pass, size_t begin, size_t end, double until_ms, double* op_ms) {
  for (size_t i = begin; i < end; ++i) taken_[i].store(0, std::memory_order_relaxed);
  pass_ = &pass;
  begin_ = begin;
  end_ = end;
  until_ms_ = until_ms;
  op_ms_ = op_ms;
  pool_.run(run_thread, this);
  return end_;
}

void PlanRunner::run_thread(void* runner, size_t thread) {
  static_cast<PlanRunner*>(runner)->run_ops(thread);
}

void PlanRunner::run_ops(size_t thread) {
  const size_t n_threads = pool_.n_threads();
  double started_ms = op_ms_ != nullptr ? now_ms() : 0;
  for (size_t i = begin_; i < end_.load(std::memory_order_relaxed); ++i) {
    const Op& op = ops_[i];
    const size_t n_units = count_units(op, *pass_);
    if (op.split == Split::kRows) {
      for (size_t unit = thread; unit < n_units; unit += n_threads)
        run_unit(op, *pass_, unit, thread);
    } else {
      const size_t grain = std::max<size_t>(1, n_units / (n_threads * kTakes));
      while (true) {
        const size_t first =
            taken_[i].fetch_add(static_cast<uint32_t>(grain), std::memory_order_relaxed);
        if (first >= n_units) break;
        const size_t last = std::min(first + grain, n_units);
        for (size_t unit = first; unit < last; ++unit) run_unit(op, *pass_, unit, thread);
      }
    }
    if (op.ends_region || op_ms_ != nullptr) {
      // The clock is read between regions and not layers: a layer of a long prompt takes too long
      // for whoever waits to cancel.
      if (thread == 0 && now_ms() >= until_ms_) end_.store(i + 1, std::memory_order_relaxed);
      pool_.barrier();
    }
    if (op_ms_ != nullptr && thread == 0) {
      const double ended_ms = now_ms();
      op_ms_[i] += ended_ms - started_ms;
      started_ms = ended_ms;
    }
  }
}

}  // namespace nanoinfer
