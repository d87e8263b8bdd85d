// Every tap against transformers' value of that name, both with the file's weights in float32. For
// another file: run scripts/make_tap_fixtures.py on it and add its name below.
#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "engine/trace/products.h"
#include "tests/engine/float32_testing.h"
#include "tests/engine/trace_testing.h"

namespace nanoinfer::testing {
namespace {

struct Golden {
  nlohmann::json about;
  std::vector<float> values;

  std::vector<float> at(size_t offset, size_t n) const {
    const auto first = values.begin() + static_cast<ptrdiff_t>(offset);
    return {first, first + static_cast<ptrdiff_t>(n)};
  }
};

class TapsGolden : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string stem =
        std::string(NANOINFER_SOURCE_DIR) + "/tests/fixtures/taps/" + GetParam();
    const std::vector<uint8_t> text = read_file(stem + ".json");
    golden_.about = nlohmann::json::parse(std::string(text.begin(), text.end()), nullptr, false);
    const std::vector<uint8_t> bytes = read_file(stem + ".f32");
    golden_.values.resize(bytes.size() / sizeof(float));
    std::memcpy(golden_.values.data(), bytes.data(), bytes.size());
    const auto path = golden_.about.at("model").get<std::string>();
    const std::vector<uint8_t> file = read_file(std::string(NANOINFER_SOURCE_DIR) + "/" + path);
    Result<std::unique_ptr<Model>> model = load_model(in_float32(file));
    ASSERT_TRUE(model) << path << ": " << model.error().text();
    model_ = std::move(*model);
    session_ = new_session(*model_, {});
    trace_ = std::make_unique<Trace>(*session_);
    ASSERT_TRUE(trace_->keep(all_taps(*session_), kPlenty));
    positions_ = golden_.about.at("positions").get<std::vector<uint32_t>>();
    std::vector<float> logits;
    extend(*session_, 0, golden_.about.at("ids").get<std::vector<int32_t>>(), {}, &logits);
  }

  Golden golden_;
  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Trace> trace_;
  std::vector<uint32_t> positions_;
};

TEST_P(TapsGolden, EqualTransformersWithin1e4) {
  const std::map<std::string, uint32_t> ops = tap_ops(*session_);
  EXPECT_EQ(golden_.about.at("taps").size(), ops.size());
  double worst = 0;
  for (const nlohmann::json& tap : golden_.about.at("taps")) {
    const auto name = tap.at("name").get<std::string>();
    ASSERT_TRUE(ops.contains(name)) << name;
    const auto width = tap.at("width").get<size_t>();
    for (size_t i = 0; i < positions_.size(); ++i) {
      const std::vector<float> expected =
          golden_.at(tap.at("offset").get<size_t>() + i * width, width);
      const double error = relative_error(kept(*trace_, ops.at(name), positions_[i]), expected);
      EXPECT_LE(error, 1e-4) << name << " at " << positions_[i];
      worst = std::max(worst, error);
    }
  }
  RecordProperty("worst_relative_error", std::to_string(worst));
}

// p . V by the kernel is what the pass has put into z, bit for bit.
void expect_same_z(std::span<const float> z_of_head, std::span<const float> z, uint32_t head) {
  for (size_t d = 0; d < z_of_head.size(); ++d) {
    ASSERT_EQ(z_of_head[d], z[head * z_of_head.size() + d]);
  }
}

TEST_P(TapsGolden, AttentionRowsEqualTheEagerOnes) {
  const Config& c = model_->config;
  const size_t n_tokens = session_->tokens(0).size();
  // sum_p p[p] V[p] is the kernel's own z, up to float32.
  const auto expect_is_weighed = [&](std::span<const float> p, uint32_t layer, uint32_t head,
                                     std::span<const float> z) {
    const uint32_t kv_head = head / (c.n_heads / c.n_kv_heads);
    std::vector<double> sum(c.head_dim);
    std::vector<float> k(c.head_dim);
    std::vector<float> v(c.head_dim);
    for (uint32_t pos = 0; pos < p.size(); ++pos) {
      session_->cache().read(0, layer, kv_head, pos, k.data(), v.data());
      for (size_t d = 0; d < sum.size(); ++d) sum[d] += double(p[pos]) * v[d];
    }
    for (size_t d = 0; d < sum.size(); ++d) {
      ASSERT_NEAR(sum[d], z[d], 1e-6 * std::max(1.0, std::abs(sum[d])));
    }
  };
  size_t offset = golden_.about.at("attention").get<size_t>();
  const std::map<std::string, uint32_t> ops = tap_ops(*session_);
  for (uint32_t layer = 0; layer < c.n_layers; ++layer) {
    for (const uint32_t pos : positions_) {
      for (uint32_t head = 0; head < c.n_heads; ++head, offset += n_tokens) {
        std::span<const float> row;
        ASSERT_TRUE(trace_->attention(layer, head, pos, &row));
        const std::vector<float> transformers = golden_.at(offset, n_tokens);
        const size_t n = pos + 1;
        const std::vector<double> eager = eager_softmax(row.subspan(n, n), std::vector<bool>(n));
        for (size_t p = 0; p < n; ++p) {
          ASSERT_NEAR(row[3 * n + p], eager[p], 1e-6);
          // Here the scores differ too: those are of two passes in float32.
          ASSERT_NEAR(row[3 * n + p], transformers[p], 5e-6)
              << "layer " << layer << ", head " << head << ", " << pos << " sees " << p;
        }
        const std::vector<float> z =
            kept(*trace_, ops.at("L." + std::to_string(layer) + ".z"), pos);
        expect_same_z(row.subspan(4 * n, c.head_dim), z, head);
        expect_is_weighed(row.subspan(3 * n, n), layer, head, row.subspan(4 * n, c.head_dim));
      }
    }
  }
}

TEST_P(TapsGolden, LensOfTheMiddleLayerEqualsTransformers) {
  const nlohmann::json& lens = golden_.about.at("lens");
  const std::string name = "L." + std::to_string(lens.at("layer").get<size_t>()) + ".resid_post";
  const std::map<std::string, uint32_t> ops = tap_ops(*session_);
  const size_t n_vocab = model_->config.n_vocab;
  const auto offset = lens.at("offset").get<size_t>();
  Products products(*session_);
  ASSERT_TRUE(products.ready());
  for (size_t i = 0; i < positions_.size(); ++i) {
    const std::span<const float> logits =
        products.lens(ops.at("logits"), kept(*trace_, ops.at(name), positions_[i]).data());
    const std::vector<float> expected = golden_.at(offset + i * n_vocab, n_vocab);
    EXPECT_LE(relative_error({logits.begin(), logits.end()}, expected), 1e-4) << positions_[i];
  }
}

INSTANTIATE_TEST_SUITE_P(Models, TapsGolden,
                         ::testing::Values("glass-llama", "glass-qwen2", "llama-f32", "qwen2-f32"),
                         [](const auto& name) {
                           std::string id = name.param;
                           std::replace(id.begin(), id.end(), '-', '_');
                           return id;
                         });

}  // namespace
}  // namespace nanoinfer::testing
