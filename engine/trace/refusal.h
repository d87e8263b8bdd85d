// Errors of this layer, made in one place: what comes from the page has been checked there, with
// better words, so these are short.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace nanoinfer {

// An error at the place "what number".
Status refusal(const char* message, const char* what, uint64_t number,
               ErrorCode code = ErrorCode::kBadArgument);

}  // namespace nanoinfer
