// Ends streamed text at the first stop string, and never shows part of one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace nanoinfer {

// Text goes in as it is generated; out comes what is certain not to begin a stop string.
class StopMatcher {
 public:
  // Empty stop strings are left out.
  explicit StopMatcher(std::vector<std::string> stops);

  // Adds text and returns what may be shown: all before the first stop string to be complete,
  // less an end that may still become one. After a match nothing more is shown.
  std::string push(std::string_view text);

  // The text has ended: returns what was held back.
  std::string flush();

  // The stop string that was found, or null.
  const std::string* matched() const {
    return matched_ < stops_.size() ? &stops_[matched_] : nullptr;
  }

 private:
  std::vector<std::string> stops_;
  std::string held_;
  size_t matched_ = SIZE_MAX;  // index into stops_
};

}  // namespace nanoinfer
