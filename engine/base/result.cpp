#include "engine/base/result.h"

namespace nanoinfer {

const char* error_code_name(ErrorCode code) {
  switch (code) {
    case ErrorCode::kTruncated:
      return "truncated";
    case ErrorCode::kMalformed:
      return "malformed";
    case ErrorCode::kUnsupported:
      return "unsupported";
    case ErrorCode::kLimit:
      return "limit";
    case ErrorCode::kOutOfMemory:
      return "out_of_memory";
    case ErrorCode::kBadArgument:
      return "bad_argument";
    case ErrorCode::kContextFull:
      return "context_full";
    case ErrorCode::kNonFinite:
      return "non_finite";
    case ErrorCode::kIo:
      return "io";
  }
  return "unknown";
}

std::string Error::text() const {
  std::string details = place;
  if (!expected.empty()) details += (details.empty() ? "" : "; ") + ("expected " + expected);
  if (!actual.empty()) details += (details.empty() ? "" : "; ") + ("got " + actual);
  return details.empty() ? message : message + " (" + details + ")";
}

}  // namespace nanoinfer
