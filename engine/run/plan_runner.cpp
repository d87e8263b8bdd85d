#include "engine/run/plan_runner.h"

#include <algorithm>

#include "engine/base/clock.h"

namespace nanoinfer {

namespace {

// Of one op, so many takes a thread at most: enough to even out a busy core, few enough that the
// shared counter costs nothing.
constexpr size_t kTakes = 8;

// Multiply-adds that are worth a take, in which the counter travels between cores.
constexpr uint64_t kMacsPerTake = 100'000;

// Multiply-adds after which the clock is read again: about a millisecond with the fast kernels,
// since a browser's clock takes longer than a small op, while the other threads wait.
constexpr uint64_t kMacsPerReading = 16'000'000;

// How units that any thread may do are shared out. Half of them, or all of an op too small to be
// taken from, belong to a thread from the start: what is taken from a counter travels between
// cores.
struct Shares {
  size_t own;    // a thread's
  size_t grain;  // units of the rest, a take
};

Shares share_out(const Op& op, const Pass& pass, size_t n_units, size_t n_threads) {
  if (n_threads == 1) return {n_units, 1};
  const uint64_t macs = op.macs * pass.n_rows(op);
  const uint64_t worth = macs == 0 ? 0 : kMacsPerTake * n_units / macs;
  const size_t half = n_units / 2;
  const size_t grain =
      std::max<size_t>({1, n_units / (n_threads * kTakes), static_cast<size_t>(worth)});
  const bool is_small = half < n_threads * grain;
  return {(is_small ? n_units : n_units - half) / n_threads, grain};
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
      run_shared(i, n_units, thread);
    }
    macs += op.macs * pass_->n_rows(op);
    const bool is_watched = !watched_.empty() && watched_[i] != 0;
    if (op.ends_region || op_ms_ != nullptr || is_watched) {
      if (thread == 0 && macs >= kMacsPerReading) {
        if (now_ms() >= until_ms_) end_.store(i + 1, std::memory_order_relaxed);
        macs = 0;
      }
      pool_.barrier(thread);
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
      pool_.barrier(thread);
    }
  }
}

void PlanRunner::run_shared(size_t i, size_t n_units, size_t thread) {
  const size_t n_threads = pool_.n_threads();
  const auto [own, grain] = share_out(ops_[i], *pass_, n_units, n_threads);
  if (own > 0) run_units(ops_[i], *pass_, {thread * own, (thread + 1) * own}, thread);
  const size_t n_shared = n_units - n_threads * own;
  while (n_shared > 0) {
    const size_t taken =
        taken_[i].fetch_add(static_cast<uint32_t>(grain), std::memory_order_relaxed);
    if (taken >= n_shared) break;
    const size_t first = n_threads * own + taken;
    run_units(ops_[i], *pass_, {first, std::min(first + grain, n_units)}, thread);
  }
}

}  // namespace nanoinfer
