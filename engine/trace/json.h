// JSON to be written; nothing in the engine reads any. A value is its text from the start: the
// trees of a library, and what it takes to build them, were 17 KB of a wasm file.
#pragma once

#include <concepts>
#include <initializer_list>
#include <ranges>
#include <string>
#include <string_view>

namespace nanoinfer {

// A value. Json({{"id", 7}, {"text", "a"}}) is {"id":7,"text":"a"}. Bytes that are not UTF-8 become
// U+FFFD; NaN and infinities become null.
class Json {
 public:
  struct Member;

  Json() : text_("null") {}
  template <std::integral T>
  Json(T value) : text_(std::to_string(value)) {}
  Json(bool value) : text_(value ? "true" : "false") {}
  Json(double value);
  Json(std::string_view text);
  Json(const std::string& text) : Json(std::string_view(text)) {}
  Json(const char* text) : Json(std::string_view(text)) {}
  Json(std::initializer_list<Member> members);  // an object, in this order

  static Json object() { return Json({}); }
  static Json array();
  template <std::ranges::range Values>
  static Json array(const Values& values) {
    Json json = array();
    for (const auto& value : values) json.push_back(value);
    return json;
  }

  // To the end of an array, and of an object.
  void push_back(const Json& value);
  void add(std::string_view key, const Json& value);

  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

struct Json::Member {
  std::string_view key;
  Json value;
};

inline std::string to_text(const Json& json) {
  return json.text();
}

}  // namespace nanoinfer
