#include "engine/kernels/simd128.h"

#include "engine/kernels/sets.h"

namespace nanoinfer {

const Kernels kSimd128Kernels = simd128::kKernels;

}  // namespace nanoinfer
