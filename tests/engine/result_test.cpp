#include "engine/base/result.h"

#include <gtest/gtest.h>

#include <string>

namespace nanoinfer {
namespace {

TEST(Result, ErrorTextNamesPlaceExpectedAndActual) {
  const Error error{.code = ErrorCode::kTruncated,
                    .message = "the file ends inside the header",
                    .place = "byte 24",
                    .expected = "8 bytes",
                    .actual = "3"};
  EXPECT_EQ(error.text(), "the file ends inside the header (byte 24; expected 8 bytes; got 3)");
}

TEST(Result, ErrorTextWithoutDetailsIsTheMessage) {
  Error error;
  error.message = "out of memory";
  EXPECT_EQ(error.text(), "out of memory");
}

TEST(Result, EveryCodeHasAStableName) {
  EXPECT_STREQ(error_code_name(ErrorCode::kTruncated), "truncated");
  EXPECT_STREQ(error_code_name(ErrorCode::kOutOfMemory), "out_of_memory");
  EXPECT_STREQ(error_code_name(ErrorCode::kIo), "io");
}

TEST(Result, HoldsAValueOrAnError) {
  Result<std::string> value = std::string("seven");
  ASSERT_TRUE(value);
  EXPECT_EQ(*value, "seven");
  const Status failure = Error();
  EXPECT_FALSE(failure);
}

}  // namespace
}  // namespace nanoinfer
