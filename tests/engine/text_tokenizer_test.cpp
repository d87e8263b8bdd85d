#include <gtest/gtest.h>

#include <functional>
#include <limits>

#include "engine/gguf/writer.h"
#include "engine/text/tokenizer.h"
#include "engine/text/vocab_gguf.h"
#include "tests/engine/text_testing.h"

namespace nanoinfer {
namespace {

using Ids = std::vector<int32_t>;

Tokenizer create(OwnedVocab vocab) {
  Result<Tokenizer> tokenizer = Tokenizer::create(vocab.view());
  EXPECT_TRUE(tokenizer) << tokenizer.error().text();
  return std::move(*tokenizer);
}

Ids encode(const Tokenizer& tokenizer, std::string_view text, EncodeOptions options = {}) {
  const Result<Ids> ids = tokenizer.encode(text, options);
  EXPECT_TRUE(ids) << ids.error().text();
  return ids ? *ids : Ids{};
}

// The error that a vocabulary gives after one change.
Error refused(OwnedVocab vocab, const std::function<void(OwnedVocab&)>& change) {
  change(vocab);
  const Result<Tokenizer> tokenizer = Tokenizer::create(vocab.view());
  EXPECT_FALSE(tokenizer) << "the vocabulary was accepted";
  return tokenizer ? Error{} : tokenizer.error();
}

constexpr EncodeOptions kMatchControl = {.match_control_tokens = true, .add_bos = false};

TEST(Tokenizer, MergesByRankAndFromTheLeft) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  EXPECT_EQ(encode(tokenizer, ""), Ids{});
  EXPECT_EQ(encode(tokenizer, "abc"), Ids{260});
  EXPECT_EQ(encode(tokenizer, "ababc"), (Ids{259, 260}));
  EXPECT_EQ(encode(tokenizer, "x a"), (Ids{'x', 261}));
  EXPECT_EQ(encode(tokenizer, " ab"), (Ids{' ', 259}));  // "a b" ranks before " a"
}

TEST(Tokenizer, ControlTokensAreMatchedOnlyWhereAllowedAndUserDefinedOnesAlways) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  const std::string text = "x<|end|><tool>";
  EXPECT_EQ(encode(tokenizer, text, kMatchControl), (Ids{'x', 256, 258}));
  const Ids ids = encode(tokenizer, text);
  EXPECT_EQ(ids, (Ids{'x', 262, 'e', 'n', 'd', '|', '>', 258}));
  EXPECT_EQ(tokenizer.decode(ids, true), text);
}

TEST(Tokenizer, AMarkerThatTheChatTemplateWritesIsNeverMatchedInOrdinaryText) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.data.chat_template = "{{ '<tool>' + message }}";
  const Tokenizer tokenizer = create(vocab);
  EXPECT_EQ(encode(tokenizer, "x<tool>"), (Ids{'x', '<', 't', 'o', 'o', 'l', '>'}));
  EXPECT_EQ(encode(tokenizer, "x<tool>", kMatchControl), (Ids{'x', 258}));
  EXPECT_EQ(tokenizer.control_ids(), (Ids{256, 257, 258}));
}

TEST(Tokenizer, TheLongestLiteralWins) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.tokens.push_back("<|end|>>");  // 263
  vocab.data.types.push_back(3);
  const Tokenizer tokenizer = create(std::move(vocab));
  EXPECT_EQ(encode(tokenizer, "<|end|>>>", kMatchControl), (Ids{263, '>'}));
  EXPECT_EQ(encode(tokenizer, "<|end|><|end|>", kMatchControl), (Ids{256, 256}));
}

