#include <gtest/gtest.h>

#include <string>

#include "engine/quant/type.h"

namespace nanoinfer {
namespace {

TEST(TensorTypes, TheTypesThisEngineRunsHaveTheirBlockShapes) {
  struct Row {
    TensorType type;
    const char* name;
    uint32_t n_elements;
    uint32_t n_bytes;
  };
  constexpr Row kRows[] = {
      {TensorType::kF32, "F32", 1, 4},       {TensorType::kF16, "F16", 1, 2},
      {TensorType::kBF16, "BF16", 1, 2},     {TensorType::kQ4_0, "Q4_0", 32, 2 + 16},
      {TensorType::kQ4_1, "Q4_1", 32, 20},   {TensorType::kQ5_0, "Q5_0", 32, 2 + 4 + 16},
      {TensorType::kQ5_1, "Q5_1", 32, 24},   {TensorType::kQ8_0, "Q8_0", 32, 2 + 32},
      {TensorType::kQ4_K, "Q4_K", 256, 144}, {TensorType::kQ5_K, "Q5_K", 256, 176},
      {TensorType::kQ6_K, "Q6_K", 256, 210},
  };
  for (const Row& row : kRows) {
    EXPECT_STREQ(traits(row.type).name, row.name);
    EXPECT_EQ(traits(row.type).block_elements, row.n_elements) << row.name;
    EXPECT_EQ(traits(row.type).block_bytes, row.n_bytes) << row.name;
    EXPECT_TRUE(traits(row.type).supported) << row.name;
    EXPECT_EQ(traits(row.type).quantised, row.n_elements > 1) << row.name;
    EXPECT_EQ(row_bytes(row.type, 512), 512u / row.n_elements * row.n_bytes) << row.name;
  }
}

TEST(TensorTypes, OthersAreKnownByNameOrNotAtAll) {
  std::string known;
  uint32_t n_supported = 0;
  for (uint32_t id = 0; id < 1000; ++id) {
    const TypeTraits* traits = type_traits(id);
    if (!traits) continue;
    EXPECT_GT(traits->block_elements, 0u);
    EXPECT_GT(traits->block_bytes, 0u);
    if (traits->supported) {
      ++n_supported;
    } else {
      known += traits->name + std::string(" ");
    }
  }
  EXPECT_EQ(n_supported, 11u);
  EXPECT_EQ(known,
            "Q8_1 Q2_K Q3_K Q8_K IQ2_XXS IQ2_XS IQ3_XXS IQ1_S IQ4_NL IQ3_S IQ2_S IQ4_XS I8 I16 I32 "
            "I64 F64 IQ1_M TQ1_0 TQ2_0 MXFP4 NVFP4 Q1_0 Q2_0 ");
  for (const uint32_t removed : {4u, 5u, 31u, 32u, 33u, 36u, 37u, 38u}) {
    EXPECT_EQ(type_traits(removed), nullptr) << removed;
  }
  EXPECT_EQ(type_traits(0xFFFFFFFF), nullptr);
}

}  // namespace
}  // namespace nanoinfer
