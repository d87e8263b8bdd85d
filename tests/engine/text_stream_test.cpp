#include "engine/text/text_stream.h"

#include <gtest/gtest.h>

#include "tests/engine/text_testing.h"

namespace nanoinfer {
namespace {

Tokenizer create(OwnedVocab vocab) {
  Result<Tokenizer> tokenizer = Tokenizer::create(vocab.view());
  EXPECT_TRUE(tokenizer) << tokenizer.error().text();
  return std::move(*tokenizer);
}

TEST(TextStream, ACharacterOfFourTokensAppearsWithItsLast) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  TextStream stream(tokenizer, false);
  EXPECT_EQ(stream.push('a'), "a");
  EXPECT_EQ(stream.push(0xF0), "");
  EXPECT_EQ(stream.push(0x9F), "");
  EXPECT_EQ(stream.push(0x98), "");
  EXPECT_EQ(stream.push(0x80), "😀");
  EXPECT_EQ(stream.flush(), "");
}

TEST(TextStream, WhatCannotBecomeACharacterIsReplacedAtOnce) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  TextStream stream(tokenizer, false);
  EXPECT_EQ(stream.push(0xE4), "");
  EXPECT_EQ(stream.push('b'), "\uFFFDb");
  EXPECT_EQ(stream.push(0x80), "\uFFFD");
  EXPECT_EQ(stream.push(0xE4), "");
  EXPECT_EQ(stream.flush(), "\uFFFD");
  EXPECT_EQ(stream.flush(), "");
}

TEST(TextStream, ControlTokensShowOnlyWhenAsked) {
  const Tokenizer tokenizer = create(byte_vocab("gpt-2"));
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{'a', 256, 258, 'b'}, false), "a<tool>b");
  EXPECT_EQ(tokenizer.decode(std::vector<int32_t>{'a', 256, 258, 'b'}, true), "a<|end|><tool>b");
}

TEST(TextStream, SentencepiecesLeadingSpaceIsTakenOffOnce) {
  const Tokenizer tokenizer = create(piece_vocab());
  const int32_t space = 259, space_a = 260, byte_e = 3 + 0xC3, byte_9 = 3 + 0xA9;
  const auto decode = [&](std::vector<int32_t> ids) { return tokenizer.decode(ids, false); };
  EXPECT_EQ(decode({space_a, space_a}), "a a");
  EXPECT_EQ(decode({1, space_a, space, space_a}), "a  a");
  EXPECT_EQ(decode({space, space_a}), " a");
  EXPECT_EQ(decode({byte_e, byte_9, space_a}), "é a");
  EXPECT_EQ(decode({0, space_a}), " \u2047  a");

  OwnedVocab plain = piece_vocab();
  plain.data.add_space_prefix = false;
  EXPECT_EQ(create(std::move(plain)).decode(std::vector<int32_t>{space_a}, false), " a");
}

// Random ids, which make every kind of broken character.
TEST(TextStream, PushedTextPutTogetherIsTheFullDecode) {
  std::mt19937 random(6);
  for (const Tokenizer& tokenizer : {create(byte_vocab("gpt-2")), create(piece_vocab())}) {
    for (int round = 0; round < 3000; ++round) {
      std::vector<int32_t> ids(random() % 12);
      for (int32_t& id : ids) {
        id = static_cast<int32_t>(random() % static_cast<uint32_t>(tokenizer.n_vocab()));
      }
      for (const bool show_control : {false, true}) {
        const std::string whole = tokenizer.decode(ids, show_control);
        ASSERT_TRUE(is_valid_utf8(whole));
        TextStream stream(tokenizer, show_control);
        std::string text;
        for (const int32_t id : ids) {
          const std::string part = stream.push(id);
          ASSERT_TRUE(is_valid_utf8(part));
          text += part;
          ASSERT_EQ(whole.substr(0, text.size()), text);
        }
        ASSERT_EQ(text + stream.flush(), whole);
      }
    }
  }
}

}  // namespace
}  // namespace nanoinfer
