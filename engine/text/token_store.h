// The bytes and kinds of all tokens in one block, and the ids of the tokens that text can become.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/text/vocab.h"

namespace nanoinfer {

class TokenStore {
 public:
  // Ids are given in the order of calls. `in_vocabulary`: ordinary text may become this token.
  void add(std::string_view bytes, TokenKind kind, bool in_vocabulary);

  // Makes find() work for what was added; of equal texts the lowest id is found.
  void build_index();

  int32_t size() const { return static_cast<int32_t>(kinds_.size()); }
  std::string_view bytes(int32_t id) const {
    const size_t i = static_cast<size_t>(id);
    return std::string_view(text_).substr(starts_[i], starts_[i + 1] - starts_[i]);
  }
  TokenKind kind(int32_t id) const { return kinds_[static_cast<size_t>(id)]; }

  // The token of exactly these bytes that ordinary text may become.
  std::optional<int32_t> find(std::string_view bytes) const;

 private:
  // The slot that holds these bytes, or the empty one where they would go.
  size_t slot_of(std::string_view bytes) const;

  std::string text_;                    // all bytes, one token after another
  std::vector<uint32_t> starts_ = {0};  // (n + 1) offsets into text_
  std::vector<TokenKind> kinds_;        // (n)
  std::vector<uint8_t> in_vocabulary_;  // (n); not of bool, whose push is 2 KB of code
  std::vector<int32_t> slots_;          // open-addressing hash table of ids, -1 = empty
};

}  // namespace nanoinfer
