#include "engine/run/plan_runner.h"

#include <algorithm>

#include "engine/base/clock.h"

namespace nanoinfer {

namespace {

// Times a thread goes back for more units of an op: enough to even out a busy core, few enough that
// the shared counter costs nothing.
constexpr size_t kTakes = 8;

// Multiply-adds that are worth a take, in which the counter travels between cores.
constexpr uint64_t kMacsPerTake = 50'000;

// Multiply-adds after which the clock is read again: a fraction of a millisecond with the fast
// kernels, since a browser's clock takes as long as a small op.
constexpr uint64_t kMacsPerReading = 2'000'000;

size_t units_per_take(const Op& op, const Pass& pass, size_t n_units, size_t n_threads) {
  const uint64_t macs = op.macs * pass.n_rows(op);
  const uint64_t worth = macs == 0 ? 0 : kMacsPerTake * n_units / macs;
  return std::max<size_t>({1, n_units / (n_threads * kTakes), static_cast<size_t>(worth)});
}

// A lone row goes to thread 0, which also reads the clock and shows it to a watcher.
Units rows_of(size_t thread, size_t n_rows, size_t n_threads) {
  const auto first = [=](size_t t) { return (n_rows * t + n_threads - 1) / n_threads; };
  return {first(thread), first(thread + 1)};
}

}  // namespace

size_t PlanRunner::run(const Pass& pass, size_t begin, size_t end, double until_ms, double* op_ms,
                       PassWatcher* watcher) {
  if (begin == end) return end;
  for (size_t i = begin; i < end; ++i) taken_[i].store(0, std::memory_order_relaxed);
  pass_ = &pass;
  begin_ = begin;
  end_ = end;
  until_ms_ = until_ms;
  op_ms_ = op_ms;
  watcher_ = watcher;
  watched_ = watcher != nullptr ? watcher->watched() : std::span<const uint8_t>();
  pool_.run(run_thread, this);
  return end_;
}

void PlanRunner::run_thread(void* runner, size_t thread) {
  static_cast<PlanRunner*>(runner)->run_ops(thread);
}

void PlanRunner::run_ops(size_t thread) {
  const size_t n_threads = pool_.n_threads();
  double started_ms = op_ms_ != nullptr ? now_ms() : 0;
  uint64_t macs = 0;  // since the clock was read
  for (size_t i = begin_; i < end_.load(std::memory_order_relaxed); ++i) {
    const Op& op = ops_[i];
    const size_t n_units = count_units(op, *pass_);
    if (op.split == Split::kRows) {
      run_units(op, *pass_, rows_of(thread, n_units, n_threads), thread);
    } else {
      const size_t grain =
          n_threads == 1 ? n_units : units_per_take(op, *pass_, n_units, n_threads);
      while (true) {
        const size_t first =
            taken_[i].fetch_add(static_cast<uint32_t>(grain), std::memory_order_relaxed);
        if (first >= n_units) break;
        run_units(op, *pass_, {first, std::min(first + grain, n_units)}, thread);
      }
    }
    macs += op.macs * pass_->n_rows(op);
    const bool is_watched = !watched_.empty() && watched_[i] != 0;
    if (op.ends_region || op_ms_ != nullptr || is_watched) {
      if (thread == 0 && macs >= kMacsPerReading) {
        if (now_ms() >= until_ms_) end_.store(i + 1, std::memory_order_relaxed);
        macs = 0;
      }
      pool_.barrier();
    }
    if (op_ms_ != nullptr && thread == 0) {
      const double ended_ms = now_ms();
      op_ms_[i] += ended_ms - started_ms;
      started_ms = ended_ms;
    }
    if (is_watched) {
      if (thread == 0) {
        if (watcher_->after(i, *pass_)) end_.store(i + 1, std::memory_order_relaxed);
        if (op_ms_ != nullptr) started_ms = now_ms();
      }
      pool_.barrier();
    }
  }
}

}  // namespace nanoinfer
