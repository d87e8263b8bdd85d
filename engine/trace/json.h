// nlohmann_json without throws: parse with (text, nullptr, false), write with to_text.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace nanoinfer {

using Json = nlohmann::ordered_json;  // members stay in the order in which they were put

// Bytes that are not UTF-8 become U+FFFD; NaN and infinities become null.
inline std::string to_text(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace nanoinfer
