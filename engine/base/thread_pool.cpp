#include "engine/base/thread_pool.h"

#include <thread>

#include "engine/base/clock.h"

namespace nanoinfer {

namespace {

// A waiter that sleeps is woken 15 us late and more; lone rows of a large model keep the others
// waiting for as long.
constexpr double kSpinMs = 0.2;

bool changes_soon(const std::atomic<uint32_t>& counter, uint32_t value) {
  for (int i = 0; i < 20000; ++i) {
    if (counter.load(std::memory_order_acquire) != value) return true;
  }
  return false;
}

}  // namespace

ThreadPool::ThreadPool(size_t n_threads)
    : spins_(n_threads <= std::thread::hardware_concurrency()), arrived_(n_threads) {
  threads_.reserve(n_threads - 1);
  for (pthread_t thread; n_threads_ < n_threads; ++n_threads_) {
    if (pthread_create(&thread, nullptr, start, this) != 0) break;
    threads_.push_back(thread);
  }
}

void* ThreadPool::start(void* pool) {
  auto* self = static_cast<ThreadPool*>(pool);
  self->work(self->n_started_.fetch_add(1));
  return nullptr;
}

ThreadPool::~ThreadPool() {
  job_ = nullptr;
  advance(dispatched_);
  for (const pthread_t thread : threads_) pthread_join(thread, nullptr);
}

void ThreadPool::run(void (*job)(void*, size_t), void* context) {
  if (n_threads_ > 1) {
    job_ = job;
    context_ = context;
    advance(dispatched_);
  }
  job(context, 0);
  barrier(0);
}

void ThreadPool::work(size_t thread) {
  for (uint32_t seen = 0;; ++seen) {
    wait_while(dispatched_, seen);
    if (job_ == nullptr) return;
    job_(context_, thread);
    barrier(thread);
  }
}

// Each thread says on a line of its own that it has come, so that nobody waits to write. A counter
// is one ahead when its thread has come, or two when it waits in the next barrier by now.
void ThreadPool::barrier(size_t thread) {
  if (n_threads_ == 1) return;
  const uint32_t before = arrived_[thread].load(std::memory_order_relaxed);
  advance(arrived_[thread]);
  for (size_t other = 0; other < n_threads_; ++other) {
    if (other != thread) wait_while(arrived_[other], before);
  }
}

void ThreadPool::wait_while(const std::atomic<uint32_t>& counter, uint32_t value) {
  if (spins_) {
    if (changes_soon(counter, value)) return;  // most waits are shorter than reading the clock
    const double until_ms = now_ms() + kSpinMs;
    while (now_ms() < until_ms) {
      if (changes_soon(counter, value)) return;
    }
  }
  std::unique_lock lock(mutex_);
  n_sleeping_.fetch_add(1);
  wake_.wait(lock, [&] { return counter.load() != value; });
  n_sleeping_.fetch_sub(1);
}

// The counter is raised before n_sleeping_ is read, and a sleeper does the reverse, both
// sequentially consistent: one of the two sees the other, so no wake-up is lost.
void ThreadPool::advance(std::atomic<uint32_t>& counter) {
  counter.fetch_add(1);
  if (n_sleeping_.load() == 0) return;
  {
    const std::lock_guard lock(mutex_);
  }
  wake_.notify_all();
}

}  // namespace nanoinfer
