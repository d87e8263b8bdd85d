// GPT-2's spelling of bytes as printable characters, in which byte-level vocabularies are written.
#pragma once

#include <string>
#include <string_view>

namespace nanoinfer {

// Appends the bytes that `spelled` stands for; false if a character of it stands for no byte. A
// vocabulary calls this a hundred thousand times, so it makes no string of its own.
bool byte_level_decode(std::string_view spelled, std::string& bytes);

}  // namespace nanoinfer
