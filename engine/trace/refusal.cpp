#include "engine/trace/refusal.h"

#include <string>

namespace nanoinfer {

Status refusal(const char* message, const char* what, uint64_t number, ErrorCode code) {
  Error error{code, message, what, "", ""};
  error.place += ' ';
  error.place += std::to_string(number);
  return error;
}

}  // namespace nanoinfer
