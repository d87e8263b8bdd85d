#include "engine/text/vocab.h"

namespace nanoinfer {

bool is_reserved(const VocabData& data, size_t id) {
  if (data.types.empty()) return false;
  const auto kind = static_cast<TokenKind>(data.types[id]);
  if (kind == TokenKind::kControl) return true;
  const std::string_view text = data.tokens[id];
  const bool marker = text.starts_with('<') || text.starts_with('[');
  return kind == TokenKind::kUserDefined && marker &&
         data.chat_template.find(text) != std::string_view::npos;
}

}  // namespace nanoinfer