// A merge or a whole piece that spells a control token, and a control token of one byte.
TEST(Tokenizer, NoPathThroughTheVocabularyReachesAControlToken) {
  for (const char* pre : {"gpt-2", "llama-bpe", "qwen2", "smollm"}) {
    OwnedVocab vocab = byte_vocab(pre);
    vocab.tokens.insert(vocab.tokens.end(), {"xy", "xyz", "hello", "~"});
    vocab.data.types.insert(vocab.data.types.end(), {1, 3, 3, 3});
    vocab.data.types['~'] = 3;
    vocab.merges.insert(vocab.merges.end(), {"x y", "xy z"});
    const Tokenizer tokenizer = create(std::move(vocab));
    EXPECT_EQ(encode(tokenizer, "xyz"), (Ids{263, 'z'}));
    EXPECT_EQ(encode(tokenizer, "hello"), (Ids{'h', 'e', 'l', 'l', 'o'}));
    EXPECT_EQ(encode(tokenizer, "~"), Ids{});
  }
}

TEST(Tokenizer, Llama3TakesAPieceOfTheVocabularyWholeAndOthersDoNot) {
  for (const char* pre : {"llama-bpe", "gpt-2"}) {
    OwnedVocab vocab = byte_vocab(pre);
    vocab.tokens.push_back("zebra");  // 263, and no merges lead to it
    vocab.data.types.push_back(1);
    const Tokenizer tokenizer = create(std::move(vocab));
    const bool whole = std::string_view(pre) == "llama-bpe";
    EXPECT_EQ(encode(tokenizer, "zebra"), whole ? Ids{263} : (Ids{'z', 'e', 'b', 'r', 'a'}));
  }
}

TEST(Tokenizer, QwenTextIsComposedFirst) {
  const Tokenizer qwen = create(byte_vocab("deepseek-r1-qwen"));
  const Tokenizer llama = create(byte_vocab("llama3"));
  EXPECT_EQ(encode(qwen, "e\u0301"), (Ids{0xC3, 0xA9}));
  EXPECT_EQ(encode(llama, "e\u0301"), (Ids{'e', 0xCC, 0x81}));
}

TEST(Tokenizer, InvalidUtf8BecomesReplacementCharacters) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  EXPECT_EQ(encode(tokenizer, "a\xE4\xB8z"), (Ids{'a', 0xEF, 0xBF, 0xBD, 'z'}));
}

TEST(Tokenizer, DecodingGivesBackEveryValidText) {
  std::mt19937 random(5);
  for (const char* pre : {"gpt-2", "llama-bpe", "smollm"}) {
    const Tokenizer tokenizer = create(byte_vocab(pre));
    for (int round = 0; round < 2000; ++round) {
      const std::string text = random_utf8(random, static_cast<int>(random() % 24));
      ASSERT_EQ(tokenizer.decode(encode(tokenizer, text), false), text);
    }
  }
}

TEST(Tokenizer, BosIsAddedWhereTheFileAsksForIt) {
  OwnedVocab vocab = byte_vocab("llama-bpe");
  vocab.data.bos_id = 257;
  EXPECT_EQ(encode(create(vocab), "a", {.match_control_tokens = false, .add_bos = true}),
            (Ids{257, 'a'}));
  EXPECT_EQ(encode(create(vocab), "a"), Ids{'a'});
  vocab.data.add_bos = false;
  EXPECT_EQ(encode(create(vocab), "a", {.match_control_tokens = false, .add_bos = true}), Ids{'a'});
}

TEST(Tokenizer, EndTokensAreEosAndTheKnownEndsOfATurn) {
  OwnedVocab vocab = byte_vocab("qwen2");
  vocab.tokens.insert(vocab.tokens.end(), {"<|im_end|>", "<|eot_id|>", "<|endoftext|>"});
  vocab.data.types.insert(vocab.data.types.end(), {3, 1, 3});  // the second is ordinary text
  vocab.data.eot_id = 257;
  EXPECT_EQ(create(vocab).end_ids(), (Ids{256, 257, 263, 265}));
  EXPECT_EQ(create(vocab).control_ids(), (Ids{256, 257, 263, 265}));
}

