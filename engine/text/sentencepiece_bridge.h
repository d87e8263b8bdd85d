// The sentencepiece library behind this engine's errors. In a header alone: the native programs and
// the library's own wasm module compile it, the engine never does.
#pragma once

#include <sentencepiece_processor.h>

#include <algorithm>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/text/sentencepiece_spelling.h"

namespace nanoinfer {

// Two neighbours that encoding joins.
struct SentencepieceMerge {
  uint32_t pos;         // byte at which the left one begins; a space has one byte
  int32_t left, right;  // -1: a character that is no piece
  float score;          // of what they become: of all joins that are possible the highest is made
  int32_t result;
};

class SentencepieceEncoder {
 public:
  // Replaces the model that was loaded. `proto` is what sentencepiece_proto() gives.
  Status load(std::span<const uint8_t> proto) {
    return checked(processor_.LoadFromSerializedProto(
        std::string_view(reinterpret_cast<const char*>(proto.data()), proto.size())));
  }

  // The ids of `text` (valid UTF-8), without BOS or EOS. Never a control token.
  Result<std::vector<int32_t>> encode(std::string_view text) const {
    std::vector<int> ids;
    if (Status s = checked(processor_.Encode(text, &ids)); !s) return s.error();
    return std::vector<int32_t>(ids.begin(), ids.end());
  }

  // The joins that lead from a normal piece's characters to it, in the library's order: the highest
  // score first, leftmost among equals. It tells of none itself, but its scores and pieces are what
  // makes them. Of a piece that no joins lead to they end in several. User-defined pieces, which
  // the library takes whole, are not looked for inside a normal one.
  std::vector<SentencepieceMerge> merges_of(int32_t id) const {
    std::vector<SentencepieceMerge> steps;
    if (id < 0 || id >= processor_.GetPieceSize() || !joins(id)) return steps;
    const std::string_view piece = processor_.IdToPiece(id);
    std::vector<Symbol> symbols = characters_of(piece);
    const auto look_right = [&](size_t i) {
      symbols[i].with_next =
          i + 1 < symbols.size() ? id_of(symbols[i].text, symbols[i + 1].text) : -1;
    };
    for (size_t i = 0; i < symbols.size(); ++i) look_right(i);
    for (;;) {
      const auto best = std::ranges::max_element(symbols, {}, [&](const Symbol& symbol) {
        return std::pair(symbol.with_next >= 0, score_of(symbol.with_next));
      });
      if (best->with_next < 0) return steps;
      const auto right = std::next(best);
      steps.push_back({best->pos, best->id, right->id, score_of(best->with_next), best->with_next});
      best->id = best->with_next;
      best->text = std::string_view(best->text.data(), best->text.size() + right->text.size());
      const size_t i = static_cast<size_t>(best - symbols.begin());
      symbols.erase(right);
      look_right(i);
      if (i > 0) look_right(i - 1);
    }
  }

 private:
  struct Symbol {
    std::string_view text;  // of the piece
    uint32_t pos;
    int32_t id;
    int32_t with_next;  // what it joins to with its right neighbour; -1: nothing
  };

  std::vector<Symbol> characters_of(std::string_view piece) const {
    std::vector<Symbol> symbols;
    for (uint32_t pos = 0; !piece.empty();) {
      size_t n_bytes = 1;
      while (n_bytes < piece.size() && (piece[n_bytes] & 0xC0) == 0x80) ++n_bytes;
      const std::string_view text = piece.substr(0, n_bytes);
      symbols.push_back({text, pos, id_of(text, {}), -1});
      pos += text == kSentencepieceSpace ? 1 : static_cast<uint32_t>(n_bytes);
      piece.remove_prefix(n_bytes);
    }
    return symbols;
  }

  // `right` lies directly behind `left`.
  int32_t id_of(std::string_view left, std::string_view right) const {
    const int32_t id = processor_.PieceToId({left.data(), left.size() + right.size()});
    return joins(id) ? id : -1;
  }

  bool joins(int32_t id) const {
    return !processor_.IsUnknown(id) && !processor_.IsControl(id) && !processor_.IsByte(id);
  }
  float score_of(int32_t id) const { return id < 0 ? 0 : processor_.GetScore(id); }

  static Status checked(const sentencepiece::util::Status& status) {
    if (status.ok()) return Ok{};
    return Error{ErrorCode::kMalformed, "the sentencepiece library refused: " + status.ToString(),
                 "", "", ""};
  }

  sentencepiece::SentencePieceProcessor processor_;
};

}  // namespace nanoinfer
