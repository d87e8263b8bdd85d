#include "engine/gguf/writer.h"

namespace nanoinfer {

namespace {

void put(std::vector<uint8_t>& out, std::span<const uint8_t> bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

void put_u32(std::vector<uint8_t>& out, uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

void put_u64(std::vector<uint8_t>& out, uint64_t value) {
  for (int shift = 0; shift < 64; shift += 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

void put_string(std::vector<uint8_t>& out, std::string_view text) {
  put_u64(out, text.size());
  put(out, {reinterpret_cast<const uint8_t*>(text.data()), text.size()});
}

void pad(std::vector<uint8_t>& out, size_t alignment) {
  out.resize((out.size() + alignment - 1) / alignment * alignment);
}

}  // namespace

void GgufWriter::add_raw(std::string_view key, MetadataType type, std::span<const uint8_t> value) {
  put_string(metadata_, key);
  put_u32(metadata_, static_cast<uint32_t>(type));
  put(metadata_, value);
  ++n_entries_;
}

void GgufWriter::add_string(std::string_view key, std::string_view value) {
  add_raw(key, MetadataType::kString, {});
  put_string(metadata_, value);
}

void GgufWriter::add_raw_array(std::string_view key, MetadataType element_type, uint64_t n_elements,
                               std::span<const uint8_t> elements) {
  add_raw(key, MetadataType::kArray, {});
  put_u32(metadata_, static_cast<uint32_t>(element_type));
  put_u64(metadata_, n_elements);
  put(metadata_, elements);
}

void GgufWriter::add_strings(std::string_view key, std::span<const std::string> values) {
  add_raw_array(key, MetadataType::kString, values.size(), {});
  for (const std::string& value : values) put_string(metadata_, value);
}

void GgufWriter::add_tensor(std::string_view name, std::span<const uint64_t> dims, TensorType type,
                            std::span<const uint8_t> data) {
  pad(data_, alignment_);
  put_string(directory_, name);
  put_u32(directory_, static_cast<uint32_t>(dims.size()));
  for (const uint64_t dim : dims) put_u64(directory_, dim);
  put_u32(directory_, static_cast<uint32_t>(type));
  put_u64(directory_, data_.size());
  put(data_, data);
  ++n_tensors_;
}

std::vector<uint8_t> GgufWriter::finish() const {
  constexpr uint32_t kVersion = 3;
  std::vector<uint8_t> file = {'G', 'G', 'U', 'F'};
  put_u32(file, kVersion);
  put_u64(file, n_tensors_);
  put_u64(file, n_entries_);
  put(file, metadata_);
  put(file, directory_);
  pad(file, alignment_);
  put(file, data_);
  pad(file, alignment_);
  return file;
}

}  // namespace nanoinfer
