// Builds GGUF version 3 files in memory, for fixtures, tests and conversion.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/header.h"

namespace nanoinfer {

// The metadata type of a C++ arithmetic type: metadata_type_of<float> is kF32.
template <typename T>
inline constexpr MetadataType metadata_type_of = MetadataType::kArray;
template <>
inline constexpr MetadataType metadata_type_of<uint8_t> = MetadataType::kU8;
template <>
inline constexpr MetadataType metadata_type_of<int8_t> = MetadataType::kI8;
template <>
inline constexpr MetadataType metadata_type_of<uint16_t> = MetadataType::kU16;
template <>
inline constexpr MetadataType metadata_type_of<int16_t> = MetadataType::kI16;
template <>
inline constexpr MetadataType metadata_type_of<uint32_t> = MetadataType::kU32;
template <>
inline constexpr MetadataType metadata_type_of<int32_t> = MetadataType::kI32;
template <>
inline constexpr MetadataType metadata_type_of<float> = MetadataType::kF32;
template <>
inline constexpr MetadataType metadata_type_of<bool> = MetadataType::kBool;
template <>
inline constexpr MetadataType metadata_type_of<uint64_t> = MetadataType::kU64;
template <>
inline constexpr MetadataType metadata_type_of<int64_t> = MetadataType::kI64;
template <>
inline constexpr MetadataType metadata_type_of<double> = MetadataType::kF64;

// Writes what it is told, checking nothing: tests use it to write broken files too.
class GgufWriter {
 public:
  // An alignment other than 32 also needs add<uint32_t>("general.alignment", alignment).
  explicit GgufWriter(uint32_t alignment = kDefaultAlignment) : alignment_(alignment) {}

  // One value of a fixed-size type: add<uint32_t>("llama.block_count", 2).
  template <typename T>
  void add(std::string_view key, T value) {
    static_assert(metadata_type_of<T> != MetadataType::kArray);
    add_raw(key, metadata_type_of<T>, bytes_of(&value, sizeof value));
  }
  void add_string(std::string_view key, std::string_view value);
  // An array of a fixed-size type: add_array<float>(key, scores).
  template <typename T>
  void add_array(std::string_view key, std::span<const T> values) {
    static_assert(metadata_type_of<T> != MetadataType::kArray);
    add_raw_array(key, metadata_type_of<T>, values.size(),
                  bytes_of(values.data(), values.size_bytes()));
  }
  void add_strings(std::string_view key, std::span<const std::string> values);

  // dims[0] is the row length. The data is copied; padding is added.
  void add_tensor(std::string_view name, std::span<const uint64_t> dims, TensorType type,
                  std::span<const uint8_t> data);

  // The whole file.
  std::vector<uint8_t> finish() const;

 private:
  static std::span<const uint8_t> bytes_of(const void* values, size_t n_bytes) {
    return {static_cast<const uint8_t*>(values), n_bytes};
  }
  void add_raw(std::string_view key, MetadataType type, std::span<const uint8_t> value);
  void add_raw_array(std::string_view key, MetadataType element_type, uint64_t n_elements,
                     std::span<const uint8_t> elements);

  uint32_t alignment_;
  uint64_t n_entries_ = 0;
  uint64_t n_tensors_ = 0;
  std::vector<uint8_t> metadata_;
  std::vector<uint8_t> directory_;
  std::vector<uint8_t> data_;
};

}  // namespace nanoinfer
