#include "engine/trace/json.h"

#include <cmath>

#include "engine/base/number_text.h"
#include "engine/text/utf8.h"

namespace nanoinfer {

Json::Json(double value) : text_(std::isfinite(value) ? number_text(value) : "null") {}

Json::Json(std::string_view text) : text_("\"") {
  constexpr std::string_view kHex = "0123456789abcdef";
  for (const char c : to_valid_utf8(text)) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte < 0x20) {
      text_ += "\\u00";
      text_ += kHex[byte >> 4];
      text_ += kHex[byte & 15];
      continue;
    }
    if (c == '"' || c == '\\') text_ += '\\';
    text_ += c;
  }
  text_ += '"';
}

Json Json::array() {
  Json json;
  json.text_ = "[]";
  return json;
}

Json::Json(std::initializer_list<Member> members) : text_("{}") {
  for (const Member& member : members) add(member.key, member.value);
}

void Json::push_back(const Json& value) {
  const char end = text_.back();
  text_.pop_back();
  if (text_.size() > 1) text_ += ',';
  text_ += value.text_;
  text_ += end;
}

void Json::add(std::string_view key, const Json& value) {
  Json member(key);
  member.text_ += ':';
  member.text_ += value.text_;
  push_back(member);
}

}  // namespace nanoinfer
