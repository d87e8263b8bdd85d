// Changes at op boundaries do what they say, and a run from the first position that they change is
// the run that had them from the start.
#include "engine/trace/edits.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <utility>

#include "tests/engine/trace_testing.h"

namespace nanoinfer::testing {
namespace {

class Edits : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = load(fixture_path("llama-f32.gguf"));
    ids_ = some_ids(70, model_->config.n_vocab);
    restart();
  }

  void restart() {
    trace_.reset();
    session_ = new_session(*model_, {});
    trace_ = std::make_unique<Trace>(*session_);
    ops_ = tap_ops(*session_);
    ASSERT_TRUE(trace_->keep(all_taps(*session_), kPlenty));
  }

  void run(uint32_t from = 0) {
    ASSERT_TRUE(session_->truncate(0, from));
    std::vector<float> logits;
    extend(*session_, 0, {ids_.begin() + static_cast<ptrdiff_t>(from), ids_.end()}, {}, &logits);
  }

  std::vector<float> row(const std::string& name, uint32_t pos) {
    return kept(*trace_, ops_.at(name), pos);
  }

  void set(const std::vector<Edit>& edits, const std::vector<float>& values = {}) {
    const Status status = trace_->set_edits(edits, values);
    ASSERT_TRUE(status) << status.error().text();
  }

  std::unique_ptr<Model> model_;
  std::vector<int32_t> ids_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Trace> trace_;
  std::map<std::string, uint32_t> ops_;
};

TEST_F(Edits, ScaleAddAndReplaceWhatTheyName) {
  run();
  const std::vector<float> before = row("L.0.z", 40);
  set({{.op = ops_["L.0.z"],
        .kind = EditKind::kScale,
        .first = 2,
        .n = 3,
        .from = 40,
        .to = 41,
        .begin = 0,
        .end = 1},
       {.op = ops_["L.0.z"],
        .kind = EditKind::kAdd,
        .first = 4,
        .n = 2,
        .from = 40,
        .to = 42,
        .begin = 1,
        .end = 3},
       {.op = ops_["L.0.z"], .kind = EditKind::kReplace, .first = 7, .n = 1, .begin = 0, .end = 1}},
      {0.5f, 10, 20});
  run(40);
  const std::vector<float> after = row("L.0.z", 40);
  std::vector<float> expected = before;
  for (const size_t i : {2u, 3u, 4u}) expected[i] *= 0.5f;
  expected[4] += 10;
  expected[5] += 20;
  expected[7] = 0.5f;
  EXPECT_EQ(after, expected);
}

TEST_F(Edits, ARunFromTheFirstAffectedPositionEqualsOneFromTheStart) {
  const std::vector<Edit> edits = {{.op = ops_["L.0.k_rot"],
                                    .kind = EditKind::kScale,
                                    .first = 0,
                                    .n = 4,
                                    .from = 50,
                                    .to = 51,
                                    .begin = 0,
                                    .end = 1},
                                   {.op = ops_["L.1.resid_mid"],
                                    .kind = EditKind::kScale,
                                    .first = 0,
                                    .n = 8,
                                    .from = 55,
                                    .begin = 0,
                                    .end = 1},
                                   {.op = ops_["L.1.z"],
                                    .kind = EditKind::kMask,
                                    .first = 0,
                                    .n = 12,
                                    .from = 0,
                                    .begin = 52,
                                    .end = 54}};
  run();
  const std::vector<float> untouched = row("logits", 69);
  set(edits, {0.25f});
  run(50);
  const std::vector<float> rerun = row("logits", 69);
  restart();
  set(edits, {0.25f});
  run();
  EXPECT_EQ(row("logits", 69), rerun);
  EXPECT_NE(rerun, untouched);
  set({});
  run(50);
  EXPECT_EQ(row("logits", 69), untouched);
}

TEST_F(Edits, APatchMakesThisRunThatOne) {
  run();
  const std::vector<float> clean = row("logits", 69);
  std::vector<float> saved;
  for (uint32_t pos = 30; pos < 70; ++pos) {
    const std::vector<float> values = row("L.0.resid_post", pos);
    saved.insert(saved.end(), values.begin(), values.end());
  }
  // A run that was damaged in layer 0 from position 30 on, healed behind it.
  const uint32_t d_model = model_->config.d_model;
  const Edit damage{.op = ops_["L.0.ffn_out"],
                    .kind = EditKind::kScale,
                    .n = d_model,
                    .from = 30,
                    .begin = 0,
                    .end = 1};
  set({damage}, {-2});
  run(30);
  EXPECT_NE(row("logits", 69), clean);
  const Edit patch{.op = ops_["L.0.resid_post"],
                   .kind = EditKind::kReplace,
                   .n = d_model,
                   .from = 30,
                   .to = 70,
                   .begin = 1,
                   .end = static_cast<uint32_t>(1 + saved.size())};
  std::vector<float> values = {-2};
  values.insert(values.end(), saved.begin(), saved.end());
  set({damage, patch}, values);
  run(30);
  EXPECT_EQ(row("logits", 69), clean);
}

