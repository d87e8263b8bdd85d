// What memory gives: memory_bench MB THREADS [ROUNDS] reads MB megabytes once a round with all
// threads and prints the GB/s of each round as JSON. Nothing that decodes a model of that size can
// read its weights faster.
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "engine/base/arena.h"
#include "engine/run/roofline.h"

namespace nanoinfer {
namespace {

constexpr int kWarmUpRounds = 3;

int run(size_t megabytes, size_t n_threads, int n_rounds) {
  const size_t n_blocks = megabytes * 1'000'000 / kReadBlock + 1;
  const size_t n_bytes = n_blocks * kReadBlock;
  const Memory data = allocate(n_bytes);
  if (!data) return 1;
  std::memset(data.get(), 1, n_bytes);  // pages that were only zeroed may all be the same one
  ThreadPool pool(n_threads);
  std::printf("{\"gbPerS\": [");
  for (int round = -kWarmUpRounds; round < n_rounds; ++round) {
    const auto start = std::chrono::steady_clock::now();
    read_blocks(data.get(), n_blocks, pool);
    const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - start;
    const double rate = static_cast<double>(n_bytes) / elapsed.count() * 1e-9;
    if (round >= 0) std::printf("%s%.3f", round > 0 ? ", " : "", rate);
  }
  std::puts("]}");
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
