#include "engine/run/roofline.h"

#include <gtest/gtest.h>

#include "engine/base/arena.h"

namespace nanoinfer {
namespace {

// Under the sanitizers: what is read is the memory that is there, whoever reads which share.
TEST(Roofline, ReadsWholeBlocksOnAnyNumberOfThreads) {
  constexpr size_t kBlocks = 3;
  const Memory data = allocate(kBlocks * kReadBlock);
  ASSERT_TRUE(data);
  for (const size_t n_threads : {1u, 2u, 5u}) {
    ThreadPool pool(n_threads);
    for (size_t n_blocks = 0; n_blocks <= kBlocks; ++n_blocks) {
      read_blocks(data.get(), n_blocks, pool);
    }
  }
}

TEST(Roofline, CountsTheProductsOfAllThreads) {
  ThreadPool one(1), two(2);
  for (const Kernels* kernels : all_kernels()) {
    const uint64_t alone = multiply_cached(*kernels, one);
    EXPECT_GT(alone, 0u);
    EXPECT_EQ(multiply_cached(*kernels, two), 2 * alone);
  }
}

}  // namespace
}  // namespace nanoinfer
