#include "engine/quant/type.h"

namespace nanoinfer {

namespace {

// A type this engine runs.
constexpr TypeTraits runs(const char* name, uint32_t block_elements, uint32_t block_bytes) {
  return {name, block_elements, block_bytes, true, block_elements > 1};
}

// A type that GGUF files may hold and this engine refuses by name.
constexpr TypeTraits known(const char* name, uint32_t block_elements, uint32_t block_bytes) {
  return {name, block_elements, block_bytes, false, block_elements > 1};
}

// Indexed by ggml's type id. Ids without a name were removed from GGUF and mean nothing today.
constexpr TypeTraits kTypes[] = {
    runs("F32", 1, 4),
    runs("F16", 1, 2),
    runs("Q4_0", 32, 18),
    runs("Q4_1", 32, 20),
    {},  // 4: Q4_2
    {},  // 5: Q4_3
    runs("Q5_0", 32, 22),
    runs("Q5_1", 32, 24),
    runs("Q8_0", 32, 34),
    known("Q8_1", 32, 36),
    known("Q2_K", 256, 84),
    known("Q3_K", 256, 110),
    runs("Q4_K", 256, 144),
    runs("Q5_K", 256, 176),
    runs("Q6_K", 256, 210),
    known("Q8_K", 256, 292),
    known("IQ2_XXS", 256, 66),
    known("IQ2_XS", 256, 74),
    known("IQ3_XXS", 256, 98),
    known("IQ1_S", 256, 50),
    known("IQ4_NL", 32, 18),
    known("IQ3_S", 256, 110),
    known("IQ2_S", 256, 82),
    known("IQ4_XS", 256, 136),
    known("I8", 1, 1),
    known("I16", 1, 2),
    known("I32", 1, 4),
    known("I64", 1, 8),
    known("F64", 1, 8),
    known("IQ1_M", 256, 56),
    runs("BF16", 1, 2),
    {},  // 31: Q4_0_4_4
    {},  // 32: Q4_0_4_8
    {},  // 33: Q4_0_8_8
    known("TQ1_0", 256, 54),
    known("TQ2_0", 256, 66),
    {},  // 36: IQ4_NL_4_4
    {},  // 37: IQ4_NL_4_8
    {},  // 38: IQ4_NL_8_8
    known("MXFP4", 32, 17),
    known("NVFP4", 64, 36),
    known("Q1_0", 128, 18),
    known("Q2_0", 64, 18),
};
constexpr uint32_t kNTypes = sizeof kTypes / sizeof kTypes[0];

}  // namespace

const TypeTraits* type_traits(uint32_t ggml_type) {
  if (ggml_type >= kNTypes || !kTypes[ggml_type].name) return nullptr;
  return &kTypes[ggml_type];
}

}  // namespace nanoinfer
