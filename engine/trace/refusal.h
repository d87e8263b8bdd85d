// Errors of this layer, made in one place: what comes from the page has been checked there, with
// better words, so these are short.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace nanoinfer {

// An error at the place "what number". A whole Status, for to make one out of an Error is 150 bytes
// of a wasm file wherever it is done.
Status refusal(const char* message, const char* what, uint64_t number,
               ErrorCode code = ErrorCode::kBadArgument);

}  // namespace nanoinfer
