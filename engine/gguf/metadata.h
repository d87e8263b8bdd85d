// Typed access to the key-value metadata of a GGUF file.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace nanoinfer {

// Values are GGUF's, as stored before each value.
enum class MetadataType : uint32_t {
  kU8 = 0,
  kI8 = 1,
  kU16 = 2,
  kI16 = 3,
  kU32 = 4,
  kI32 = 5,
  kF32 = 6,
  kBool = 7,
  kString = 8,
  kArray = 9,
  kU64 = 10,
  kI64 = 11,
  kF64 = 12,
};

// "u32", "string"...; nullptr if GGUF has no such type.
const char* metadata_type_name(uint32_t type);
inline const char* name_of(MetadataType type) {
  return metadata_type_name(static_cast<uint32_t>(type));
}
// Bytes of one value of a type of fixed size; 0 for strings and arrays.
uint32_t metadata_type_bytes(MetadataType type);

// Where one entry lies in the bytes of the metadata section.
struct MetadataEntry {
  uint32_t key_at = 0;
  uint32_t key_bytes = 0;
  MetadataType type = MetadataType::kU8;
  MetadataType element_type = MetadataType::kU8;  // of an array
  uint32_t n_elements = 0;                        // of an array
  uint32_t value_at = 0;      // value or first element; a string's 8 length bytes come first
  uint32_t first_string = 0;  // of a string array: its first element's place in string_at
};

// The strings of an array, valid as long as the Metadata they come from (moving it is fine).
class StringArray {
 public:
  StringArray() = default;
  StringArray(const uint8_t* section, std::span<const uint32_t> string_at)
      : section_(section), string_at_(string_at) {}

  size_t size() const { return string_at_.size(); }
  std::string_view operator[](size_t i) const;

 private:
  const uint8_t* section_ = nullptr;
  std::span<const uint32_t> string_at_;
};

// Holds the metadata section as it is in the file, and an index into it: no allocation per string.
// Views returned from it stay valid when it is moved. Every get_ names the key, the type it wants
// and the type it found; an absent key is an error for get_ and the default for _or.
class Metadata {
 public:
  Metadata() = default;

  // Takes over a section whose entries have been checked. An error if two keys are equal.
  static Result<Metadata> from_section(std::vector<uint8_t> section,
                                       std::vector<MetadataEntry> entries,
                                       std::vector<uint32_t> string_at);

  bool contains(std::string_view key) const { return find(key) != nullptr; }

  // Any integer type whose value fits.
  Result<uint32_t> get_u32(std::string_view key) const;
  Result<int32_t> get_i32(std::string_view key) const;
  Result<float> get_f32(std::string_view key) const;
  Result<bool> get_bool(std::string_view key) const;
  Result<std::string_view> get_string(std::string_view key) const;

  // Still errors when the key is there with another type or out of range.
  Result<uint32_t> u32_or(std::string_view key, uint32_t absent) const;
  Result<int32_t> i32_or(std::string_view key, int32_t absent) const;
  Result<float> f32_or(std::string_view key, float absent) const;
  Result<bool> bool_or(std::string_view key, bool absent) const;
  Result<std::string_view> string_or(std::string_view key, std::string_view absent) const;

  Result<StringArray> get_strings(std::string_view key) const;
  // Elements stored as u32 or i32 that fit.
  Result<std::vector<uint32_t>> get_u32s(std::string_view key) const;
  Result<std::vector<int32_t>> get_i32s(std::string_view key) const;
  Result<std::vector<float>> get_f32s(std::string_view key) const;

  // Entries in file order, for listing.
  size_t size() const { return entries_.size(); }
  std::string_view key(size_t i) const { return key_of(entries_[i]); }
  const MetadataEntry& entry(size_t i) const { return entries_[i]; }
  // nullptr if there is no such key.
  const MetadataEntry* find(std::string_view key) const;
  // A value for a person to read: "4096", "text clipped to max_bytes", "[49152 x string]".
  std::string value_text(const MetadataEntry& entry, size_t max_bytes) const;

 private:
  template <typename T>
  T load(size_t at) const {
    T value;
    std::memcpy(&value, section_.data() + at, sizeof value);
    return value;
  }
  std::string_view key_of(const MetadataEntry& entry) const;
  std::string_view string_at(size_t at) const;
  Result<const MetadataEntry*> get(std::string_view key, MetadataType type) const;
  Result<const MetadataEntry*> get_array(std::string_view key, MetadataType element_type) const;
  template <typename T>
  Result<T> get_integer(std::string_view key) const;
  template <typename T>
  Result<std::vector<T>> get_integers(std::string_view key) const;

  std::vector<uint8_t> section_;        // the file's bytes, from the first key on
  std::vector<MetadataEntry> entries_;  // in file order
  std::vector<uint32_t> string_at_;     // of each element of each string array, in section_
  std::vector<uint32_t> by_key_;        // indices into entries_, sorted by key
};

}  // namespace nanoinfer
