// The tensor element types of a GGUF file that this engine runs, with their block shapes.
#pragma once

#include <cstddef>
#include <cstdint>

namespace nanoinfer {

// Values are ggml's type ids, as stored in a file's tensor directory.
enum class TensorType : uint32_t {
  kF32 = 0,
  kF16 = 1,
  kQ4_0 = 2,
  kQ4_1 = 3,
  kQ5_0 = 6,
  kQ5_1 = 7,
  kQ8_0 = 8,
  kQ4_K = 12,
  kQ5_K = 13,
  kQ6_K = 14,
  kBF16 = 30,
};

// How a type stores its elements: rows are cut into blocks of `block_elements` values,
// each stored in `block_bytes` bytes.
struct TypeTraits {
  const char* name;         // "Q4_K", as in ggml; for an unsupported but known type also set
  uint32_t block_elements;  // 1 for floats, 32 or 256 for quantised types
  uint32_t block_bytes;
  bool supported;  // false: known to GGUF, not run by this engine
  bool quantised;  // true: integer codes with scales; false: F32, F16, BF16
};

// Traits of a ggml type id, or nullptr if the id is unknown or was removed from GGUF.
const TypeTraits* type_traits(uint32_t ggml_type);

inline const TypeTraits& traits(TensorType type) {
  return *type_traits(static_cast<uint32_t>(type));
}

// Bytes of one row of n elements; n must be a multiple of block_elements.
inline uint64_t row_bytes(TensorType type, uint64_t n) {
  return n / traits(type).block_elements * traits(type).block_bytes;
}

}  // namespace nanoinfer
