// The kernel sets by name; which of them a build links is for kernels.cpp to say.
#pragma once

#include "engine/kernels/kernels.h"

namespace nanoinfer {

extern const Kernels kScalarKernels;      // the definition
extern const Kernels kSimd128Kernels;     // 128-bit SIMD, exact twin
extern const Kernels kRelaxedKernels;     // simd128 with relaxed integer dots for decode
extern const Kernels kRelaxedI32Kernels;  // relaxed dots that add to int32, decode and prefill

}  // namespace nanoinfer
