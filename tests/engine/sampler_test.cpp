// The sampler against hand-worked cases, softmax and itself.
#include "engine/run/sampler.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

namespace nanoinfer {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

// Everything off: samples the softmax of the logits as they are.
SamplerParams plain() {
  SamplerParams params;
  params.temperature = 1;
  params.top_k = 0;
  params.top_p = 1;
  params.min_p = 0;
  return params;
}

SamplerParams greedy() {
  SamplerParams params = plain();
  params.temperature = 0;
  return params;
}

Sampler make(const SamplerParams& params, size_t n_vocab) {
  Result<Sampler> sampler = Sampler::create(params, static_cast<uint32_t>(n_vocab));
  EXPECT_TRUE(sampler) << (sampler ? "" : sampler.error().text());
  return std::move(*sampler);
}

int32_t draw(Sampler& sampler, const std::vector<float>& logits) {
  const Result<int32_t> id = sampler.sample(logits);
  EXPECT_TRUE(id) << (id ? "" : id.error().text());
  return id ? *id : -1;
}

// n logits that look random and never repeat a run.
std::vector<float> scattered(size_t n, uint64_t seed = 7) {
  Pcg32 generator(seed);
  std::vector<float> logits(n);
  for (float& logit : logits) logit = static_cast<float>(generator.uniform() * 16 - 8);
  return logits;
}

std::set<int32_t> ids_drawn(const SamplerParams& params, const std::vector<float>& logits, int n) {
  Sampler sampler = make(params, logits.size());
  std::set<int32_t> ids;
  for (int i = 0; i < n; ++i) ids.insert(draw(sampler, logits));
  return ids;
}

const SamplerStage* find_stage(const std::vector<SamplerStage>& stages, const std::string& name) {
  for (const SamplerStage& stage : stages) {
    if (stage.name == name) return &stage;
  }
  return nullptr;
}

std::string refusal(const SamplerParams& params) {
  const Result<Sampler> sampler = Sampler::create(params, 10);
  if (sampler) return "accepted";
  EXPECT_EQ(sampler.error().code, ErrorCode::kBadArgument);
  return sampler.error().place;
}

TEST(Pcg32, GivesThePublishedSequence) {
  Pcg32 generator(42, 54);
  for (uint32_t expected :
       {0xa15c02b7u, 0x7b47f409u, 0xba1d3330u, 0x83d2f293u, 0xbfa4784bu, 0xcbed606eu}) {
    EXPECT_EQ(generator.next(), expected);
  }
}

TEST(Pcg32, AdvancesAsBySingleSteps) {
  for (const uint64_t steps : {0u, 1u, 2u, 3u, 7u, 64u, 1000u, 4095u, 100003u}) {
    Pcg32 jumped(42, 54);
    Pcg32 walked(42, 54);
    jumped.advance(steps);
    for (uint64_t i = 0; i < steps; ++i) walked.next();
    EXPECT_EQ(jumped.next(), walked.next()) << steps;
  }
  // The period is 2^64: all but one step is one step back.
  Pcg32 back(42, 54);
  back.next();
  back.advance(~uint64_t{0});
  EXPECT_EQ(back.next(), 0xa15c02b7u);
}

TEST(Pcg32, MakesUniformNumbersFromTwoOutputs) {
  Pcg32 generator(42, 54);
  const uint64_t first = (0xa15c02b7ull << 32 | 0x7b47f409u) >> 11;
  EXPECT_EQ(generator.uniform(), static_cast<double>(first) / 9007199254740992.0);
}

TEST(Sampler, DrawsFromTheSoftmax) {
  const std::vector<float> logits = {2.0f,  1.0f,  0.5f, 0.0f,  -0.5f,
                                     -1.0f, -2.0f, 1.5f, 0.25f, -3.0f};
  const int n_draws = 100000;
  for (float temperature : {1.0f, 0.5f, 2.0f}) {
    SamplerParams params = plain();
    params.temperature = temperature;
    Sampler sampler = make(params, logits.size());
    std::vector<int> counts(logits.size());
    for (int i = 0; i < n_draws; ++i) ++counts[static_cast<size_t>(draw(sampler, logits))];
    double total = 0;
    for (float logit : logits) total += std::exp(logit / temperature);
    double chi_square = 0;
    for (size_t id = 0; id < logits.size(); ++id) {
      const double expected = n_draws * std::exp(logits[id] / temperature) / total;
      chi_square += (counts[id] - expected) * (counts[id] - expected) / expected;
    }
    // 9 degrees of freedom: 27.9 is passed once in a thousand, and the seed is fixed.
    EXPECT_LT(chi_square, 27.9) << "temperature " << temperature;
    EXPECT_GT(chi_square, 0.5) << "too even to be draws";
  }
}

TEST(Sampler, GreedyTakesTheLargestLogitAndTheLowerIdOfEquals) {
  const std::vector<float> logits = scattered(1000);
  Sampler sampler = make(greedy(), logits.size());
  const auto largest = std::max_element(logits.begin(), logits.end());
  EXPECT_EQ(draw(sampler, logits), largest - logits.begin());
  EXPECT_EQ(sampler.random(), -1);

  Sampler of_equals = make(greedy(), 5);
  EXPECT_EQ(draw(of_equals, {1, 3, 3, 2, 3}), 1);
  EXPECT_EQ(draw(of_equals, {0, 0, 0, 0, 0}), 0);
  EXPECT_EQ(draw(of_equals, {-kInfinity, -kInfinity, -5, -kInfinity, -5}), 2);
}

TEST(Sampler, GreedyAgreesWithAnythingThatKeepsOneToken) {
  const std::vector<float> logits = scattered(3000);
  Sampler first = make(greedy(), logits.size());
  const std::set<int32_t> expected = {draw(first, logits)};
  SamplerParams one_by_k = plain();
  one_by_k.top_k = 1;
  SamplerParams one_by_top_p = plain();
  one_by_top_p.top_p = 0;
  SamplerParams one_by_min_p = plain();
  one_by_min_p.min_p = 1;
  SamplerParams cold = plain();
  cold.temperature = 1e-4f;
  for (const SamplerParams& params : {one_by_k, one_by_top_p, one_by_min_p, cold}) {
    EXPECT_EQ(ids_drawn(params, logits, 200), expected);
  }
}

TEST(Sampler, KeepsTheLowerIdsOfEqualsInTopK) {
  SamplerParams params = plain();
  params.top_k = 2;
  EXPECT_EQ(ids_drawn(params, {1, 5, 5, 5, 0}, 200), (std::set<int32_t>{1, 2}));
  EXPECT_EQ(ids_drawn(params, std::vector<float>(500, 1.0f), 200), (std::set<int32_t>{0, 1}));
}

TEST(Sampler, SelectsTheTopKThatSortingGives) {
  const std::vector<float> logits = scattered(5000);
  std::vector<float> sorted = logits;
  std::sort(sorted.begin(), sorted.end(), std::greater<float>());
  for (uint32_t k : {1u, 9u, 40u, 64u, 300u, 4999u}) {
    SamplerParams params = plain();
    params.top_k = k;
    Sampler sampler = make(params, logits.size());
    const int32_t id = draw(sampler, logits);
    EXPECT_GE(logits[static_cast<size_t>(id)], sorted[k - 1]);
    const std::vector<SamplerStage> stages = sampler.stages();
    const SamplerStage* stage = find_stage(stages, "top_k");
    ASSERT_NE(stage, nullptr);
    EXPECT_EQ(stage->n_kept, k);
    for (size_t i = 0; i < stage->top.size(); ++i) EXPECT_EQ(stage->top[i].logit, sorted[i]);
  }
}

TEST(Sampler, TreatsTopKOfTheVocabularyAndMoreAsOff) {
  const std::vector<float> logits = scattered(50);
  std::vector<std::vector<int32_t>> texts;
  for (uint32_t k : {0u, 50u, 51u, 4000000000u}) {
    SamplerParams params = plain();
    params.top_k = k;
    Sampler sampler = make(params, logits.size());
    std::vector<int32_t> text;
    for (int i = 0; i < 300; ++i) text.push_back(draw(sampler, logits));
    texts.push_back(text);
  }
  for (const auto& text : texts) EXPECT_EQ(text, texts[0]);
}

// Four tokens with p = 0.5, 0.25, 0.125, 0.125 (the logits are ln of 8, 4, 2, 2).
const std::vector<float> kHalves = {0.69314718f, 2.07944154f, 1.38629436f, 0.69314718f};

TEST(Sampler, TopPKeepsTheFewestTokensThatReachIt) {
  const std::vector<std::pair<float, std::set<int32_t>>> cases = {
      {0.0f, {1}},       {0.45f, {1}},         {0.55f, {1, 2}},     {0.74f, {1, 2}},
      {0.8f, {0, 1, 2}}, {0.9f, {0, 1, 2, 3}}, {1.0f, {0, 1, 2, 3}}};
  for (const auto& [top_p, expected] : cases) {
    SamplerParams params = plain();
    params.top_p = top_p;
    EXPECT_EQ(ids_drawn(params, kHalves, 400), expected) << "top_p " << top_p;
  }
}

TEST(Sampler, MinPKeepsTokensOfThatShareOfTheLargest) {
  const std::vector<std::pair<float, std::set<int32_t>>> cases = {
      {0.0f, {0, 1, 2, 3}}, {0.2f, {0, 1, 2, 3}}, {0.3f, {1, 2}}, {0.6f, {1}}, {1.0f, {1}}};
  for (const auto& [min_p, expected] : cases) {
    SamplerParams params = plain();
    params.min_p = min_p;
    EXPECT_EQ(ids_drawn(params, kHalves, 400), expected) << "min_p " << min_p;
  }
  SamplerParams ties = plain();
  ties.min_p = 1;
  EXPECT_EQ(ids_drawn(ties, {3, 1, 3}, 100), (std::set<int32_t>{0, 2}));
}

TEST(Sampler, AppliesPenaltiesToTheWindowOfAcceptedTokens) {
  SamplerParams params = greedy();
  params.repetition_penalty = 2;
  params.presence_penalty = 0.25f;
  params.frequency_penalty = 0.5f;
  params.penalty_window = 3;
  Sampler sampler = make(params, 4);
  for (int32_t id : {3, 0, 1, 1}) sampler.accept(id);  // 3 has left the window
  draw(sampler, {4, -2, 8, 1});
  const std::vector<SamplerStage> stages = sampler.stages();
  const SamplerStage* stage = find_stage(stages, "penalties");
  ASSERT_NE(stage, nullptr);
  ASSERT_EQ(stage->top.size(), 4u);
  EXPECT_EQ(stage->top[0].id, 2);
  EXPECT_EQ(stage->top[0].logit, 8.0f);  // unseen
  EXPECT_EQ(stage->top[1].id, 0);
  EXPECT_EQ(stage->top[1].logit, 4.0f / 2 - 0.5f - 0.25f);
  EXPECT_EQ(stage->top[2].id, 3);
  EXPECT_EQ(stage->top[2].logit, 1.0f);
  EXPECT_EQ(stage->top[3].id, 1);
  EXPECT_EQ(stage->top[3].logit, -2.0f * 2 - 2 * 0.5f - 0.25f);
}

TEST(Sampler, LooksAtNothingThroughAnEmptyWindow) {
  SamplerParams params = greedy();
  params.presence_penalty = 100;
  params.penalty_window = 0;
  Sampler sampler = make(params, 2);
  sampler.accept(0);
  EXPECT_EQ(draw(sampler, {1, 0}), 0);
}

TEST(Sampler, IgnoresAcceptedTokensOutsideTheVocabulary) {
  SamplerParams params = greedy();
  params.presence_penalty = 100;
  Sampler sampler = make(params, 2);
  sampler.accept(-1);
  sampler.accept(2);
  EXPECT_EQ(draw(sampler, {1, 0}), 0);
}

TEST(Sampler, AddsTheBias) {
  SamplerParams params = greedy();
  params.logit_bias = {{2, 5.0f}, {0, -kInfinity}};
  Sampler sampler = make(params, 3);
  EXPECT_EQ(draw(sampler, {9, 3, 1}), 2);
  const std::vector<SamplerStage> stages = sampler.stages();
  const SamplerStage* stage = find_stage(stages, "bias");
  ASSERT_NE(stage, nullptr);
  EXPECT_EQ(stage->n_kept, 2u);
  EXPECT_EQ(stage->top[0].logit, 6.0f);
}

TEST(Sampler, RepeatsItselfForASeed) {
  const std::vector<float> logits = scattered(2000);
  SamplerParams params;
  std::vector<std::vector<int32_t>> texts;
  for (uint64_t seed : {5u, 5u, 6u}) {
    params.seed = seed;
    Sampler sampler = make(params, logits.size());
    std::vector<int32_t> text;
    for (int i = 0; i < 50; ++i) text.push_back(draw(sampler, logits));
    texts.push_back(text);
  }
  EXPECT_EQ(texts[0], texts[1]);
  EXPECT_NE(texts[0], texts[2]);
}

TEST(Sampler, SeeksTheNumberAfterSoManyDraws) {
  const std::vector<float> logits = scattered(200);
  Sampler walked = make(plain(), logits.size());
  std::vector<double> numbers;
  for (int i = 0; i < 50; ++i) {
    draw(walked, logits);
    numbers.push_back(walked.random());
  }
  Sampler sought = make(plain(), logits.size());
  for (const uint32_t draws : {49u, 3u, 0u, 20u}) {
    sought.seek(draws);
    draw(sought, logits);
    EXPECT_EQ(sought.random(), numbers[draws]) << draws;
  }
}

// Native, wasm, scalar and SIMD builds must all give this text.
TEST(Sampler, GivesTheGoldenTextEverywhere) {
  const std::vector<float> logits = scattered(1000);
  SamplerParams params = plain();
  params.temperature = 1.5f;
  params.repetition_penalty = 1.3f;
  params.seed = 2026;
  Sampler sampler = make(params, logits.size());
  std::vector<int32_t> text;
  for (int i = 0; i < 16; ++i) {
    text.push_back(draw(sampler, logits));
    sampler.accept(text.back());
  }
  const std::vector<int32_t> golden = {438, 613, 668, 453, 326, 481, 879, 186,
                                       488, 503, 901, 785, 549, 99,  682, 777};
  EXPECT_EQ(text, golden);
}

TEST(Sampler, ShowsWhatEachStageDid) {
  SamplerParams params = plain();
  params.temperature = 0.5f;
  params.top_k = 3;
  params.top_p = 0.9f;
  params.min_p = 0.1f;
  Sampler sampler = make(params, 4);
  EXPECT_TRUE(sampler.stages().empty());
  const int32_t chosen = draw(sampler, kHalves);
  const std::vector<SamplerStage> stages = sampler.stages();
  ASSERT_EQ(stages.size(), 5u);
  const std::vector<std::string> names = {"logits", "temperature", "top_k", "top_p", "min_p"};
  const std::vector<uint32_t> kept = {4, 4, 3, 2, 2};
  for (size_t i = 0; i < stages.size(); ++i) {
    EXPECT_EQ(stages[i].name, names[i]);
    EXPECT_EQ(stages[i].n_kept, kept[i]) << names[i];
    EXPECT_EQ(stages[i].top[0].id, 1);
    double sum = 0;
    for (const Candidate& candidate : stages[i].top) sum += candidate.p;
    EXPECT_NEAR(sum, 1, 1e-6) << names[i];
  }
  EXPECT_NEAR(stages[0].top[0].p, 0.5, 1e-6);
  EXPECT_EQ(stages[0].top[2].id, 0);  // before 3, its equal
  EXPECT_EQ(stages[1].top[0].logit, kHalves[1] / 0.5f);
  EXPECT_NEAR(stages[2].top[0].p, 64.0 / 84, 1e-6);  // squares of 8, 4, 2
  EXPECT_NEAR(stages[4].top[0].p, 0.8, 1e-6);
  EXPECT_EQ(sampler.chosen(), chosen);
  EXPECT_EQ(chosen, sampler.random() < 0.8 ? 1 : 2);
}

TEST(Sampler, ShowsTheSameStagesWhateverIsAcceptedLater) {
  SamplerParams params = plain();
  params.presence_penalty = 1;
  Sampler sampler = make(params, 4);
  draw(sampler, kHalves);
  const float before = sampler.stages().back().top[0].logit;
  sampler.accept(1);
  EXPECT_EQ(sampler.stages().back().top[0].logit, before);
}

TEST(Sampler, ChangesNoDrawByShowingStages) {
  const std::vector<float> logits = scattered(400);
  Sampler watched = make(SamplerParams(), logits.size());
  Sampler alone = make(SamplerParams(), logits.size());
  for (int i = 0; i < 50; ++i) {
    EXPECT_EQ(draw(watched, logits), draw(alone, logits));
    EXPECT_GE(watched.stages().size(), 4u);
  }
}

TEST(Sampler, RefusesLogitsThatCannotBeSampled) {
  for (float temperature : {0.0f, 1.0f}) {
    SamplerParams params = plain();
    params.temperature = temperature;
    const std::vector<float> bad[] = {
        {1, kNan, 2}, {kInfinity, 1, 2}, {-kInfinity, -kInfinity, -kInfinity}};
    for (const std::vector<float>& logits : bad) {
      Sampler sampler = make(params, 3);
      const Result<int32_t> id = sampler.sample(logits);
      ASSERT_FALSE(id);
      EXPECT_EQ(id.error().code, ErrorCode::kNonFinite);
      EXPECT_TRUE(sampler.stages().empty());
      EXPECT_EQ(sampler.random(), -1);
    }
  }
  Sampler sampler = make(plain(), 3);
  const Result<int32_t> id = sampler.sample(std::vector<float>{1, 2});
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, ErrorCode::kBadArgument);
}

