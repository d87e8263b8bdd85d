#include "engine/run/kernel_tuner.h"

#include <gtest/gtest.h>

namespace nanoinfer {
namespace {

TEST(KernelTuner, EndsWithASetThatIsNotTheDefinition) {
  KernelTuner tuner;
  int n_rounds = 1;
  while (!tuner.step()) ASSERT_LE(++n_rounds, 60);
  EXPECT_EQ(find_kernels(tuner.best().name), &tuner.best());
  EXPECT_NE(&tuner.best(), all_kernels().front());
}

}  // namespace
}  // namespace nanoinfer