TEST_F(Edits, AMaskIsSoftmaxOverWhatIsLeft) {
  const Config& c = model_->config;
  const uint32_t head = 1;
  set({{.op = ops_["L.1.z"],
        .kind = EditKind::kMask,
        .first = head * c.head_dim,
        .n = c.head_dim,
        .from = 10,
        .begin = 0,
        .end = 9},
       {.op = ops_["L.1.z"],
        .kind = EditKind::kMask,
        .first = head * c.head_dim,
        .n = c.head_dim,
        .from = 66,
        .begin = 64,
        .end = 66}});
  run();
  for (const uint32_t pos : {9u, 10u, 63u, 69u}) {
    std::span<const float> view;
    ASSERT_TRUE(trace_->attention(1, head, pos, &view));
    const size_t n = pos + 1;
    std::vector<bool> hidden(n);
    for (size_t p = 0; p < n; ++p) {
      hidden[p] = (pos >= 10 && p < 9) || (pos >= 66 && p >= 64 && p < 66);
    }
    const std::vector<double> expected = eager_softmax(view.subspan(n, n), hidden);
    std::vector<double> z(c.head_dim);
    for (uint32_t p = 0; p < n; ++p) {
      EXPECT_NEAR(view[3 * n + p], expected[p], 1e-6);
      std::vector<float> k(c.head_dim), v(c.head_dim);
      session_->cache().read(0, 1, head / (c.n_heads / c.n_kv_heads), p, k.data(), v.data());
      for (size_t d = 0; d < c.head_dim; ++d) z[d] += expected[p] * double{v[d]};
    }
    const std::vector<float> all = row("L.1.z", pos);
    for (size_t d = 0; d < c.head_dim; ++d) {
      EXPECT_NEAR(all[head * c.head_dim + d], z[d], 1e-6 * std::max(1.0, std::abs(z[d])));
      EXPECT_EQ(all[head * c.head_dim + d], view[4 * n + d]);
    }
  }
}

TEST_F(Edits, AMaskLeavesOtherHeadsAsEarlierEditsLeftThem) {
  const uint32_t head_dim = model_->config.head_dim;
  run();
  std::vector<float> expected = row("L.0.z", 69);
  set({{.op = ops_["L.0.z"],
        .kind = EditKind::kScale,
        .first = head_dim,
        .n = head_dim,
        .begin = 0,
        .end = 1},
       {.op = ops_["L.0.z"],
        .kind = EditKind::kMask,
        .first = 0,
        .n = head_dim,
        .begin = 0,
        .end = UINT32_MAX}},
      {3});
  run();
  for (uint32_t d = 0; d < head_dim; ++d) {
    expected[d] = 0;
    expected[head_dim + d] *= 3;
  }
  EXPECT_EQ(row("L.0.z", 69), expected);
}

TEST_F(Edits, AHeadThatSeesNothingGivesZero) {
  const uint32_t head_dim = model_->config.head_dim;
  set({{.op = ops_["L.0.z"],
        .kind = EditKind::kMask,
        .first = 0,
        .n = head_dim,
        .begin = 0,
        .end = UINT32_MAX}});
  run();
  for (uint32_t d = 0; d < head_dim; ++d) EXPECT_EQ(row("L.0.z", 69)[d], 0);
  std::span<const float> view;
  ASSERT_TRUE(trace_->attention(0, 0, 69, &view));
  for (size_t p = 0; p < 70; ++p) EXPECT_EQ(view[3 * 70 + p], 0);
}

TEST_F(Edits, AnotherThetaLeavesPositionZeroAlone) {
  run();
  const std::vector<float> first = row("logits", 0);
  const std::vector<float> last = row("logits", 69);
  session_->set_rope_theta(100);
  run(1);
  const std::vector<float> rerun = row("logits", 69);
  EXPECT_NE(rerun, last);
  run();
  EXPECT_EQ(row("logits", 0), first);
  EXPECT_EQ(row("logits", 69), rerun);
  session_->set_rope_theta(model_->config.rope_theta);
  run(1);
  EXPECT_EQ(row("logits", 69), last);
}

// x turned by pos * theta^(-2j / head_dim) in each pair (2j, 2j + 1), in double.
std::vector<double> turned(std::span<const float> x, size_t head_dim, uint32_t pos, double theta) {
  std::vector<double> y(x.size());
  for (size_t i = 0; i < x.size(); i += 2) {
    const double pair = static_cast<double>(i % head_dim);
    const double angle = pos * std::pow(theta, -pair / static_cast<double>(head_dim));
    const double a = x[i];
    const double b = x[i + 1];
    y[i] = a * std::cos(angle) - b * std::sin(angle);
    y[i + 1] = a * std::sin(angle) + b * std::cos(angle);
  }
  return y;
}

