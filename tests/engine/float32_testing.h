// A GGUF file with all its tensors widened to float32, in tests.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include "engine/gguf/header.h"
#include "engine/quant/blocks.h"

namespace nanoinfer::testing {

inline std::vector<uint8_t> bytes_of_u64(uint64_t value) {
  std::vector<uint8_t> bytes(sizeof value);
  std::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

// Where an entry of the directory begins: the length of the name, then the name.
inline size_t entry_at(const std::vector<uint8_t>& file, const std::string& name) {
  std::vector<uint8_t> begin = bytes_of_u64(name.size());
  begin.insert(begin.end(), name.begin(), name.end());
  return static_cast<size_t>(std::search(file.begin(), file.end(), begin.begin(), begin.end()) -
                             file.begin());
}

// The same header but for types and offsets; the tensors follow in the order of the file's data.
inline std::vector<uint8_t> in_float32(const std::vector<uint8_t>& file) {
  const Result<GgufHeader> header = parse_gguf_header(file);
  if (!header) {
    ADD_FAILURE() << header.error().text();
    return {};
  }
  const auto begin = file.begin();
  std::vector<uint8_t> out(begin, begin + static_cast<ptrdiff_t>(header->data_offset));
  for (const TensorInfo& tensor : header->tensors) {
    const uint32_t type = static_cast<uint32_t>(TensorType::kF32);
    const uint64_t offset = out.size() - header->data_offset;
    uint8_t* entry = out.data() + entry_at(file, tensor.name) + sizeof(uint64_t) +
                     tensor.name.size() + sizeof(uint32_t) + tensor.n_dims * sizeof(uint64_t);
    std::memcpy(entry, &type, sizeof type);
    std::memcpy(entry + sizeof type, &offset, sizeof offset);
    std::vector<float> values(static_cast<size_t>(tensor.n_elements()));
    const uint8_t* data = file.data() + header->data_offset + tensor.offset;
    dequantise_row(tensor.type, data, values.size(), values.data());
    const auto* first = reinterpret_cast<const uint8_t*>(values.data());
    out.insert(out.end(), first, first + values.size() * sizeof(float));
    out.resize((out.size() + header->alignment - 1) / header->alignment * header->alignment);
  }
  return out;
}

}  // namespace nanoinfer::testing
