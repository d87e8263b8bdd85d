// libFuzzer entry: any bytes, whole and in chunks, give the same outcome and never a crash.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "engine/gguf/header.h"

namespace {

// Touches everything that a header lets its holder reach.
std::string summary(const nanoinfer::GgufHeader& header) {
  std::string text;
  for (size_t i = 0; i < header.metadata.size(); ++i) {
    const std::string_view key = header.metadata.key(i);
    text += header.metadata.value_text(header.metadata.entry(i), 100);
    if (!header.metadata.contains(key)) __builtin_trap();
    const auto strings = header.metadata.get_strings(key);
    for (size_t s = 0; strings && s < strings->size(); ++s) text += (*strings)[s];
    text += std::to_string(header.metadata.get_u32(key) ? 1 : 0);
    text += std::to_string(header.metadata.get_i32s(key) ? 1 : 0);
    text += std::to_string(header.metadata.get_f32s(key) ? 1 : 0);
  }
  for (const nanoinfer::TensorInfo& tensor : header.tensors) {
    if (tensor.offset + tensor.n_bytes > header.data_bytes) __builtin_trap();
    if (header.find(tensor.name) != &tensor) __builtin_trap();
    text += tensor.name;
  }
  return text;
}

std::string outcome(std::span<const uint8_t> file, size_t chunk) {
  nanoinfer::GgufHeaderParser parser;
  for (size_t n = std::min(chunk, file.size());; n = std::min(n + chunk, file.size())) {
    const nanoinfer::Result<bool> complete = parser.parse(file.first(n), file.size());
    if (!complete) return complete.error().text();
    if (*complete) return summary(parser.take());
    if (n == file.size()) return "";
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::span<const uint8_t> file(data, size);
  if (outcome(file, file.size()) != outcome(file, 13)) __builtin_trap();
  return 0;
}
