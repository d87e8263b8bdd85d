#include "engine/kernels/kernels.h"

#include <cstring>

#include "engine/kernels/numerics.h"
#include "engine/kernels/sets.h"

namespace nanoinfer {
namespace {

// The build says whether it compiles the relaxed sets: their opcodes make a wasm file invalid where
// a browser does not know them. A wasm file that has them leaves out the set that they replace.
constexpr const Kernels* kSets[] = {
    &kScalarKernels,
#if !defined(__wasm__) || !NANOINFER_HAS_RELAXED
    &kSimd128Kernels,
#endif
#if NANOINFER_HAS_RELAXED
    &kRelaxedKernels,
    &kRelaxedI32Kernels,
#endif
};

}  // namespace

std::span<const Kernels* const> all_kernels() {
  return kSets;
}

const Kernels& default_kernels() {
#if !NANOINFER_HAS_RELAXED
  return kSimd128Kernels;
#elif defined(__AVX512VNNI__) || defined(__ARM_FEATURE_DOTPROD)
  return kRelaxedI32Kernels;  // a native build knows its processor
#else
  return kRelaxedKernels;
#endif
}

const Kernels* find_kernels(const char* name) {
  for (const Kernels* kernels : all_kernels()) {
    if (std::strcmp(kernels->name, name) == 0) return kernels;
  }
  return nullptr;
}

float exp_definition(float x) {
  return exp_scalar(x);
}

}  // namespace nanoinfer
