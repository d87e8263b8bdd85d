#include "engine/trace/refusal.h"

#include <string>

namespace nanoinfer {

Error refusal(const char* message, const char* what, uint64_t number) {
  Error error{ErrorCode::kBadArgument, message, what, "", ""};
  error.place += ' ';
  error.place += std::to_string(number);
  return error;
}

}  // namespace nanoinfer