TEST(Tokenizer, WithoutTypesTheNamedTokensAreControlTokens) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.data.types.clear();
  const Tokenizer tokenizer = create(std::move(vocab));
  EXPECT_EQ(tokenizer.kind(256), TokenKind::kControl);
  EXPECT_EQ(tokenizer.kind(257), TokenKind::kNormal);
}

TEST(Tokenizer, OfEqualTextsTheLowestIdIsUsed) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.tokens.push_back("ab");
  vocab.data.types.push_back(1);
  EXPECT_EQ(encode(create(vocab), "ab"), Ids{259});
}

TEST(Tokenizer, BytesWithoutATokenAreLeftOut) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.tokens['q'] = "qqqq";
  EXPECT_EQ(encode(create(vocab), "aqa"), (Ids{'a', 'a'}));
}

TEST(Tokenizer, EmptyInvalidAndZeroByteTextsAreAccepted) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  for (const std::string& text : {std::string(), std::string("\xFF\xFE"), std::string("a\0b", 3)}) {
    vocab.tokens.push_back(text);
    vocab.data.types.push_back(3);
  }
  const Tokenizer tokenizer = create(std::move(vocab));
  EXPECT_EQ(encode(tokenizer, std::string("a\0b", 3), kMatchControl), Ids{265});
  EXPECT_EQ(tokenizer.decode(Ids{263, 264}, true), std::string("\uFFFD\uFFFD"));
}

TEST(Tokenizer, MergesWithUnknownPartsAreSkipped) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.merges.insert(vocab.merges.begin(), {"zz top", "a z", "日 本"});
  EXPECT_EQ(encode(create(vocab), "azab"), (Ids{'a', 'z', 259}));
}

TEST(Tokenizer, OfEqualMergesTheFirstRankCounts) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.tokens.push_back("bc");  // 263
  vocab.data.types.push_back(1);
  vocab.merges = {"a b", "b c", "a b"};
  EXPECT_EQ(encode(create(vocab), "abc"), (Ids{259, 'c'}));
}

TEST(Tokenizer, TellsTheJoinsThatLeadToAToken) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  vocab.tokens.insert(vocab.tokens.end(), {"cd", "bcd", "abcd"});  // 263 to 265
  vocab.data.types.insert(vocab.data.types.end(), 3, 1);
  vocab.merges = {"c d", "b cd", "a bcd"};
  const Tokenizer tokenizer = create(std::move(vocab));
  const std::vector<MergeStep> steps = tokenizer.merges_of(265);
  ASSERT_EQ(steps.size(), 3u);
  for (uint32_t i = 0; i < 3; ++i) {
    EXPECT_EQ(steps[i].pos, 2 - i);
    EXPECT_EQ(steps[i].merge.left, "cba"[i]);
    EXPECT_EQ(steps[i].merge.rank, i);
    EXPECT_EQ(steps[i].merge.result, 263 + static_cast<int32_t>(i));
  }
  EXPECT_EQ(steps[2].merge.right, 264);
  EXPECT_TRUE(tokenizer.merges_of('a').empty());
}

TEST(Tokenizer, TextThatIsTooLongIsRefused) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  const auto ids = tokenizer.encode(std::string(Tokenizer::kMaxTextBytes + 1, 'a'), {});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, ErrorCode::kLimit);
}

struct BadVocab {
  const char* name;
  ErrorCode code;
  const char* place;  // part of it
  std::function<void(OwnedVocab&)> change;
};

void expect_refused(const OwnedVocab& good, const BadVocab& bad) {
  const Error error = refused(good, bad.change);
  EXPECT_EQ(error_code_name(error.code), std::string(error_code_name(bad.code))) << bad.name;
  EXPECT_NE(error.place.find(bad.place), std::string::npos) << bad.name << ": " << error.text();
}

