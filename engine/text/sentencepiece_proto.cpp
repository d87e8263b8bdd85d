#include "engine/text/sentencepiece_proto.h"

#include <bit>
#include <set>
#include <string>
#include <string_view>

namespace nanoinfer {
namespace {

// Protocol Buffers' wire format, as much of it as the message needs.
class ProtoWriter {
 public:
  void number(uint32_t field, uint32_t value) {
    varint(field << 3 | kVarint);
    varint(value);
  }
  void real(uint32_t field, float value) {
    varint(field << 3 | kFixed32);
    const uint32_t bits = std::bit_cast<uint32_t>(value);
    for (int shift = 0; shift < 32; shift += 8) bytes_.push_back(static_cast<char>(bits >> shift));
  }
  // A string, or a message that is complete.
  void text(uint32_t field, std::string_view value) {
    varint(field << 3 | kLengthDelimited);
    varint(static_cast<uint32_t>(value.size()));
    bytes_.append(value);
  }
  const std::string& bytes() const { return bytes_; }

 private:
  enum WireType : uint32_t { kVarint = 0, kLengthDelimited = 2, kFixed32 = 5 };

  void varint(uint32_t value) {
    for (; value >= 0x80; value >>= 7) bytes_.push_back(static_cast<char>(value | 0x80));
    bytes_.push_back(static_cast<char>(value));
  }

  std::string bytes_;
};

// Field numbers of sentencepiece_model.proto.
constexpr uint32_t kModelPieces = 1, kModelTrainer = 2, kModelNormalizer = 3;
constexpr uint32_t kPieceText = 1, kPieceScore = 2, kPieceType = 3;
constexpr uint32_t kTrainerModelType = 3, kTrainerVocabSize = 4, kTrainerByteFallback = 35;
constexpr uint32_t kNormalizerName = 1, kNormalizerDummyPrefix = 3, kNormalizerExtraSpaces = 4,
                   kNormalizerEscape = 5;
constexpr uint32_t kModelTypeBpe = 2;

constexpr uint32_t kControl = static_cast<uint32_t>(TokenKind::kControl);
constexpr uint32_t kUserDefined = static_cast<uint32_t>(TokenKind::kUserDefined);
constexpr uint32_t kByte = static_cast<uint32_t>(TokenKind::kByte);

// The numbers are sentencepiece's own, but for 0, which is read as normal. The library matches a
// user-defined token everywhere and a control token nowhere.
uint32_t type_of(const VocabData& data, size_t id) {
  if (is_reserved(data, id)) return kControl;
  const int32_t type = data.types.empty() ? 0 : data.types[id];
  return static_cast<uint32_t>(type == 0 ? 1 : type);
}

std::string piece_message(std::string_view text, float score, uint32_t type) {
  ProtoWriter piece;
  piece.text(kPieceText, text);
  piece.real(kPieceScore, score);
  piece.number(kPieceType, type);
  return piece.bytes();
}

std::string trainer_message(size_t n_vocab, bool has_bytes) {
  ProtoWriter trainer;
  trainer.number(kTrainerModelType, kModelTypeBpe);
  trainer.number(kTrainerVocabSize, static_cast<uint32_t>(n_vocab));
  trainer.number(kTrainerByteFallback, has_bytes);
  return trainer.bytes();
}

std::string normalizer_message(const VocabData& data) {
  ProtoWriter normalizer;
  normalizer.text(kNormalizerName, "identity");
  normalizer.number(kNormalizerDummyPrefix, data.add_space_prefix.value_or(true));
  normalizer.number(kNormalizerExtraSpaces, data.remove_extra_whitespaces.value_or(false));
  normalizer.number(kNormalizerEscape, true);
  return normalizer.bytes();
}

}  // namespace

Result<std::vector<uint8_t>> sentencepiece_proto(const VocabData& data) {
  if (data.model != "llama" || data.scores.size() != data.tokens.size()) {
    return Error{ErrorCode::kUnsupported, "this is not a sentencepiece vocabulary", "", "llama",
                 data.model};
  }
  ProtoWriter model;
  bool has_bytes = false;
  std::set<std::string_view> seen;
  for (size_t id = 0; id < data.tokens.size(); ++id) {
    const std::string_view text = data.tokens[id];
    const uint32_t type = type_of(data, id);
    has_bytes |= type == kByte;
    // The library builds a table of C strings from these.
    if (type == kUserDefined && text.find('\0') != text.npos) {
      return Error{ErrorCode::kMalformed, "a user-defined token contains a zero byte",
                   "token " + std::to_string(id), "", ""};
    }
    // Real files have empty and equal texts, which the library refuses: they become control tokens
    // of a made-up name, which are never matched.
    const bool usable = !text.empty() && seen.insert(text).second;
    const std::string made_up = "<nanoinfer:" + std::to_string(id) + ">";
    model.text(kModelPieces, usable ? piece_message(text, data.scores[id], type)
                                    : piece_message(made_up, data.scores[id], kControl));
  }
  model.text(kModelTrainer, trainer_message(data.tokens.size(), has_bytes));
  model.text(kModelNormalizer, normalizer_message(data));
  return std::vector<uint8_t>(model.bytes().begin(), model.bytes().end());
}

}  // namespace nanoinfer
