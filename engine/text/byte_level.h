// GPT-2's spelling of bytes as printable characters, in which byte-level vocabularies are written.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace nanoinfer {

// The bytes that `spelled` stands for; nullopt if a character of it stands for no byte.
std::optional<std::string> byte_level_decode(std::string_view spelled);

}  // namespace nanoinfer