TEST(Tokenizer, RefusesWhatIsWrongWithAByteLevelVocabulary) {
  using V = OwnedVocab;
  constexpr ErrorCode kMalformed = ErrorCode::kMalformed;
  const BadVocab cases[] = {
      {"kind", ErrorCode::kUnsupported, "ggml.model", [](V& v) { v.data.model = "nosuch"; }},
      {"no kind", ErrorCode::kUnsupported, "ggml.model", [](V& v) { v.data.model = ""; }},
      {"pre", ErrorCode::kUnsupported, "ggml.pre", [](V& v) { v.data.pre = "nosuch"; }},
      {"no pre", ErrorCode::kUnsupported, "ggml.pre", [](V& v) { v.data.pre = ""; }},
      {"no tokens", kMalformed, "ggml.tokens", [](V& v) { v.tokens.clear(); }},
      {"too many", ErrorCode::kLimit, "ggml.tokens", [](V& v) { v.tokens.resize((1 << 20) + 1); }},
      {"short types", kMalformed, "token_type", [](V& v) { v.data.types.pop_back(); }},
      {"long scores", kMalformed, "scores", [](V& v) { v.data.scores.resize(264); }},
      {"type 7", kMalformed, "token 3", [](V& v) { v.data.types[3] = 7; }},
      {"type -1", kMalformed, "token 3", [](V& v) { v.data.types[3] = -1; }},
      {"long text", ErrorCode::kLimit, "token 5", [](V& v) { v.tokens[5].assign(4097, 'x'); }},
      {"eos", kMalformed, "eos_token_id", [](V& v) { v.data.eos_id = 263; }},
      {"bos", kMalformed, "bos_token_id", [](V& v) { v.data.bos_id = 4294967295; }},
      {"unk", kMalformed, "unknown_token_id", [](V& v) { v.data.unk_id = -1; }},
      {"no end", kMalformed, "eos_token_id", [](V& v) { v.data.eos_id.reset(); }},
      {"no bos", kMalformed, "add_bos_token", [](V& v) { v.data.add_bos = true; }},
      {"merge ab", kMalformed, "merge 1", [](V& v) { v.merges[1] = "ab"; }},
      {"merge space", kMalformed, "merge 1", [](V& v) { v.merges[1] = " "; }},
      {"merge empty", kMalformed, "merge 1", [](V& v) { v.merges[1] = ""; }},
      {"merge of three", kMalformed, "merge 1", [](V& v) { v.merges[1] = "a b c"; }},
      {"merge start", kMalformed, "merge 1", [](V& v) { v.merges[1] = " b"; }},
      {"merge end", kMalformed, "merge 1", [](V& v) { v.merges[1] = "a "; }},
      {"merges", ErrorCode::kLimit, "merges", [](V& v) { v.merges.resize((1 << 22) + 1); }},
  };
  const OwnedVocab good = byte_vocab("gpt-2");
  for (const BadVocab& bad : cases) expect_refused(good, bad);
}

