#include <algorithm>
#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engine/gguf/metadata.h"
#include "engine/gguf/writer.h"
#include "tests/engine/gguf_testing.h"

namespace nanoinfer {
namespace {

// The metadata of a file that also has a tensor.
Metadata read(GgufWriter& writer) {
  writer.add_tensor("t", std::vector<uint64_t>{8}, TensorType::kF32, std::vector<uint8_t>(32));
  Result<GgufHeader> header = parse_gguf_header(writer.finish());
  EXPECT_TRUE(header) << header.error().text();
  return header ? std::move(header->metadata) : Metadata();
}

template <typename T>
std::string error_of(const Result<T>& result) {
  if (result) return "no error";
  return std::string(error_code_name(result.error().code)) + ": " + result.error().text();
}

TEST(GgufMetadata, AnyIntegerTypeThatFitsIsReadAsTheOneAskedFor) {
  GgufWriter writer;
  writer.add<uint8_t>("u8", 200);
  writer.add<int8_t>("i8", -100);
  writer.add<uint16_t>("u16", 60000);
  writer.add<int16_t>("i16", -30000);
  writer.add<uint32_t>("u32", 4000000000);
  writer.add<int32_t>("i32", -2000000000);
  writer.add<uint64_t>("u64", 4000000000);
  writer.add<int64_t>("i64", -2000000000);
  const Metadata metadata = read(writer);
  EXPECT_EQ(*metadata.get_u32("u8"), 200u);
  EXPECT_EQ(*metadata.get_i32("i8"), -100);
  EXPECT_EQ(*metadata.get_u32("u16"), 60000u);
  EXPECT_EQ(*metadata.get_i32("u16"), 60000);
  EXPECT_EQ(*metadata.get_i32("i16"), -30000);
  EXPECT_EQ(*metadata.get_u32("u32"), 4000000000u);
  EXPECT_EQ(*metadata.get_i32("i32"), -2000000000);
  EXPECT_EQ(*metadata.get_u32("u64"), 4000000000u);
  EXPECT_EQ(*metadata.get_i32("i64"), -2000000000);
  const std::string range = "malformed: a metadata value is out of range (key ";
  EXPECT_EQ(error_of(metadata.get_u32("i8")), range + "i8; expected 0 to 4294967295; got -100)");
  EXPECT_EQ(error_of(metadata.get_i32("u32")),
            range + "u32; expected -2147483648 to 2147483647; got 4000000000)");
  EXPECT_EQ(error_of(metadata.get_u32("i64")),
            range + "i64; expected 0 to 4294967295; got -2000000000)");
}

TEST(GgufMetadata, ErrorsNameTheKeyTheTypeWantedAndTheTypeFound) {
  GgufWriter writer;
  writer.add<float>("f32", 3.5f);
  writer.add<double>("f64", 3.5);
  writer.add_string("string", "3");
  writer.add<uint32_t>("u32", 3);
  writer.add_array<uint32_t>("u32s", std::array<uint32_t, 1>{3});
  writer.add_array<uint8_t>("u8s", std::array<uint8_t, 1>{3});
  const Metadata metadata = read(writer);
  const std::string wrong = "malformed: a metadata value has the wrong type (key ";
  EXPECT_EQ(error_of(metadata.get_u32("f32")), wrong + "f32; expected an integer; got f32)");
  EXPECT_EQ(error_of(metadata.get_u32("string")),
            wrong + "string; expected an integer; got string)");
  EXPECT_EQ(error_of(metadata.get_i32("u32s")),
            wrong + "u32s; expected an integer; got array of u32)");
  EXPECT_EQ(error_of(metadata.get_f32("f64")), wrong + "f64; expected f32; got f64)");
  EXPECT_EQ(error_of(metadata.get_bool("u32")), wrong + "u32; expected bool; got u32)");
  EXPECT_EQ(error_of(metadata.get_string("u32")), wrong + "u32; expected string; got u32)");
  EXPECT_EQ(error_of(metadata.get_strings("string")),
            wrong + "string; expected array of string; got string)");
  EXPECT_EQ(error_of(metadata.get_f32s("u8s")),
            wrong + "u8s; expected array of f32; got array of u8)");
  EXPECT_EQ(error_of(metadata.get_i32s("u8s")),
            wrong + "u8s; expected array of i32 or u32; got array of u8)");
  EXPECT_EQ(error_of(metadata.get_u32s("u32")),
            wrong + "u32; expected array of i32 or u32; got u32)");
}

TEST(GgufMetadata, AnAbsentKeyIsAnErrorOrTheDefault) {
  GgufWriter writer;
  writer.add_string("there", "text");
  const Metadata metadata = read(writer);
  const std::string missing = "malformed: a metadata key is missing (key absent)";
  EXPECT_EQ(error_of(metadata.get_u32("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_i32("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_f32("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_bool("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_string("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_strings("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_u32s("absent")), missing);
  EXPECT_EQ(error_of(metadata.get_f32s("absent")), missing);
  EXPECT_EQ(*metadata.u32_or("absent", 7), 7u);
  EXPECT_EQ(*metadata.i32_or("absent", -7), -7);
  EXPECT_EQ(*metadata.f32_or("absent", 0.5f), 0.5f);
  EXPECT_EQ(*metadata.bool_or("absent", true), true);
  EXPECT_EQ(*metadata.string_or("absent", "none"), "none");
  EXPECT_FALSE(metadata.u32_or("there", 7)) << "a wrong type is an error all the same";
  EXPECT_FALSE(metadata.bool_or("there", true));
  EXPECT_EQ(*metadata.string_or("there", "none"), "text");
}

TEST(GgufMetadata, ReadsFloatsBoolsAndTexts) {
  using namespace std::string_view_literals;
  GgufWriter writer;
  writer.add<float>("f32", -0.1f);
  writer.add<bool>("yes", true);
  writer.add<bool>("no", false);
  writer.add_string("empty", "");
  writer.add_string("bytes", "a\0b\xff"sv);
  const Metadata metadata = read(writer);
  EXPECT_EQ(*metadata.get_f32("f32"), -0.1f);
  EXPECT_TRUE(*metadata.get_bool("yes"));
  EXPECT_FALSE(*metadata.get_bool("no"));
  EXPECT_EQ(*metadata.get_string("empty"), "");
  EXPECT_EQ(*metadata.get_string("bytes"), "a\0b\xff"sv);
}

TEST(GgufMetadata, ReadsArrays) {
  GgufWriter writer;
  writer.add_array<int32_t>("i32s", std::vector<int32_t>{-1, 0, 7});
  writer.add_array<uint32_t>("u32s", std::vector<uint32_t>{3, 4000000000});
  writer.add_array<float>("f32s", std::vector<float>{1.0f, -2.5f});
  writer.add_array<float>("none", std::vector<float>{});
  writer.add_strings("first", std::vector<std::string>{"", "eins"});
  writer.add_strings("no words", {});
  writer.add_strings("second", std::vector<std::string>{"zwei", "drei", "\xf0\x9f\x98\x80"});
  const Metadata metadata = read(writer);
  EXPECT_EQ(*metadata.get_i32s("i32s"), (std::vector<int32_t>{-1, 0, 7}));
  EXPECT_EQ(*metadata.get_u32s("u32s"), (std::vector<uint32_t>{3, 4000000000}));
  EXPECT_EQ(*metadata.get_f32s("f32s"), (std::vector<float>{1.0f, -2.5f}));
  EXPECT_TRUE(metadata.get_f32s("none")->empty());
  EXPECT_EQ(error_of(metadata.get_u32s("i32s")),
            "malformed: a metadata value is out of range (key i32s; expected 0 to 4294967295; "
            "got -1)");
  EXPECT_FALSE(metadata.get_i32s("u32s")) << "4000000000 is no int32";
  const StringArray first = *metadata.get_strings("first");
  ASSERT_EQ(first.size(), 2u);
  EXPECT_EQ(first[0], "");
  EXPECT_EQ(first[1], "eins");
  EXPECT_EQ(metadata.get_strings("no words")->size(), 0u);
  const StringArray second = *metadata.get_strings("second");
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(second[0], "zwei");
  EXPECT_EQ(second[2], "\xf0\x9f\x98\x80");
}

TEST(GgufMetadata, ViewsOutliveAMove) {
  GgufWriter writer;
  writer.add_strings("words", std::vector<std::string>{"eins", "zwei"});
  writer.add_string("text", "short");
  Metadata metadata = read(writer);
  const StringArray words = *metadata.get_strings("words");
  const std::string_view text = *metadata.get_string("text");
  const Metadata moved = std::move(metadata);
  EXPECT_EQ(words[1], "zwei");
  EXPECT_EQ(text, "short");
  EXPECT_EQ(*moved.get_string("text"), "short");
}

TEST(GgufMetadata, EntriesKeepTheOrderOfTheFile) {
  GgufWriter writer;
  for (const char* key : {"z", "a", "__proto__", "m"}) writer.add<uint8_t>(key, 1);
  const Metadata metadata = read(writer);
  ASSERT_EQ(metadata.size(), 4u);
  EXPECT_EQ(metadata.key(0), "z");
  EXPECT_EQ(metadata.key(2), "__proto__");
  for (size_t i = 0; i < 4; ++i) EXPECT_EQ(metadata.find(metadata.key(i)), &metadata.entry(i));
  EXPECT_FALSE(metadata.contains("zz"));
  EXPECT_FALSE(metadata.contains(""));
}

TEST(GgufMetadata, ValuesAreShownAsText) {
  GgufWriter writer;
  writer.add<uint64_t>("u64", 18446744073709551615u);
  writer.add<int8_t>("i8", -100);
  writer.add<float>("f32", 0.1f);
  writer.add<double>("f64", 1e-5);
  writer.add<bool>("bool", true);
  writer.add_string("text", "K\xc3\xa4se");
  writer.add_strings("words", std::vector<std::string>{"a", "b"});
  const Metadata metadata = read(writer);
  const auto shown = [&metadata](std::string_view key) {
    return metadata.value_text(*metadata.find(key), 2);
  };
  EXPECT_EQ(shown("u64"), "18446744073709551615");
  EXPECT_EQ(shown("i8"), "-100");
  EXPECT_EQ(shown("f32"), "0.1");
  EXPECT_EQ(shown("f64"), "1e-05");
  EXPECT_EQ(shown("bool"), "true");
  EXPECT_EQ(shown("text"), "K...") << "never half a character";
  EXPECT_EQ(metadata.value_text(*metadata.find("text"), 5), "K\xc3\xa4se");
  EXPECT_EQ(shown("words"), "[2 x string]");
}

TEST(GgufMetadata, AnEmptyOneHasNoKeys) {
  const Metadata metadata;
  EXPECT_EQ(metadata.size(), 0u);
  EXPECT_FALSE(metadata.contains("x"));
  EXPECT_FALSE(metadata.get_u32("x"));
}

}  // namespace
}  // namespace nanoinfer
