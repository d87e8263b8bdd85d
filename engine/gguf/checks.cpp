#include "engine/gguf/checks.h"

#include <algorithm>
#include <utility>

namespace nanoinfer {

Error error_at(ErrorCode code, std::string message, std::string place, std::string expected,
               std::string actual) {
  return {.code = code,
          .message = std::move(message),
          .place = std::move(place),
          .expected = std::move(expected),
          .actual = std::move(actual)};
}

std::string byte_place(uint64_t position) {
  return "byte " + std::to_string(position);
}

bool is_printable_ascii(std::string_view text) {
  return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

const char* diagnose(std::string_view start) {
  struct Look {
    std::string_view magic;
    const char* name;
  };
  constexpr Look kLooks[] = {
      {"PK", "a ZIP archive or a PyTorch checkpoint"},
      {"<", "an HTML or XML page"},
      {"{", "JSON text"},
      {"version https://git", "a Git LFS pointer instead of the file itself"},
      {"\x1f\x8b", "a gzip archive"},
      {"FUGG", "a GGUF file with its bytes swapped"},
      {"ggjt", "a GGML file from before GGUF"},
      {"tjgg", "a GGML file from before GGUF"},
      {"fmgg", "a GGML file from before GGUF"},
      {"lmgg", "a GGML file from before GGUF"},
  };
  if (start.size() > 9 && start.substr(8, 2) == "{\"") return "a safetensors file";
  start.remove_prefix(std::min(start.find_first_not_of(" \t\r\n"), start.size()));
  for (const Look& look : kLooks) {
    if (start.starts_with(look.magic)) return look.name;
  }
  return "something else";
}

Status check_version(uint32_t version) {
  const std::string place = byte_place(4);
  if (version == 2 || version == 3) return Ok{};
  // The version is small, so one in the top byte was written in the other byte order.
  if ((version & 0x00ffffff) == 0 && version != 0) {
    return error_at(ErrorCode::kUnsupported, "big-endian GGUF files are not read", place,
                    "little-endian", "big-endian");
  }
  return error_at(ErrorCode::kUnsupported, "this version of GGUF is not read", place, "2 or 3",
                  std::to_string(version));
}

Status check_alignment(const Metadata& metadata, uint32_t& alignment) {
  constexpr std::string_view kKey = "general.alignment";
  const MetadataEntry* entry = metadata.find(kKey);
  if (!entry) return Ok{};
  const std::string place = "key " + std::string(kKey);
  if (entry->type != MetadataType::kU32) {
    return error_at(ErrorCode::kMalformed, "a metadata value has the wrong type", place, "u32",
                    name_of(entry->type));
  }
  alignment = *metadata.get_u32(kKey);
  const bool power_of_two = (alignment & (alignment - 1)) == 0;
  if (power_of_two && alignment >= kMinAlignment && alignment <= kMaxAlignment) return Ok{};
  return error_at(ErrorCode::kMalformed, "the alignment is not usable", place,
                  "a power of two from 8 to 65536", std::to_string(alignment));
}

Status check_kind(const Metadata& metadata) {
  const Result<uint32_t> n_parts = metadata.u32_or("split.count", 1);
  if (!n_parts) return n_parts.error();
  const Result<uint32_t> part = metadata.u32_or("split.no", 0);
  if (!part) return part.error();
  if (*n_parts > 1 || *part > 0) {
    return error_at(
        ErrorCode::kUnsupported, "this file is one part of a model in several files",
        "key split.count", "the whole model in one file",
        "part " + std::to_string(uint64_t{*part} + 1) + " of " + std::to_string(*n_parts));
  }
  const Result<std::string_view> type = metadata.string_or("general.type", "model");
  if (!type) return type.error();
  if (*type == "model") return Ok{};
  return error_at(ErrorCode::kUnsupported, "this file is not a model", "key general.type", "model",
                  is_printable_ascii(*type) ? std::string(type->substr(0, 64)) : "other bytes");
}

}  // namespace nanoinfer