TEST(Sampler, ReportsLogitsThatOverflowOnTheWay) {
  SamplerParams params = plain();
  params.temperature = 1e-38f;
  Sampler sampler = make(params, 2);
  const Result<int32_t> id = sampler.sample(std::vector<float>{20, 10});
  ASSERT_FALSE(id);
  EXPECT_EQ(id.error().code, ErrorCode::kNonFinite);
}

TEST(Sampler, DrawsTheSameAfterAFailedCall) {
  const std::vector<float> logits = scattered(400);
  Sampler failed = make(SamplerParams(), logits.size());
  Sampler other = make(SamplerParams(), logits.size());
  std::vector<float> bad = logits;
  bad[17] = kNan;
  EXPECT_FALSE(failed.sample(bad));
  for (int i = 0; i < 20; ++i) EXPECT_EQ(draw(failed, logits), draw(other, logits));
}

TEST(Sampler, NeverChoosesABannedToken) {
  SamplerParams params = plain();
  params.temperature = 100;
  EXPECT_EQ(ids_drawn(params, {-kInfinity, 0, -kInfinity, 0}, 300), (std::set<int32_t>{1, 3}));
}

TEST(Sampler, NamesTheParameterItRefuses) {
  EXPECT_EQ(refusal(SamplerParams()), "accepted");
  using Field = float SamplerParams::*;
  const std::vector<std::tuple<Field, const char*, std::vector<float>>> cases = {
      {&SamplerParams::temperature, "temperature", {-1, kNan, kInfinity}},
      {&SamplerParams::top_p, "top_p", {-0.1f, 1.1f, kNan}},
      {&SamplerParams::min_p, "min_p", {-0.1f, 1.1f, kNan}},
      {&SamplerParams::repetition_penalty, "repetition_penalty", {0, -1, kNan, kInfinity}},
      {&SamplerParams::presence_penalty, "presence_penalty", {kNan, kInfinity, -kInfinity}},
      {&SamplerParams::frequency_penalty, "frequency_penalty", {kNan, kInfinity, -kInfinity}}};
  for (const auto& [field, name, values] : cases) {
    for (float value : values) {
      SamplerParams params;
      params.*field = value;
      EXPECT_EQ(refusal(params), name) << value;
    }
  }
  SamplerParams params;
  const std::vector<std::pair<int32_t, float>> biases = {
      {-1, 0.0f}, {10, 0.0f}, {3, kNan}, {3, kInfinity}};
  for (const auto& bias : biases) {
    params.logit_bias = {bias};
    EXPECT_EQ(refusal(params), "logit_bias");
  }
  EXPECT_FALSE(Sampler::create(SamplerParams(), 0));
}

