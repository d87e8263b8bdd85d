// A value that is written into a pass that stands still is what later ops see: the same bits as an
// edit that replaces it.
#include <gtest/gtest.h>

#include "tests/engine/trace_testing.h"

namespace nanoinfer::testing {
namespace {

class Write : public ::testing::Test {
 protected:
  void SetUp() override {
    model_ = load(fixture_path("qwen2-q4_0.gguf"));
    session_ = new_session(*model_, {});
    trace_ = std::make_unique<Trace>(*session_);
    ops_ = tap_ops(*session_);
    ASSERT_TRUE(trace_->keep(all_taps(*session_), kPlenty));
    ids_ = some_ids(8, model_->config.n_vocab);
  }

  // Positions [0, 5) in one pass, which gives logits of the last one.
  void begin() {
    ASSERT_TRUE(session_->truncate(0, 0));
    std::vector<Row> rows;
    for (uint32_t pos = 0; pos < 5; ++pos) rows.push_back({ids_[pos], 0, pos, pos == 4});
    ASSERT_TRUE(session_->begin(rows));
  }

  // What five rows of an op are to hold.
  std::vector<float> own_rows(uint32_t op) const {
    std::vector<float> rows(size_t{5} * session_->ops()[op].n_out);
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = 0.01f * static_cast<float>(i % 37) - 0.1f;
    return rows;
  }

  // Everything that later ops and passes have left: all kept taps of the five and of one more.
  std::vector<float> all_values() {
    const Row next{ids_[5], 0, 5, true};
    EXPECT_TRUE(session_->begin({&next, 1}));
    EXPECT_TRUE(session_->run());
    std::vector<float> values;
    for (const auto& [name, op] : ops_) {
      for (uint32_t pos = session_->ops()[op].logit_rows ? 4 : 0; pos < 6; ++pos) {
        const std::vector<float> row = kept(*trace_, op, pos);
        values.insert(values.end(), row.begin(), row.end());
      }
    }
    return values;
  }

  std::unique_ptr<Model> model_;
  std::unique_ptr<Session> session_;
  std::unique_ptr<Trace> trace_;
  std::map<std::string, uint32_t> ops_;
  std::vector<int32_t> ids_;
};

TEST_F(Write, IsTheEditThatReplaces) {
  begin();
  ASSERT_TRUE(session_->run());
  const std::vector<float> untouched = all_values();
  for (const char* name : {"embd", "L.0.q", "L.0.k", "L.1.v", "L.0.q_rot", "L.0.k_rot", "L.1.z",
                           "L.0.resid_mid", "L.0.gate", "L.1.act", "L.1.resid_post"}) {
    const uint32_t op = ops_[name];
    const std::vector<float> rows = own_rows(op);
    const uint32_t width = session_->ops()[op].n_out;
    const Edit edit{
        .op = op, .kind = EditKind::kReplace, .n = width, .to = 5, .begin = 0, .end = 5 * width};
    ASSERT_TRUE(trace_->set_edits({&edit, 1}, rows));
    begin();
    ASSERT_TRUE(session_->run());
    const std::vector<float> edited = all_values();
    ASSERT_TRUE(trace_->set_edits({}, {}));
    begin();
    ASSERT_TRUE(session_->run(op + 1));
    ASSERT_TRUE(trace_->write(op, rows)) << name;
    std::span<const float> live;
    ASSERT_TRUE(trace_->live(op, &live));
    EXPECT_EQ(std::vector<float>(live.begin(), live.end()), rows) << name;
    ASSERT_TRUE(session_->run());
    EXPECT_EQ(all_values(), edited) << name;
    EXPECT_NE(edited, untouched) << name;
  }
}

TEST_F(Write, OfTheLogitsStandsBehindACompletePass) {
  const uint32_t op = ops_["logits"];
  const std::vector<float> row(model_->config.n_vocab, -0.5f);
  EXPECT_FALSE(trace_->write(op, row));  // no pass has run
  begin();
  ASSERT_TRUE(session_->run());
  ASSERT_TRUE(trace_->write(op, row));
  const std::span<const float> logits = session_->logits(0);
  EXPECT_EQ(std::vector<float>(logits.begin(), logits.end()), row);
  EXPECT_EQ(kept(*trace_, op, 4), row);
  ASSERT_TRUE(session_->truncate(0, 3));
  EXPECT_FALSE(trace_->write(op, row));  // their position is gone
}

TEST_F(Write, IsRefusedWhereItComesTooLateOrDoesNotFit) {
  const uint32_t op = ops_["L.0.q_rot"];
  const std::vector<float> rows = own_rows(op);
  EXPECT_FALSE(trace_->write(op, rows));
  begin();
  EXPECT_FALSE(trace_->write(op, rows));
  ASSERT_TRUE(session_->run(op + 1));
  EXPECT_FALSE(trace_->write(op, std::span(rows).first(rows.size() - 1)));
  EXPECT_FALSE(trace_->write(op, {}));
  EXPECT_FALSE(trace_->write(ops_["embd"], rows));  // live, but it has been read
  EXPECT_FALSE(trace_->write(1u << 30, rows));
  EXPECT_TRUE(trace_->write(op, rows));
  ASSERT_TRUE(session_->run(op + 2));
  const Status late = trace_->write(op, rows);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().place, "op " + std::to_string(op));
  session_->abandon();
  EXPECT_FALSE(trace_->write(op, rows));
  EXPECT_FALSE(trace_->write(ops_["logits"], rows));
}

}  // namespace
}  // namespace nanoinfer::testing