TEST_F(Edits, AnotherThetaTurnsQueriesAndKeysByItsAngles) {
  session_->set_rope_theta(321);
  run();
  for (const auto& [plain, rotated] : {std::pair{"L.1.q", "L.1.q_rot"}, {"L.1.k", "L.1.k_rot"}}) {
    const std::vector<double> expected = turned(row(plain, 69), model_->config.head_dim, 69, 321);
    const std::vector<float> actual = row(rotated, 69);
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 1e-5) << rotated << " " << i;
    }
  }
}

TEST_F(Edits, AChangedKeyAndValueAreWhatLaterPositionsAttendTo) {
  const Config& c = model_->config;
  const float value = 0.75f;
  const auto replaced = [&](const char* name) {
    return Edit{.op = ops_[name],
                .kind = EditKind::kReplace,
                .n = c.head_dim,
                .from = 20,
                .to = 21,
                .begin = 0,
                .end = 1};
  };
  set({replaced("L.1.k_rot"), replaced("L.1.v")}, {value});
  run();
  const std::vector<float> q = row("L.1.q_rot", 69);
  std::vector<float> scores;
  std::vector<std::vector<float>> values;
  for (uint32_t pos = 0; pos < 70; ++pos) {
    // Of KV head 0: as the taps have them, and at the changed position as the edit says.
    const std::vector<float> k =
        pos == 20 ? std::vector<float>(c.head_dim, value) : row("L.1.k_rot", pos);
    values.push_back(pos == 20 ? std::vector<float>(c.head_dim, value) : row("L.1.v", pos));
    double dot = 0;
    for (size_t d = 0; d < c.head_dim; ++d) dot += double{q[d]} * double{k[d]};
    scores.push_back(static_cast<float>(dot / std::sqrt(c.head_dim)));
  }
  const std::vector<double> p = eager_softmax(scores, std::vector<bool>(70));
  const std::vector<float> z = row("L.1.z", 69);
  for (size_t d = 0; d < c.head_dim; ++d) {
    double expected = 0;
    for (size_t pos = 0; pos < 70; ++pos) expected += p[pos] * double{values[pos][d]};
    EXPECT_NEAR(z[d], expected, 1e-5) << d;
  }
}

TEST_F(Edits, ABiasMovesOneLogitAndNoOther) {
  run();
  std::vector<float> expected = row("logits", 69);
  expected[7] += 2.5f;
  set({{.op = ops_["logits"], .kind = EditKind::kAdd, .first = 7, .n = 1, .begin = 0, .end = 1}},
      {2.5f});
  run();
  EXPECT_EQ(row("logits", 69), expected);
}

TEST_F(Edits, AreRefusedWhereThePlanHasNoPlaceForThem) {
  const uint32_t z = ops_["L.0.z"];
  const uint32_t width = model_->config.q_dim();
  const auto refused = [&](Edit edit) {
    const std::vector<Edit> edits = {{.op = z, .n = 1, .begin = 0, .end = 1}, edit};
    const std::vector<float> values(4, 1.0f);
    const Status status = trace_->set_edits(edits, values);
    return !status && status.error().place == "edit 1" &&
           status.error().code == ErrorCode::kBadArgument;
  };
  EXPECT_TRUE(refused({.op = 1u << 30, .n = 1, .begin = 0, .end = 1}));
  EXPECT_TRUE(refused({.op = z - 1, .n = 1, .begin = 0, .end = 1}));  // before the merge
  EXPECT_TRUE(refused({.op = z, .n = 0, .begin = 0, .end = 1}));
  EXPECT_TRUE(refused({.op = z, .first = width, .n = 1, .begin = 0, .end = 1}));
  EXPECT_TRUE(refused({.op = z, .first = UINT32_MAX, .n = 2, .begin = 0, .end = 1}));
  EXPECT_TRUE(refused({.op = z, .n = 1, .from = 3, .to = 3, .begin = 0, .end = 1}));
  EXPECT_TRUE(refused({.op = z, .n = 3, .begin = 0, .end = 2}));
  EXPECT_TRUE(refused({.op = z, .n = 1, .begin = 4, .end = 5}));  // behind the list's end
  EXPECT_TRUE(refused({.op = z, .n = 1, .begin = 1, .end = 0}));
  EXPECT_TRUE(refused({.op = z, .kind = static_cast<EditKind>(9), .n = 1, .begin = 0, .end = 1}));
  EXPECT_TRUE(
      refused({.op = ops_["L.0.q"], .kind = EditKind::kMask, .n = 1, .begin = 0, .end = 1}));
}

}  // namespace
}  // namespace nanoinfer::testing
