// Checks of a GGUF file as a whole, and what the parser's errors are made of.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/gguf/header.h"

namespace nanoinfer {

Error error_at(ErrorCode code, std::string message, std::string place, std::string expected,
               std::string actual);

// "byte 24".
std::string byte_place(uint64_t position);

// True if text is all printable ASCII, as GGUF asks of keys and as every tensor name is.
bool is_printable_ascii(std::string_view text);

// What a file without GGUF's magic seems to be, from its first 24 bytes.
const char* diagnose(std::string_view start);

// Version 2 or 3, in this machine's byte order.
Status check_version(uint32_t version);

// Reads general.alignment if it is there.
Status check_alignment(const Metadata& metadata, uint32_t& alignment);

// Refuses parts of models and what is no model: their tensors would look like any others.
Status check_kind(const Metadata& metadata);

}  // namespace nanoinfer
