#include "engine/gguf/metadata.h"

#include <algorithm>
#include <bit>
#include <charconv>
#include <limits>
#include <numeric>
#include <utility>

#include "engine/base/sort.h"

namespace nanoinfer {

// Values are copied out of the file's bytes as they are.
static_assert(std::endian::native == std::endian::little);

namespace {

struct TypeRow {
  const char* name;
  uint32_t n_bytes;
};
// Indexed by GGUF's value type.
constexpr TypeRow kTypes[] = {{"u8", 1},  {"i8", 1},  {"u16", 2},  {"i16", 2},    {"u32", 4},
                              {"i32", 4}, {"f32", 4}, {"bool", 1}, {"string", 0}, {"array", 0},
                              {"u64", 8}, {"i64", 8}, {"f64", 8}};
constexpr uint32_t kNTypes = sizeof kTypes / sizeof kTypes[0];

std::string key_place(std::string_view key) {
  constexpr size_t kShown = 64;
  return "key " + std::string(key.substr(0, kShown)) + (key.size() > kShown ? "..." : "");
}

std::string type_text(const MetadataEntry& entry) {
  if (entry.type != MetadataType::kArray) return name_of(entry.type);
  return std::string("array of ") + name_of(entry.element_type);
}

Error wrong_type(std::string_view key, std::string expected, const MetadataEntry& entry) {
  return {.code = ErrorCode::kMalformed,
          .message = "a metadata value has the wrong type",
          .place = key_place(key),
          .expected = std::move(expected),
          .actual = type_text(entry)};
}

Error missing(std::string_view key) {
  return {.code = ErrorCode::kMalformed,
          .message = "a metadata key is missing",
          .place = key_place(key),
          .expected = {},
          .actual = {}};
}

// The value as a T, or an error naming the range of T.
template <typename T, typename U>
Result<T> narrow(std::string_view key, U value) {
  if (std::in_range<T>(value)) return static_cast<T>(value);
  return Error{.code = ErrorCode::kMalformed,
               .message = "a metadata value is out of range",
               .place = key_place(key),
               .expected = std::to_string(std::numeric_limits<T>::min()) + " to " +
                           std::to_string(std::numeric_limits<T>::max()),
               .actual = std::to_string(value)};
}

// The shortest text that reads back as the same value.
template <typename T>
std::string float_text(T value) {
  char text[32];
  const std::to_chars_result end = std::to_chars(text, text + sizeof text, value);
  return {text, end.ptr};
}

// At most max_bytes of a text, cut between characters.
std::string clip(std::string_view text, size_t max_bytes) {
  if (text.size() <= max_bytes) return std::string(text);
  size_t end = max_bytes;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + "...";
}

}  // namespace

const char* metadata_type_name(uint32_t type) {
  return type < kNTypes ? kTypes[type].name : nullptr;
}

uint32_t metadata_type_bytes(MetadataType type) {
  return kTypes[static_cast<uint32_t>(type)].n_bytes;
}

std::string_view StringArray::operator[](size_t i) const {
  uint64_t n_bytes;
  std::memcpy(&n_bytes, section_ + string_at_[i], sizeof n_bytes);
  const uint8_t* text = section_ + string_at_[i] + sizeof n_bytes;
  return {reinterpret_cast<const char*>(text), static_cast<size_t>(n_bytes)};
}

Result<Metadata> Metadata::from_section(std::vector<uint8_t> section,
                                        std::vector<MetadataEntry> entries,
                                        std::vector<uint32_t> string_at) {
  Metadata metadata;
  metadata.section_ = std::move(section);
  metadata.entries_ = std::move(entries);
  metadata.string_at_ = std::move(string_at);
  std::vector<uint32_t>& order = metadata.by_key_;
  order.resize(metadata.size());
  std::iota(order.begin(), order.end(), 0u);
  // A sort's cost has a bound that a hash table's has not when a file's author picks the keys.
  sort_in_little_code(order.begin(), order.end(), [&metadata](uint32_t a, uint32_t b) {
    const int c = metadata.key(a).compare(metadata.key(b));
    return c != 0 ? c < 0 : a < b;
  });
  for (size_t i = 1; i < order.size(); ++i) {
    if (metadata.key(order[i - 1]) != metadata.key(order[i])) continue;
    return Error{
        .code = ErrorCode::kMalformed,
        .message = "a metadata key appears twice",
        .place = key_place(metadata.key(order[i])),
        .expected = "one entry",
        .actual = "entries " + std::to_string(order[i - 1]) + " and " + std::to_string(order[i])};
  }
  return metadata;
}

std::string_view Metadata::key_of(const MetadataEntry& entry) const {
  return {reinterpret_cast<const char*>(section_.data() + entry.key_at), entry.key_bytes};
}

std::string_view Metadata::string_at(size_t at) const {
  return {reinterpret_cast<const char*>(section_.data() + at + sizeof(uint64_t)),
          static_cast<size_t>(load<uint64_t>(at))};
}

const MetadataEntry* Metadata::find(std::string_view key) const {
  const auto found =
      std::lower_bound(by_key_.begin(), by_key_.end(), key,
                       [this](uint32_t i, std::string_view k) { return this->key(i) < k; });
  return found != by_key_.end() && this->key(*found) == key ? &entries_[*found] : nullptr;
}

Result<const MetadataEntry*> Metadata::get(std::string_view key, MetadataType type) const {
  const MetadataEntry* entry = find(key);
  if (!entry) return missing(key);
  if (entry->type != type) return wrong_type(key, name_of(type), *entry);
  return entry;
}

Result<const MetadataEntry*> Metadata::get_array(std::string_view key,
                                                 MetadataType element_type) const {
  const MetadataEntry* entry = find(key);
  if (!entry) return missing(key);
  if (entry->type == MetadataType::kArray && entry->element_type == element_type) return entry;
  return wrong_type(key, std::string("array of ") + name_of(element_type), *entry);
}

template <typename T>
Result<T> Metadata::get_integer(std::string_view key) const {
  const MetadataEntry* entry = find(key);
  if (!entry) return missing(key);
  switch (entry->type) {
    case MetadataType::kU8:
      return narrow<T>(key, load<uint8_t>(entry->value_at));
    case MetadataType::kI8:
      return narrow<T>(key, load<int8_t>(entry->value_at));
    case MetadataType::kU16:
      return narrow<T>(key, load<uint16_t>(entry->value_at));
    case MetadataType::kI16:
      return narrow<T>(key, load<int16_t>(entry->value_at));
    case MetadataType::kU32:
      return narrow<T>(key, load<uint32_t>(entry->value_at));
    case MetadataType::kI32:
      return narrow<T>(key, load<int32_t>(entry->value_at));
    case MetadataType::kU64:
      return narrow<T>(key, load<uint64_t>(entry->value_at));
    case MetadataType::kI64:
      return narrow<T>(key, load<int64_t>(entry->value_at));
    default:
      return wrong_type(key, "an integer", *entry);
  }
}

Result<uint32_t> Metadata::get_u32(std::string_view key) const {
  return get_integer<uint32_t>(key);
}

Result<int32_t> Metadata::get_i32(std::string_view key) const {
  return get_integer<int32_t>(key);
}

Result<float> Metadata::get_f32(std::string_view key) const {
  const Result<const MetadataEntry*> entry = get(key, MetadataType::kF32);
  if (!entry) return entry.error();
  return load<float>((*entry)->value_at);
}

Result<bool> Metadata::get_bool(std::string_view key) const {
  const Result<const MetadataEntry*> entry = get(key, MetadataType::kBool);
  if (!entry) return entry.error();
  return section_[(*entry)->value_at] != 0;
}

Result<std::string_view> Metadata::get_string(std::string_view key) const {
  const Result<const MetadataEntry*> entry = get(key, MetadataType::kString);
  if (!entry) return entry.error();
  return string_at((*entry)->value_at);
}

Result<uint32_t> Metadata::u32_or(std::string_view key, uint32_t absent) const {
  return contains(key) ? get_u32(key) : Result<uint32_t>(absent);
}

Result<int32_t> Metadata::i32_or(std::string_view key, int32_t absent) const {
  return contains(key) ? get_i32(key) : Result<int32_t>(absent);
}

Result<float> Metadata::f32_or(std::string_view key, float absent) const {
  return contains(key) ? get_f32(key) : Result<float>(absent);
}

Result<bool> Metadata::bool_or(std::string_view key, bool absent) const {
  return contains(key) ? get_bool(key) : Result<bool>(absent);
}

Result<std::string_view> Metadata::string_or(std::string_view key, std::string_view absent) const {
  return contains(key) ? get_string(key) : Result<std::string_view>(absent);
}

Result<StringArray> Metadata::get_strings(std::string_view key) const {
  const Result<const MetadataEntry*> entry = get_array(key, MetadataType::kString);
  if (!entry) return entry.error();
  const std::span<const uint32_t> all = string_at_;
  return StringArray(section_.data(), all.subspan((*entry)->first_string, (*entry)->n_elements));
}

template <typename T>
Result<std::vector<T>> Metadata::get_integers(std::string_view key) const {
  const MetadataEntry* entry = find(key);
  if (!entry) return missing(key);
  const bool is_unsigned = entry->element_type == MetadataType::kU32;
  if (entry->type != MetadataType::kArray ||
      (!is_unsigned && entry->element_type != MetadataType::kI32)) {
    return wrong_type(key, "array of i32 or u32", *entry);
  }
  std::vector<T> values;
  values.reserve(entry->n_elements);
  for (size_t i = 0; i < entry->n_elements; ++i) {
    const size_t at = entry->value_at + i * sizeof(T);
    const Result<T> value =
        is_unsigned ? narrow<T>(key, load<uint32_t>(at)) : narrow<T>(key, load<int32_t>(at));
    if (!value) return value.error();
    values.push_back(*value);
  }
  return values;
}

Result<std::vector<uint32_t>> Metadata::get_u32s(std::string_view key) const {
  return get_integers<uint32_t>(key);
}

Result<std::vector<int32_t>> Metadata::get_i32s(std::string_view key) const {
  return get_integers<int32_t>(key);
}

Result<std::vector<float>> Metadata::get_f32s(std::string_view key) const {
  const Result<const MetadataEntry*> entry = get_array(key, MetadataType::kF32);
  if (!entry) return entry.error();
  std::vector<float> values((*entry)->n_elements);
  if (values.empty()) return values;
  std::memcpy(values.data(), section_.data() + (*entry)->value_at, values.size() * sizeof(float));
  return values;
}

std::string Metadata::value_text(const MetadataEntry& entry, size_t max_bytes) const {
  const size_t at = entry.value_at;
  switch (entry.type) {
    case MetadataType::kU8:
      return std::to_string(load<uint8_t>(at));
    case MetadataType::kI8:
      return std::to_string(load<int8_t>(at));
    case MetadataType::kU16:
      return std::to_string(load<uint16_t>(at));
    case MetadataType::kI16:
      return std::to_string(load<int16_t>(at));
    case MetadataType::kU32:
      return std::to_string(load<uint32_t>(at));
    case MetadataType::kI32:
      return std::to_string(load<int32_t>(at));
    case MetadataType::kU64:
      return std::to_string(load<uint64_t>(at));
    case MetadataType::kI64:
      return std::to_string(load<int64_t>(at));
    case MetadataType::kF32:
      return float_text(load<float>(at));
    case MetadataType::kF64:
      return float_text(load<double>(at));
    case MetadataType::kBool:
      return section_[at] != 0 ? "true" : "false";
    case MetadataType::kString:
      return clip(string_at(at), max_bytes);
    case MetadataType::kArray:
      return "[" + std::to_string(entry.n_elements) + " x " + name_of(entry.element_type) + "]";
  }
  return {};
}

}  // namespace nanoinfer