constexpr double kLeftOut = std::numeric_limits<double>::quiet_NaN();
constexpr SamplerNumbers kDefaults = {kLeftOut, kLeftOut, kLeftOut, kLeftOut, kLeftOut,
                                      kLeftOut, kLeftOut, kLeftOut, kLeftOut};

TEST(SamplerParams, AreReadFromNumbers) {
  const Result<SamplerParams> read = sampler_params({.temperature = 0.5,
                                                     .top_k = 7,
                                                     .top_p = 0.25,
                                                     .min_p = 0.125,
                                                     .repetition_penalty = 1.5,
                                                     .presence_penalty = -1,
                                                     .frequency_penalty = 2,
                                                     .penalty_window = 9,
                                                     .seed = 0x1p53},
                                                    std::vector<double>{3, -100, 5, 0.5});
  ASSERT_TRUE(read);
  EXPECT_EQ(read->temperature, 0.5f);
  EXPECT_EQ(read->top_k, 7u);
  EXPECT_EQ(read->top_p, 0.25f);
  EXPECT_EQ(read->min_p, 0.125f);
  EXPECT_EQ(read->repetition_penalty, 1.5f);
  EXPECT_EQ(read->presence_penalty, -1.0f);
  EXPECT_EQ(read->frequency_penalty, 2.0f);
  EXPECT_EQ(read->penalty_window, 9u);
  EXPECT_EQ(read->seed, uint64_t{1} << 53);
  const std::vector<std::pair<int32_t, float>> bias = {{3, -100.0f}, {5, 0.5f}};
  EXPECT_EQ(read->logit_bias, bias);
}

