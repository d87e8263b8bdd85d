// What the tests of GGUF share: files built byte by byte, right or wrong on purpose.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/gguf/header.h"

namespace nanoinfer {

// Little-endian bytes, each call appending one field.
struct Bytes {
  std::vector<uint8_t> data;

  Bytes& u8(uint8_t value) { return number(value, 1); }
  Bytes& u32(uint64_t value) { return number(value, 4); }
  Bytes& u64(uint64_t value) { return number(value, 8); }
  Bytes& raw(std::string_view text) {
    data.insert(data.end(), text.begin(), text.end());
    return *this;
  }
  Bytes& zeros(size_t n) {
    data.resize(data.size() + n);
    return *this;
  }
  Bytes& text(std::string_view text) { return u64(text.size()).raw(text); }
  // A metadata entry up to its value.
  Bytes& entry(std::string_view key, uint64_t type) { return text(key).u32(type); }
  // A tensor's entry in the directory.
  Bytes& tensor(std::string_view name, const std::vector<uint64_t>& dims, uint64_t type,
                uint64_t offset) {
    text(name).u32(dims.size());
    for (const uint64_t dim : dims) u64(dim);
    return u32(type).u64(offset);
  }

 private:
  Bytes& number(uint64_t value, int n_bytes) {
    for (int i = 0; i < n_bytes; ++i) data.push_back(static_cast<uint8_t>(value >> (8 * i)));
    return *this;
  }
};

// GGUF's value types and ggml's tensor types, as numbers that a file may also get wrong.
inline constexpr uint64_t kU8 = 0, kU32 = 4, kI32 = 5, kF32 = 6, kBool = 7, kString = 8, kArray = 9,
                          kU64 = 10;
inline constexpr uint64_t kTypeF32 = 0, kTypeF16 = 1, kTypeQ4_0 = 2, kTypeQ8_0 = 8, kTypeQ4_K = 12,
                          kTypeI8 = 24, kTypeI64 = 27, kTypeF64 = 28;

// A file in parts. As it stands it is valid: no metadata, and one tensor of 8 floats.
struct RawFile {
  std::string magic = "GGUF";
  uint64_t version = 3;
  uint64_t n_tensors = 1;
  uint64_t n_entries = 0;
  Bytes entries = {};
  Bytes tensors = Bytes().tensor("t", {8}, kTypeF32, 0);
  size_t alignment = 32;
  size_t data_bytes = 32;

  std::vector<uint8_t> bytes() const {
    Bytes file;
    file.raw(magic).u32(version).u64(n_tensors).u64(n_entries);
    file.data.insert(file.data.end(), entries.data.begin(), entries.data.end());
    file.data.insert(file.data.end(), tensors.data.begin(), tensors.data.end());
    file.zeros((alignment - file.data.size() % alignment) % alignment + data_bytes);
    return file.data;
  }
};

// A file whose metadata is the given entries.
inline std::vector<uint8_t> with_entries(uint64_t n, const Bytes& entries) {
  return RawFile{.n_entries = n, .entries = entries}.bytes();
}

// A file whose directory is the given tensors, followed by data_bytes bytes.
inline std::vector<uint8_t> with_tensors(uint64_t n, const Bytes& tensors, size_t data_bytes = 32) {
  return RawFile{.n_tensors = n, .tensors = tensors, .data_bytes = data_bytes}.bytes();
}

// The outcome of parsing a file that comes in chunks: "ok" or the error's code and text.
inline std::string outcome(std::span<const uint8_t> file, size_t chunk, bool size_known = true) {
  GgufHeaderParser parser;
  const auto text = [](const Error& e) {
    return std::string(error_code_name(e.code)) + ": " + e.text();
  };
  for (size_t n = std::min(chunk, file.size());; n = std::min(n + chunk, file.size())) {
    const bool last = n == file.size();
    const Result<bool> complete = parser.parse(file.first(n), size_known || last ? file.size() : 0);
    if (!complete) return text(complete.error());
    if (*complete) return "ok";
    if (last) return "incomplete";
  }
}

}  // namespace nanoinfer
