#include "engine/base/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace nanoinfer {
namespace {

struct Counts {
  ThreadPool* pool;
  std::vector<int> phase_of;  // (n_threads), each thread writes its own
  int n_wrong = 0;
};

// Each thread enters phase i, all meet, and thread 0 looks whether all are there.
void walk_phases(void* context, size_t thread) {
  Counts& counts = *static_cast<Counts*>(context);
  for (int phase = 1; phase <= 200; ++phase) {
    counts.phase_of[thread] = phase;
    counts.pool->barrier(thread);
    if (thread == 0) {
      for (const int other : counts.phase_of) counts.n_wrong += other != phase;
    }
    counts.pool->barrier(thread);
  }
}

TEST(ThreadPoolThreads, BarriersHoldAllThreadsBack) {
  for (const size_t n_threads : {1u, 2u, 3u, 4u}) {
    ThreadPool pool(n_threads);
    Counts counts{.pool = &pool, .phase_of = std::vector<int>(n_threads)};
    for (int round = 0; round < 5; ++round) {
      pool.run(walk_phases, &counts);
      EXPECT_EQ(counts.n_wrong, 0) << n_threads << " threads";
    }
  }
}

TEST(ThreadPoolThreads, RunsEveryJobOnceOnEveryThread) {
  ThreadPool pool(3);
  std::vector<int> calls(3);
  for (int i = 0; i < 1000; ++i) {
    pool.run(
        [](void* context, size_t thread) { ++(*static_cast<std::vector<int>*>(context))[thread]; },
        &calls);
  }
  EXPECT_EQ(calls, (std::vector<int>{1000, 1000, 1000}));
}

TEST(ThreadPoolThreads, WakesThreadsThatHaveGoneToSleep) {
  ThreadPool pool(2);
  int calls = 0;
  for (int i = 0; i < 3; ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    pool.run(
        [](void* context, size_t thread) {
          if (thread == 1) ++*static_cast<int*>(context);
        },
        &calls);
  }
  EXPECT_EQ(calls, 3);
}

}  // namespace
}  // namespace nanoinfer
