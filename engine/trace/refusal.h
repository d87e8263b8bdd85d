// Errors of this layer, made in one place: what comes from the page has been checked there, with
// better words, so these are short.
#pragma once

#include <cstdint>

#include "engine/base/result.h"

namespace nanoinfer {

// kBadArgument at the place "what number".
Error refusal(const char* message, const char* what, uint64_t number);

}  // namespace nanoinfer
