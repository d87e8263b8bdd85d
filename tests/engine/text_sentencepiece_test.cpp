// A file's sentencepiece vocabulary through the sentencepiece library, against what the library
// makes of the model that the vocabulary was taken from (scripts/sentencepiece_goldens.py).
#include <bit>
#include <limits>
#include <map>
#include <set>

#include "engine/text/sentencepiece_proto.h"
#include "engine/text/sentencepiece_spelling.h"
#include "engine/text/text_stream.h"
#include "tests/engine/text_testing.h"

#if NANOINFER_HAS_SENTENCEPIECE
#include "engine/text/sentencepiece_bridge.h"
#endif

namespace nanoinfer {
namespace {

TEST(SentencepieceSpelling, OnlyExactByteTokensAreBytes) {
  EXPECT_EQ(sentencepiece_byte("<0x00>"), 0);
  EXPECT_EQ(sentencepiece_byte("<0xFF>"), 255);
  for (const char* bad : {"", "<0xff>", "<0x0>", "<0x100>", "<0x-1>", "<0xZZ>", "<0x0A", "0x0A>"}) {
    EXPECT_FALSE(sentencepiece_byte(bad)) << bad;
  }
}

TEST(SentencepieceProto, IsRefusedForOtherVocabulariesAndForWhatTheLibraryCannotTake) {
  EXPECT_FALSE(sentencepiece_proto(byte_vocab("gpt-2").view()));
  OwnedVocab vocab = piece_vocab();
  vocab.tokens.back() = std::string("a\0b", 3);
  EXPECT_TRUE(sentencepiece_proto(vocab.view()));
  vocab.data.types.back() = 4;
  EXPECT_FALSE(sentencepiece_proto(vocab.view()));
}

// Piece "b" of score -1.5 and type byte; the rest of the message is checked by the library.
TEST(SentencepieceProto, WritesThePiecesFields) {
  OwnedVocab vocab;
  vocab.data.model = "llama";
  vocab.tokens = {"b"};
  vocab.data.scores = {-1.5f};
  vocab.data.types = {6};
  const auto proto = sentencepiece_proto(vocab.view());
  ASSERT_TRUE(proto);
  const uint8_t start[] = {0x0A, 10, 0x0A, 1, 'b', 0x15, 0, 0, 0xC0, 0xBF, 0x18, 6};
  ASSERT_GT(proto->size(), sizeof start);
  EXPECT_TRUE(std::equal(std::begin(start), std::end(start), proto->begin()));
}

#if NANOINFER_HAS_SENTENCEPIECE

// A folder that the script wrote; one's own by NANOINFER_SENTENCEPIECE_GOLDENS.
std::string folder() {
  const char* own = std::getenv("NANOINFER_SENTENCEPIECE_GOLDENS");
  return own ? own : NANOINFER_SOURCE_DIR "/tests/fixtures/tokenizer/sentencepiece";
}

NumberReader open_golden(const std::string& name) {
  return NumberReader(read_whole_file(folder() + "/" + name));
}

std::vector<std::string> golden_strings(const std::string& name) {
  NumberReader reader = open_golden(name);
  std::vector<std::string> strings(reader.next());
  for (std::string& text : strings) text = reader.text(reader.next());
  return strings;
}

OwnedVocab golden_vocab() {
  OwnedVocab vocab;
  vocab.tokens = golden_strings("tokens.bin");
  NumberReader reader = open_golden("scores_and_types.bin");
  reader.next();
  vocab.data.scores.resize(reader.next());
  for (float& score : vocab.data.scores) score = std::bit_cast<float>(reader.next());
  vocab.data.types.resize(reader.next());
  for (int32_t& type : vocab.data.types) type = static_cast<int32_t>(reader.next());
  vocab.data.model = "llama";
  vocab.data.bos_id = 1;
  vocab.data.eos_id = 2;
  return vocab;
}

void load(SentencepieceEncoder& encoder, const std::vector<uint8_t>& proto) {
  const Status status = encoder.load(proto);
  ASSERT_TRUE(status) << status.error().text();
}

TEST(SentencepieceLibrary, EncodesAsWithTheModelOfTheVocabulary) {
  OwnedVocab vocab = golden_vocab();
  const Result<Tokenizer> tokenizer = Tokenizer::create(vocab.view());
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  const auto proto = sentencepiece_proto(vocab.data);
  ASSERT_TRUE(proto) << proto.error().text();
  SentencepieceEncoder encoder;
  load(encoder, *proto);

  const std::vector<std::string> strings = golden_strings("strings.bin");
  const std::vector<std::string> decoded = golden_strings("decoded.bin");
  NumberReader ids_reader = open_golden("ids.bin");
  ASSERT_GE(strings.size(), 2000u);
  ASSERT_EQ(ids_reader.next(), strings.size());
  ASSERT_EQ(decoded.size(), strings.size());
  for (size_t i = 0; i < strings.size(); ++i) {
    std::vector<int32_t> expected(ids_reader.next());
    for (int32_t& id : expected) id = static_cast<int32_t>(ids_reader.next());
    const auto ids = encoder.encode(strings[i]);
    ASSERT_TRUE(ids) << ids.error().text();
    EXPECT_EQ(*ids, expected) << "string " << i << ": " << testing::PrintToString(strings[i]);
    EXPECT_EQ(tokenizer->decode(*ids, false), decoded[i]) << "string " << i;
  }
}

// By the definition: each join is, of all neighbours whose text is a piece, the one of the highest
// score, and the leftmost of equals.
TEST(SentencepieceLibrary, MergesLeadToEveryTokenThatEncodingMakes) {
  OwnedVocab vocab = golden_vocab();
  const auto proto = sentencepiece_proto(vocab.view());
  ASSERT_TRUE(proto) << proto.error().text();
  SentencepieceEncoder encoder;
  load(encoder, *proto);
  std::map<std::string, float> scores;
  for (size_t id = 0; id < vocab.tokens.size(); ++id) {
    const TokenKind kind = static_cast<TokenKind>(vocab.data.types[id]);
    if (kind == TokenKind::kNormal || kind == TokenKind::kUserDefined) {
      scores[vocab.tokens[id]] = vocab.data.scores[id];
    }
  }

  std::set<int32_t> made;
  for (const std::string& text : golden_strings("strings.bin")) {
    const auto ids = encoder.encode(text);
    ASSERT_TRUE(ids);
    made.insert(ids->begin(), ids->end());
  }
  size_t n_steps = 0;
  for (const int32_t id : made) {
    const std::string& piece = vocab.tokens[static_cast<size_t>(id)];
    if (vocab.data.types[static_cast<size_t>(id)] != static_cast<int32_t>(TokenKind::kNormal)) {
      continue;
    }
    std::vector<std::string> parts;
    for (const char c : piece) {
      if ((c & 0xC0) == 0x80 && !parts.empty())
        parts.back() += c;
      else
        parts.emplace_back(1, c);
    }
    for (const SentencepieceMerge& step : encoder.merges_of(id)) {
      ++n_steps;
      size_t best = 0;
      float highest = -std::numeric_limits<float>::infinity();
      for (size_t i = 0; i + 1 < parts.size(); ++i) {
        const auto found = scores.find(parts[i] + parts[i + 1]);
        if (found == scores.end() || found->second <= highest) continue;
        highest = found->second;
        best = i;
      }
      EXPECT_EQ(step.score, highest) << piece;
      ASSERT_LT(best + 1, parts.size());
      size_t pos = 0;
      for (size_t i = 0; i < best; ++i) {
        pos += sentencepiece_bytes(parts[i], TokenKind::kNormal).size();
      }
      EXPECT_EQ(step.pos, pos) << piece;
      EXPECT_EQ(vocab.tokens[static_cast<size_t>(step.left)], parts[best]);
      EXPECT_EQ(vocab.tokens[static_cast<size_t>(step.right)], parts[best + 1]);
      parts[best] += parts[best + 1];
      parts.erase(parts.begin() + static_cast<ptrdiff_t>(best) + 1);
      EXPECT_EQ(vocab.tokens[static_cast<size_t>(step.result)], parts[best]);
    }
    EXPECT_EQ(parts, std::vector{piece}) << id;
  }
  EXPECT_GE(n_steps, 300u);
  for (const int32_t none : {-1, 0, 1, static_cast<int32_t>(vocab.tokens.size())}) {
    EXPECT_TRUE(encoder.merges_of(none).empty()) << none;
  }
}

TEST(SentencepieceLibrary, DuplicateAndEmptyPiecesLoadAndAreNeverMatched) {
  OwnedVocab vocab = golden_vocab();
  const int32_t first = static_cast<int32_t>(vocab.tokens.size());
  for (const std::string& text : {std::string(), vocab.tokens[300], vocab.tokens[300]}) {
    vocab.tokens.push_back(text);
    vocab.data.types.push_back(1);
    vocab.data.scores.push_back(0);
  }
  const auto proto = sentencepiece_proto(vocab.view());
  ASSERT_TRUE(proto) << proto.error().text();
  SentencepieceEncoder encoder;
  load(encoder, *proto);
  for (const std::string& text : golden_strings("strings.bin")) {
    const auto ids = encoder.encode(text);
    ASSERT_TRUE(ids);
    for (const int32_t id : *ids) ASSERT_LT(id, first);
  }
}

TEST(SentencepieceLibrary, BrokenModelsAreErrors) {
  OwnedVocab vocab = piece_vocab();
  const auto proto = sentencepiece_proto(vocab.view());
  ASSERT_TRUE(proto);
  for (size_t size = 0; size < proto->size(); size += 97) {
    SentencepieceEncoder encoder;
    EXPECT_FALSE(encoder.load(std::span(*proto).first(size))) << size;
    EXPECT_FALSE(encoder.encode("a")) << size;
  }
  vocab.data.types[0] = 1;  // no unknown token, which Tokenizer::create() refuses first
  const auto no_unknown = sentencepiece_proto(vocab.view());
  ASSERT_TRUE(no_unknown);
  SentencepieceEncoder encoder;
  EXPECT_FALSE(encoder.load(*no_unknown));
}

#endif  // NANOINFER_HAS_SENTENCEPIECE

}  // namespace
}  // namespace nanoinfer
