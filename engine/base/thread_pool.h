// A persistent pool of threads that run one function together and meet at barriers.
#pragma once

#include <pthread.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace nanoinfer {

// The calling thread is thread 0. Waiting is a bounded spin, then sleep: two workers that only
// sleep need 131 us for a 50 us region on 2 cores, with a short spin first 65 us. Where there are
// more threads than cores, a waiter sleeps at once, since spinning would hold up the one it waits
// for.
class ThreadPool {
 public:
  // n_threads >= 1, counting the caller. If the system refuses a thread, the pool does with those
  // it has: see n_threads().
  explicit ThreadPool(size_t n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  size_t n_threads() const { return n_threads_; }

  // Whether all of them run by now. A browser may start a thread only once its creator is idle; a
  // job before that would wait for it for ever.
  bool started() const { return n_started_.load() == n_threads_; }

  // Calls job(context, thread) once on every thread; returns when all have returned.
  void run(void (*job)(void* context, size_t thread), void* context);

  // To be called by all threads inside a job, each with its number: none goes on before all have
  // arrived. What each wrote before is visible to all after.
  void barrier(size_t thread);

 private:
  static void* start(void* pool);
  void work(size_t thread);
  void wait_while(const std::atomic<uint32_t>& counter, uint32_t value);
  void advance(std::atomic<uint32_t>& counter);

  size_t n_threads_ = 1;  // fixed before the first job
  const bool spins_;
  void (*job_)(void*, size_t) = nullptr;  // null: workers end
  void* context_ = nullptr;
  // A cache line each: who spins on one would delay who writes its neighbour.
  struct alignas(64) Counter : std::atomic<uint32_t> {};
  Counter dispatched_;            // jobs given out
  std::vector<Counter> arrived_;  // (n_threads): barriers that each has reached
  Counter n_sleeping_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::atomic<size_t> n_started_{1};
  std::vector<pthread_t> threads_;  // not std::thread, which can only throw where one is refused
};

}  // namespace nanoinfer
