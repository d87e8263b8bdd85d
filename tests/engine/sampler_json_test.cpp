// The sampler's parameters and stages as JSON.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "engine/trace/info.h"
#include "engine/trace/json.h"

namespace nanoinfer {
namespace {

SamplerParams read(const std::string& text) {
  const Result<SamplerParams> params = sampler_params_from_json(text);
  EXPECT_TRUE(params) << text << ": " << (params ? "" : params.error().text());
  return params ? *params : SamplerParams();
}

std::string refused(const std::string& text) {
  const Result<SamplerParams> params = sampler_params_from_json(text);
  if (params) return "accepted";
  EXPECT_EQ(params.error().code, ErrorCode::kBadArgument);
  return params.error().place;
}

TEST(SamplerParamsJson, ReadsEveryParameter) {
  const SamplerParams params = read(
      R"({"temperature": 0.5, "top_k": 7, "top_p": 0.25, "min_p": 0.125, "repetition_penalty": 1.5,
          "presence_penalty": -1, "frequency_penalty": 2, "penalty_window": 9,
          "logit_bias": {"3": -100, "5": 0.5}, "seed": 18446744073709551615})");
  EXPECT_EQ(params.temperature, 0.5f);
  EXPECT_EQ(params.top_k, 7u);
  EXPECT_EQ(params.top_p, 0.25f);
  EXPECT_EQ(params.min_p, 0.125f);
  EXPECT_EQ(params.repetition_penalty, 1.5f);
  EXPECT_EQ(params.presence_penalty, -1.0f);
  EXPECT_EQ(params.frequency_penalty, 2.0f);
  EXPECT_EQ(params.penalty_window, 9u);
  const std::vector<std::pair<int32_t, float>> bias = {{3, -100.0f}, {5, 0.5f}};
  EXPECT_EQ(params.logit_bias, bias);
  EXPECT_EQ(params.seed, UINT64_MAX);
}

TEST(SamplerParamsJson, KeepsTheDefaultsOfWhatIsLeftOut) {
  const SamplerParams params = read("{}");
  EXPECT_EQ(params.temperature, 0.8f);
  EXPECT_EQ(params.top_k, 40u);
  EXPECT_EQ(params.top_p, 0.95f);
  EXPECT_EQ(params.min_p, 0.05f);
  EXPECT_EQ(params.penalty_window, 64u);
  EXPECT_EQ(params.seed, 1u);
}

TEST(SamplerParamsJson, TakesWholeNumbersHoweverTheyAreWritten) {
  EXPECT_EQ(read(R"({"top_k": 4e1})").top_k, 40u);
  EXPECT_EQ(read(R"({"seed": 9007199254740992.0})").seed, 9007199254740992u);
}

TEST(SamplerParamsJson, RefusesByName) {
  for (const char* text :
       {"", "null", "[]", "7", "{\"temperature\": NaN}", "{\"top_k\": 1", "{} {}"}) {
    EXPECT_EQ(refused(text), "parameters") << text;
  }
  EXPECT_EQ(refused(R"({"temprature": 1})"), "temprature");
  EXPECT_EQ(refused(R"({"temperature": null})"), "temperature");
  EXPECT_EQ(refused(R"({"temperature": "1"})"), "temperature");
  EXPECT_EQ(refused(R"({"top_p": [0.5]})"), "top_p");
  for (const char* value : {"-1", "1.5", "4294967296", "1e300", "true", "\"5\""}) {
    EXPECT_EQ(refused("{\"top_k\": " + std::string(value) + "}"), "top_k") << value;
    EXPECT_EQ(refused("{\"penalty_window\": " + std::string(value) + "}"), "penalty_window")
        << value;
  }
  for (const char* value : {"-1", "1.5", "18446744073709551616", "null"}) {
    EXPECT_EQ(refused("{\"seed\": " + std::string(value) + "}"), "seed") << value;
  }
  for (const char* value :
       {"[]", "{\"x\": 1}", "{\"1x\": 1}", "{\"\": 1}", "{\"1\": \"a\"}", "{\"99999999999\": 1}"}) {
    EXPECT_EQ(refused("{\"logit_bias\": " + std::string(value) + "}"), "logit_bias") << value;
  }
}

TEST(SamplerParamsJson, SurvivesDeepNesting) {
  const std::string deep =
      "{\"top_p\": " + std::string(200000, '[') + std::string(200000, ']') + "}";
  EXPECT_EQ(refused(deep), "top_p");
}

TEST(SamplerStagesJson, TellsEveryStageAndTheChoice) {
  SamplerParams params;
  params.top_k = 2;
  params.top_p = 1;
  params.min_p = 0;
  params.temperature = 1;
  Result<Sampler> sampler = Sampler::create(params, 3);
  ASSERT_TRUE(sampler);
  const Result<int32_t> id = sampler->sample(std::vector<float>{1, 3, 2});
  ASSERT_TRUE(id);
  const Json json = Json::parse(sampler_stages_json(*sampler), nullptr, false);
  ASSERT_TRUE(json.is_object());
  ASSERT_EQ(json["stages"].size(), 3u);
  EXPECT_EQ(json["stages"][0]["stage"], "logits");
  EXPECT_EQ(json["stages"][0]["kept"], 3);
  EXPECT_EQ(json["stages"][2]["stage"], "top_k");
  EXPECT_EQ(json["stages"][2]["kept"], 2);
  EXPECT_EQ(json["stages"][2]["top"][0]["id"], 1);
  EXPECT_EQ(json["stages"][2]["top"][0]["logit"], 3.0);
  EXPECT_NEAR(json["stages"][2]["top"][0]["p"].get<double>(), 0.7310586, 1e-6);
  EXPECT_EQ(json["chosen"], *id);
  EXPECT_EQ(json["random"].get<double>(), sampler->random());
}

TEST(SamplerStagesJson, HasNoRandomNumberWhenGreedy) {
  SamplerParams params;
  params.temperature = 0;
  Result<Sampler> sampler = Sampler::create(params, 2);
  ASSERT_TRUE(sampler);
  ASSERT_TRUE(sampler->sample(std::vector<float>{1, 3}));
  const Json json = Json::parse(sampler_stages_json(*sampler), nullptr, false);
  EXPECT_TRUE(json["random"].is_null());
  EXPECT_EQ(json["chosen"], 1);
}

TEST(ErrorJson, HoldsEveryPartAndNoBrokenText) {
  const Json json = Json::parse(
      error_json({ErrorCode::kMalformed, "bad \xff", "byte 3", "\"GGUF\"", "x"}), nullptr, false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["code"], "malformed");
  EXPECT_EQ(json["message"], "bad \xef\xbf\xbd");
  EXPECT_EQ(json["place"], "byte 3");
  EXPECT_EQ(json["expected"], "\"GGUF\"");
  EXPECT_EQ(json["actual"], "x");
}

}  // namespace
}  // namespace nanoinfer
