#include "engine/trace/schema.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <vector>

#include "tests/engine/model_testing.h"

namespace nanoinfer {
namespace {

// Runs a pass of three rows op by op, reading each tap as soon as the cursor is behind it.
TEST(TapSchema, NamesEveryOutputOnceWithTheAxesThatItHas) {
  for (const char* name : {"llama-f32.gguf", "qwen2-f32.gguf"}) {
    const std::unique_ptr<Model> model = testing::load(testing::fixture_path(name));
    ASSERT_TRUE(model);
    const auto session = Session::create(*model, {.n_ctx = 8});
    ASSERT_TRUE(session);
    const nlohmann::json schema = nlohmann::json::parse(tap_schema_json(**session), nullptr, false);
    ASSERT_EQ(schema.size(), 3 + size_t{16} * model->config.n_layers);
    const std::vector<Row> rows = {{1, 0, 0, false}, {2, 0, 1, false}, {3, 0, 2, true}};
    ASSERT_TRUE((*session)->begin(rows));
    std::set<std::string> names;
    std::vector<float> logits;
    for (const nlohmann::json& tap : schema) {
      const auto op = tap.at("op").get<size_t>();
      ASSERT_TRUE((*session)->run(op + 1));
      EXPECT_TRUE(names.insert(tap.at("name").get<std::string>()).second);
      size_t width = 1;
      for (size_t i = 1; i < tap.at("axes").size(); ++i) {
        width *= tap.at("axes").at(i).at("size").get<size_t>();
      }
      const Op& source = (*session)->ops()[op];
      EXPECT_EQ(width, source.n_out) << tap.at("name");
      const std::vector<float> values(source.out, source.out + width);
      EXPECT_TRUE(std::any_of(values.begin(), values.end(), [](float x) { return x != 0.0f; }));
      if (tap.at("name") == "logits") logits = values;
    }
    const std::span<const float> expected = (*session)->logits(0);
    EXPECT_EQ(logits, std::vector<float>(expected.begin(), expected.end()));
    EXPECT_TRUE(names.contains("L.0.q_rot") && names.contains("final_norm"));
  }
}

}  // namespace
}  // namespace nanoinfer
