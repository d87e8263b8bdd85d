// The sampler's stages, and errors, as JSON.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/trace/info.h"

namespace nanoinfer {
namespace {

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
  const nlohmann::json json = nlohmann::json::parse(sampler_stages_json(*sampler), nullptr, false);
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
  const nlohmann::json json = nlohmann::json::parse(sampler_stages_json(*sampler), nullptr, false);
  EXPECT_TRUE(json["random"].is_null());
  EXPECT_EQ(json["chosen"], 1);
}

TEST(ErrorJson, HoldsEveryPartAndNoBrokenText) {
  const nlohmann::json json = nlohmann::json::parse(
      error_json({ErrorCode::kMalformed, "bad \xff", "byte 3\n", "\"GGUF\"", "\\"}), nullptr,
      false);
  ASSERT_TRUE(json.is_object());
  EXPECT_EQ(json["code"], "malformed");
  EXPECT_EQ(json["message"], "bad \xef\xbf\xbd");
  EXPECT_EQ(json["place"], "byte 3\n");
  EXPECT_EQ(json["expected"], "\"GGUF\"");
  EXPECT_EQ(json["actual"], "\\");
}

}  // namespace
}  // namespace nanoinfer
