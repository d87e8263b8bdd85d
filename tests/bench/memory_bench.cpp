// What memory gives: memory_bench MB THREADS [ROUNDS] reads MB megabytes once a round with all
// threads and prints the GB/s of each round as JSON. Nothing that decodes a model of that size can
// read its weights faster.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <memory>

#include "engine/base/thread_pool.h"

namespace nanoinfer {
namespace {

using Lanes = uint64_t __attribute__((vector_size(16)));

// A browser compiles a function well only when it is called often, so a call reads little.
constexpr size_t kBlockLanes = 4096;  // 64 KB
constexpr int kWarmUpRounds = 3;

__attribute__((noinline)) Lanes sum_block(const Lanes* from) {
  Lanes a{}, b{}, c{}, d{};
  for (size_t i = 0; i < kBlockLanes; i += 4) {
    a += from[i];
    b += from[i + 1];
    c += from[i + 2];
    d += from[i + 3];
  }
  return (a + b) + (c + d);
}

struct Reading {
  const Lanes* data;
  size_t n_blocks;
  size_t n_threads;
  Lanes sums[64];  // one a thread; printed, so that no read can be left out
};

void read_share(void* context, size_t thread) {
  auto& reading = *static_cast<Reading*>(context);
  const size_t begin = reading.n_blocks * thread / reading.n_threads;
  const size_t end = reading.n_blocks * (thread + 1) / reading.n_threads;
  Lanes sum{};
  for (size_t block = begin; block < end; ++block) {
    sum += sum_block(reading.data + block * kBlockLanes);
  }
  reading.sums[thread] = sum;
}

int run(size_t megabytes, size_t n_threads, int n_rounds) {
  const size_t n_blocks = megabytes * 1'000'000 / (kBlockLanes * sizeof(Lanes)) + 1;
  const std::unique_ptr<Lanes[]> data(new Lanes[n_blocks * kBlockLanes]);
  for (size_t i = 0; i < n_blocks * kBlockLanes; ++i) data[i] = Lanes{i, i};
  ThreadPool pool(n_threads);
  Reading reading{.data = data.get(), .n_blocks = n_blocks, .n_threads = n_threads, .sums = {}};
  const double n_bytes = static_cast<double>(n_blocks * kBlockLanes * sizeof(Lanes));
  std::printf("{\"gbPerS\": [");
  for (int round = -kWarmUpRounds; round < n_rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    pool.run(read_share, &reading);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    if (round >= 0) std::printf("%s%.3f", round > 0 ? ", " : "", n_bytes / elapsed.count() * 1e-9);
  }
  std::printf("], \"sum\": %u}\n", static_cast<unsigned>(reading.sums[0][0] & 0xffff));
  return 0;
}

}  // namespace
}  // namespace nanoinfer

int main(int argc, char** argv) {
  const int megabytes = argc > 1 ? std::atoi(argv[1]) : 0;
  const int n_threads = argc > 2 ? std::atoi(argv[2]) : 0;
  const int n_rounds = argc > 3 ? std::atoi(argv[3]) : 5;
  if (megabytes < 1 || n_threads < 1 || n_threads > 64 || n_rounds < 1) {
    std::fprintf(stderr, "usage: memory_bench MB THREADS [ROUNDS]\n");
    return 2;
  }
  return nanoinfer::run(static_cast<size_t>(megabytes), static_cast<size_t>(n_threads), n_rounds);
}
