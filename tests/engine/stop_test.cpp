// Stop strings in streamed text.
#include "engine/run/stop.h"

#include <gtest/gtest.h>

namespace nanoinfer {
namespace {

using Pieces = std::vector<std::string>;

// What is shown of a text that comes in pieces, in the pieces in which it is shown.
Pieces shown(StopMatcher matcher, const Pieces& pieces) {
  Pieces out;
  for (const std::string& piece : pieces) out.push_back(matcher.push(piece));
  out.push_back(matcher.flush());
  return out;
}

TEST(StopMatcher, ShowsEverythingWithoutStopStrings) {
  EXPECT_EQ(shown(StopMatcher({}), {"a", "b"}), (Pieces{"a", "b", ""}));
  EXPECT_EQ(shown(StopMatcher({""}), {"a", "b"}), (Pieces{"a", "b", ""}));
}

TEST(StopMatcher, EndsAtAStopStringSpreadOverPieces) {
  StopMatcher matcher({"User:"});
  EXPECT_EQ(matcher.push("Hello U"), "Hello ");
  EXPECT_EQ(matcher.push("se"), "");
  EXPECT_EQ(matcher.matched(), nullptr);
  EXPECT_EQ(matcher.push("r: what"), "");
  ASSERT_NE(matcher.matched(), nullptr);
  EXPECT_EQ(*matcher.matched(), "User:");
  EXPECT_EQ(matcher.push("more"), "");
  EXPECT_EQ(matcher.flush(), "");
}

TEST(StopMatcher, ShowsWhatWasHeldBackOnceItCannotMatch) {
  EXPECT_EQ(shown(StopMatcher({"User:"}), {"Use", "less", " U"}),
            (Pieces{"", "Useless", " ", "U"}));
}

TEST(StopMatcher, HoldsBackTheLongestPossibleBeginning) {
  EXPECT_EQ(shown(StopMatcher({"aab"}), {"a", "a", "a", "b", "c"}),
            (Pieces{"", "", "a", "", "", ""}));
}

TEST(StopMatcher, TakesTheFirstOfSeveral) {
  StopMatcher matcher({"later", "\n\n", "soon"});
  EXPECT_EQ(matcher.push("one soon\n\nlater"), "one ");
  EXPECT_EQ(*matcher.matched(), "soon");
}

TEST(StopMatcher, GivesTheSameTextHoweverItIsCut) {
  const std::string text = "abab\nababc ab";
  for (const Pieces& stops : {Pieces{"ababc"}, Pieces{"b\n", "abc"}, Pieces{"x"},
                              Pieces{"ab\nb", "abb"}, Pieces{"bab\na", "ab\n"}}) {
    std::string whole;
    for (const std::string& piece : shown(StopMatcher(stops), {text})) whole += piece;
    for (size_t size = 1; size < 5; ++size) {
      Pieces pieces;
      for (size_t at = 0; at < text.size(); at += size) pieces.push_back(text.substr(at, size));
      std::string together;
      for (const std::string& piece : shown(StopMatcher(stops), pieces)) together += piece;
      EXPECT_EQ(together, whole) << "stop " << stops[0] << ", pieces of " << size;
    }
  }
}

}  // namespace
}  // namespace nanoinfer