TEST(SamplerParams, KeepTheDefaultsOfWhatIsLeftOut) {
  const Result<SamplerParams> read = sampler_params(kDefaults, {});
  ASSERT_TRUE(read);
  const SamplerParams expected;
  EXPECT_EQ(read->temperature, expected.temperature);
  EXPECT_EQ(read->top_k, expected.top_k);
  EXPECT_EQ(read->min_p, expected.min_p);
  EXPECT_EQ(read->penalty_window, expected.penalty_window);
  EXPECT_EQ(read->seed, expected.seed);
}

TEST(SamplerParams, RefuseWhatIsNoWholeNumberByName) {
  const auto refused = [](double SamplerNumbers::* field, double value) {
    SamplerNumbers numbers = kDefaults;
    numbers.*field = value;
    const Result<SamplerParams> read = sampler_params(numbers, {});
    return read ? "" : read.error().place;
  };
  for (const double value : {-1.0, 1.5, 4294967296.0, 1e300, double{INFINITY}}) {
    EXPECT_EQ(refused(&SamplerNumbers::top_k, value), "top_k") << value;
    EXPECT_EQ(refused(&SamplerNumbers::penalty_window, value), "penalty_window") << value;
  }
  for (const double value : {-1.0, 1.5, 0x1p54}) {
    EXPECT_EQ(refused(&SamplerNumbers::seed, value), "seed") << value;
    const Result<SamplerParams> biased = sampler_params(kDefaults, std::vector<double>{value, 1});
    ASSERT_FALSE(biased);
    EXPECT_EQ(biased.error().place, "logit_bias");
  }
}

}  // namespace
}  // namespace nanoinfer
