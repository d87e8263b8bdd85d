#include "engine/base/number_text.h"

#include <cmath>
#include <nlohmann/json.hpp>

namespace nanoinfer {
namespace {

// By the JSON library's function, which a wasm file holds anyway: printf's would be 12 KB more.
template <typename Float>
std::string text_of(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "infinity" : "-infinity";
  char text[64];
  std::string found(text, nlohmann::detail::to_chars(text, text + sizeof text, value));
  if (found.ends_with(".0")) found.resize(found.size() - 2);
  return found;
}

}  // namespace

std::string number_text(float value) {
  return text_of(value);
}

std::string number_text(double value) {
  return text_of(value);
}

}  // namespace nanoinfer
