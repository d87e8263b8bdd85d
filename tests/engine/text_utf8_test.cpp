#include <gtest/gtest.h>

#include "engine/text/unicode.h"
#include "engine/text/utf8.h"
#include "tests/engine/text_testing.h"

namespace nanoinfer {
namespace {

const std::string kBad(kReplacementUtf8);

TEST(Utf8, EachMaximalIllFormedSubsequenceIsOneReplacement) {
  EXPECT_EQ(to_valid_utf8("a\x80z"), "a" + kBad + "z");
  EXPECT_EQ(to_valid_utf8("\xC0\x80"), kBad + kBad);                        // overlong
  EXPECT_EQ(to_valid_utf8("\xE0\x80\x80"), kBad + kBad + kBad);             // overlong
  EXPECT_EQ(to_valid_utf8("\xED\xA0\x80"), kBad + kBad + kBad);             // a surrogate
  EXPECT_EQ(to_valid_utf8("\xF4\x90\x80\x80"), kBad + kBad + kBad + kBad);  // above U+10FFFF
  EXPECT_EQ(to_valid_utf8("\xE4\xB8z"), kBad + "z");                        // two bytes of three
  EXPECT_EQ(to_valid_utf8("\xF0\x9F\x98"), kBad);                           // three bytes of four
  // The Unicode Standard's example, table 3-8 ff.
  EXPECT_EQ(to_valid_utf8("\x61\xF1\x80\x80\xE1\x80\xC2\x62\x80\x63\x80\xBF\x64"),
            "a" + kBad + kBad + kBad + "b" + kBad + "c" + kBad + kBad + "d");
}

TEST(Utf8, EveryScalarValueReadsBackAndIsValid) {
  for (char32_t c = 0; c <= 0x10FFFF; ++c) {
    if (c >= 0xD800 && c < 0xE000) continue;
    std::string text;
    append_utf8(text, c);
    const Utf8Step step = next_utf8(text);
    ASSERT_EQ(step.kind, Utf8Step::Kind::kCharacter) << static_cast<uint32_t>(c);
    ASSERT_TRUE(step.code_point == c);
    ASSERT_EQ(step.n_bytes, text.size());
  }
}

TEST(Utf8, TheIncrementalDecoderGivesTheSameHoweverTheBytesAreCut) {
  std::mt19937 random(1);
  for (int round = 0; round < 300; ++round) {
    std::string bytes = random_utf8(random, 12);
    for (int i = 0; i < 3; ++i) bytes[random() % bytes.size()] = static_cast<char>(random());
    const std::string expected = to_valid_utf8(bytes);
    ASSERT_TRUE(is_valid_utf8(expected));
    for (size_t cut = 0; cut <= bytes.size(); ++cut) {
      Utf8Decoder decoder;
      std::string text;
      decoder.push(std::string_view(bytes).substr(0, cut), text);
      ASSERT_TRUE(is_valid_utf8(text));
      decoder.push(std::string_view(bytes).substr(cut), text);
      decoder.flush(text);
      ASSERT_EQ(text, expected);
    }
  }
}

TEST(Unicode, ClassesAreThoseOfTheStatedVersion) {
  EXPECT_STREQ(unicode_version(), "16.0.0");
  EXPECT_EQ(char_class(U'a'), CharClass::kLetter);
  EXPECT_EQ(char_class(U'ª'), CharClass::kLetter);
  EXPECT_EQ(char_class(0x1C89), CharClass::kLetter);   // new in 16.0
  EXPECT_EQ(char_class(0x088F), CharClass::kOther);    // a letter from 17.0 on
  EXPECT_EQ(char_class(0x2A6DF), CharClass::kLetter);  // last of a long run
  EXPECT_EQ(char_class(0x2A6E0), CharClass::kOther);
  EXPECT_EQ(char_class(U'½'), CharClass::kNumber);
  EXPECT_EQ(char_class(0x3007), CharClass::kNumber);
  EXPECT_EQ(char_class(0x301), CharClass::kOther);  // a mark
  EXPECT_EQ(char_class(0x10FFFF), CharClass::kOther);
  int n_spaces = 0;
  for (char32_t c = 0; c <= 0x10FFFF; ++c) n_spaces += char_class(c) == CharClass::kWhitespace;
  EXPECT_EQ(n_spaces, 25);
}

TEST(Unicode, NfcComposesReordersAndLeavesExclusions) {
  EXPECT_EQ(to_nfc("e\u0301"), "é");
  EXPECT_EQ(to_nfc("\u212B"), "Å");                     // singleton
  EXPECT_EQ(to_nfc("q\u0307\u0323"), "q\u0323\u0307");  // order of marks
  EXPECT_EQ(to_nfc("a\u0315\u0300"), "\u00E0\u0315");   // a mark between does not block
  EXPECT_EQ(to_nfc("a\u0305\u0301"), "a\u0305\u0301");  // one of the same class does
  EXPECT_EQ(to_nfc("\u0958"), "\u0915\u093C");          // composition exclusion
  EXPECT_EQ(to_nfc("\u1100\u1161\u11A8"), "\uAC01");    // Hangul
  EXPECT_EQ(to_nfc("\uAC01\u11A8"), "\uAC01\u11A8");    // has a trailing consonant already
  EXPECT_EQ(to_nfc("\u0344"), "\u0308\u0301");          // non-starter decomposition
  EXPECT_EQ(to_nfc("o\u0302\u0303"), "\u1ED7");         // composed twice
}

TEST(Unicode, NfcOfNfcIsItself) {
  std::mt19937 random(2);
  for (int round = 0; round < 2000; ++round) {
    std::string text;
    for (int i = 0; i < 8; ++i) {
      const auto letter = 0x41 + random() % 0x300, mark = 0x300 + random() % 0x50;
      append_utf8(text, static_cast<char32_t>(random() % 2 ? mark : letter));
    }
    const std::string once = to_nfc(text);
    ASSERT_EQ(to_nfc(once), once);
  }
}

}  // namespace
}  // namespace nanoinfer