TEST(Tokenizer, RefusesWhatIsWrongWithASentencepieceVocabulary) {
  using V = OwnedVocab;
  constexpr ErrorCode kMalformed = ErrorCode::kMalformed;
  const float infinity = std::numeric_limits<float>::infinity();
  const BadVocab cases[] = {
      {"no scores", kMalformed, "scores", [](V& v) { v.data.scores.clear(); }},
      {"NaN", kMalformed, "token 9", [](V& v) { v.data.scores[9] = std::nanf(""); }},
      {"infinity", kMalformed, "token 9", [&](V& v) { v.data.scores[9] = infinity; }},
      {"minus", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0x-1>"; }},
      {"not hex", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0xZZ>"; }},
      {"three digits", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0x100>"; }},
      {"unclosed", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0x0"; }},
      {"lower case", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0xff>"; }},
      {"duplicate", kMalformed, "token 4", [](V& v) { v.tokens[4] = "<0x00>"; }},
      {"missing", kMalformed, "ggml.tokens", [](V& v) { v.data.types[4] = 5; }},
      {"no unknown", kMalformed, "token_type", [](V& v) { v.data.types[0] = 3; }},
      {"two unknown", kMalformed, "token_type", [](V& v) { v.data.types[1] = 2; }},
  };
  const OwnedVocab good = piece_vocab();
  for (const BadVocab& bad : cases) expect_refused(good, bad);
}

TEST(Tokenizer, ASentencepieceVocabularyIsReadButNotEncoded) {
  const Tokenizer tokenizer = create(piece_vocab());
  EXPECT_EQ(tokenizer.tokenizer_kind(), TokenizerKind::kSentencepiece);
  EXPECT_TRUE(tokenizer.adds_bos());
  const auto ids = tokenizer.encode("a", {});
  ASSERT_FALSE(ids);
  EXPECT_EQ(ids.error().code, ErrorCode::kUnsupported);
  const std::vector<TextSpan> spans = tokenizer.split_literals("<s>a</s>b", true);
  ASSERT_EQ(spans.size(), 4u);
  EXPECT_EQ(spans[0].id, 1);
  EXPECT_EQ(spans[1].text, "a");
  EXPECT_EQ(tokenizer.split_literals("<s>a</s>b", false).size(), 1u);
}

// merges "a a", "aa aa", ... : as many joins as there are, in n log n.
TEST(Tokenizer, AMillionEqualLettersTakeLittleTime) {
  OwnedVocab vocab = byte_vocab("gpt-2");
  std::string half = "a";
  for (int i = 0; i < 6; ++i) {
    vocab.merges.push_back(half + " " + half);
    half += half;
    vocab.tokens.push_back(half);
    vocab.data.types.push_back(1);
  }
  const Tokenizer tokenizer = create(std::move(vocab));
  const Ids ids = encode(tokenizer, std::string(1 << 20, 'a'));
  EXPECT_EQ(ids, Ids(1 << 14, 268));
}

TEST(VocabGguf, ReadsEveryKeyAndChecksTypes) {
  OwnedVocab vocab = byte_vocab("smollm");
  const auto file = [&](bool good_types) {
    GgufWriter writer;
    writer.add_string("tokenizer.ggml.model", "gpt2");
    writer.add_string("tokenizer.ggml.pre", "smollm");
    writer.add_strings("tokenizer.ggml.tokens", vocab.tokens);
    writer.add_strings("tokenizer.ggml.merges", vocab.merges);
    if (good_types) {
      writer.add_array<int32_t>("tokenizer.ggml.token_type", vocab.data.types);
    } else {
      const std::vector<uint8_t> bytes(vocab.tokens.size(), 1);
      writer.add_array<uint8_t>("tokenizer.ggml.token_type", bytes);
    }
    writer.add<uint32_t>("tokenizer.ggml.eos_token_id", 256);
    writer.add<uint32_t>("tokenizer.ggml.bos_token_id", 257);
    writer.add<bool>("tokenizer.ggml.add_bos_token", true);
    const uint64_t dims[] = {1};
    const float zero = 0;
    writer.add_tensor("x", dims, TensorType::kF32,
                      {reinterpret_cast<const uint8_t*>(&zero), sizeof zero});
    return writer.finish();
  };
  const Result<GgufHeader> header = parse_gguf_header(file(true));
  ASSERT_TRUE(header) << header.error().text();
  const Result<VocabData> data = vocab_from_gguf(header->metadata);
  ASSERT_TRUE(data) << data.error().text();
  const Result<Tokenizer> tokenizer = Tokenizer::create(*data);
  ASSERT_TRUE(tokenizer) << tokenizer.error().text();
  EXPECT_EQ(encode(*tokenizer, "abc 1<|end|>", {.match_control_tokens = true, .add_bos = true}),
            (Ids{257, 260, ' ', '1', 256}));

  const Result<GgufHeader> bad = parse_gguf_header(file(false));
  ASSERT_TRUE(bad) << bad.error().text();
  const Result<VocabData> refused_data = vocab_from_gguf(bad->metadata);
  ASSERT_FALSE(refused_data);
  EXPECT_NE(refused_data.error().place.find("token_type"), std::string::npos);
}

}  // namespace
}  // namespace nanoinfer
