// Same tokens in, same logits out, bit for bit: whatever the steps of the cursor, the batch they
// share and what the session did before. (Threads, chunks and kernel sets: bits_test.cpp.)
#include <gtest/gtest.h>

#include <limits>

#include "tests/engine/model_testing.h"

namespace nanoinfer {
namespace {

using namespace testing;

TEST(Session, SteppingOpByOpGivesTheSameBits) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids = some_ids(70, model->config.n_vocab);
  const uint64_t expected = hash_of(all_logits(*model, ids, {.chunk = 16}));
  for (const size_t step : {size_t{1}, size_t{7}}) {
    for (const uint32_t n_threads : {1u, 2u}) {
      EXPECT_EQ(hash_of(all_logits(*model, ids,
                                   {.chunk = 16, .n_threads = n_threads, .ops_a_step = step})),
                expected);
    }
  }
}

TEST(Session, TimingEveryOpChangesNoBit) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids = some_ids(40, model->config.n_vocab);
  const std::unique_ptr<Session> session = new_session(*model, {.n_threads = 2});
  session->set_timing(true);
  std::vector<float> logits;
  extend(*session, 0, ids, {.chunk = 40}, &logits);
  EXPECT_EQ(hash_of(logits), hash_of(all_logits(*model, ids, {})));
  double total_ms = 0;
  for (const double ms : session->op_ms()) total_ms += ms;
  EXPECT_GT(total_ms, 0);
}

TEST(Session, SequencesThatShareABatchGiveWhatEachGivesAlone) {
  const std::unique_ptr<Model> model = load(fixture_path("qwen2-q8_0.gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids = some_ids(90, model->config.n_vocab);
  const std::unique_ptr<Session> session = new_session(*model, {.n_threads = 2}, /*n_seqs=*/3);
  std::vector<std::vector<int32_t>> prompts = {{ids.begin(), ids.begin() + 70},
                                               {ids.begin() + 10, ids.end()},
                                               {ids.begin() + 40, ids.begin() + 43}};
  std::vector<std::vector<float>> together(3);
  for (size_t i = 0; i < 80; ++i) {  // one row of each that has any left
    std::vector<Row> rows;
    for (uint32_t seq = 0; seq < 3; ++seq) {
      if (i >= prompts[seq].size()) continue;
      rows.push_back({.token_id = prompts[seq][i],
                      .seq = seq,
                      .pos = static_cast<uint32_t>(i),
                      .wants_logits = true});
    }
    ASSERT_TRUE(session->begin(rows));
    ASSERT_TRUE(session->run());
    for (size_t r = 0; r < rows.size(); ++r) {
      const std::span<const float> row = session->logits(r);
      together[rows[r].seq].insert(together[rows[r].seq].end(), row.begin(), row.end());
    }
  }
  for (uint32_t seq = 0; seq < 3; ++seq) {
    EXPECT_EQ(hash_of(together[seq]), hash_of(all_logits(*model, prompts[seq], {})))
        << "sequence " << seq;
  }
}

TEST(Session, WhatFollowsACachedPrefixEqualsAFreshRun) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> first = some_ids(150, model->config.n_vocab);
  std::vector<int32_t> second = first;
  second[130] = (second[130] + 1) % static_cast<int32_t>(model->config.n_vocab);
  const std::unique_ptr<Session> session = new_session(*model, {});
  extend(*session, 0, first, {}, nullptr);
  const uint32_t kept = session->common_prefix(0, second);
  EXPECT_EQ(kept, 130u);
  ASSERT_TRUE(session->truncate(0, kept));
  std::vector<float> logits;
  extend(*session, 0, {second.begin() + static_cast<ptrdiff_t>(kept), second.end()}, {}, &logits);
  const std::vector<float> fresh = all_logits(*model, second, {});
  EXPECT_EQ(
      hash_of(logits),
      hash_of({fresh.begin() + static_cast<ptrdiff_t>(kept * model->config.n_vocab), fresh.end()}));
}

TEST(Session, AnAbandonedPassLeavesNoTrace) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids = some_ids(100, model->config.n_vocab);
  const std::unique_ptr<Session> session = new_session(*model, {});
  extend(*session, 0, {ids.begin(), ids.begin() + 60}, {}, nullptr);
  std::vector<Row> rows;
  for (uint32_t i = 0; i < 30; ++i)
    rows.push_back({.token_id = 5, .seq = 0, .pos = 60 + i, .wants_logits = false});
  ASSERT_TRUE(session->begin(rows));
  ASSERT_TRUE(session->run(session->ops().size() / 2));
  session->abandon();
  EXPECT_EQ(session->tokens(0).size(), 60u);
  std::vector<float> logits;
  extend(*session, 0, {ids.begin() + 60, ids.end()}, {}, &logits);
  const std::vector<float> fresh = all_logits(*model, ids, {});
  EXPECT_EQ(
      hash_of(logits),
      hash_of({fresh.begin() + static_cast<ptrdiff_t>(60 * model->config.n_vocab), fresh.end()}));
}

TEST(SessionThreads, APassInSlicesStopsBetweenRegionsAndGivesTheSameBits) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  constexpr uint32_t kSeqs = 6;
  const std::vector<int32_t> ids = some_ids(400, model->config.n_vocab);
  // So many rows that there is about as much work between two regions as between two looks at the
  // clock.
  const auto n_rows = static_cast<uint32_t>(kSeqs * ids.size());
  Result<std::unique_ptr<Session>> made = Session::create(
      *model,
      {.n_ctx = 512, .n_batch = n_rows, .n_logit_rows = n_rows, .n_seqs = kSeqs, .n_threads = 2});
  ASSERT_TRUE(made) << made.error().text();
  Session& session = **made;
  std::vector<Row> rows;
  for (uint32_t seq = 0; seq < kSeqs; ++seq) {
    for (uint32_t pos = 0; pos < ids.size(); ++pos) {
      rows.push_back({.token_id = ids[pos], .seq = seq, .pos = pos, .wants_logits = true});
    }
  }
  ASSERT_TRUE(session.begin(rows));
  size_t n_stops = 0;
  for (size_t cursor = 0; cursor < session.ops().size();) {
    const Result<size_t> reached = session.run(SIZE_MAX, 1e-9);
    ASSERT_TRUE(reached);
    ASSERT_GT(*reached, cursor);
    EXPECT_TRUE(session.ops()[*reached - 1].ends_region);
    cursor = *reached;
    ++n_stops;
  }
  EXPECT_GT(n_stops, 2 * model->config.n_layers);
  const uint64_t alone = hash_of(all_logits(*model, ids, {}));
  for (uint32_t seq = 0; seq < kSeqs; ++seq) {
    std::vector<float> logits;
    for (size_t i = 0; i < ids.size(); ++i) {
      const std::span<const float> row = session.logits(seq * ids.size() + i);
      logits.insert(logits.end(), row.begin(), row.end());
    }
    EXPECT_EQ(hash_of(logits), alone) << seq;
  }
}

TEST(Session, TakesBlocksOnlyAsTheyAreNeeded) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  EXPECT_EQ(session->cache().bytes_used(), 0u);
  extend(*session, 0, some_ids(65, model->config.n_vocab), {}, nullptr);
  EXPECT_EQ(session->cache().bytes_used(), 2 * session->cache().block_bytes());
  ASSERT_TRUE(session->truncate(0, 3));
  extend(*session, 0, some_ids(100, model->config.n_vocab), {}, nullptr);
  EXPECT_EQ(session->cache().bytes_used(), 2 * session->cache().block_bytes());  // reused
}

TEST(Session, RefusesRowsThatMakeNoSense) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  const auto code = [&](std::vector<Row> rows) {
    const Status status = session->begin(rows);
    return status ? "ok" : error_code_name(status.error().code);
  };
  const int32_t n_vocab = static_cast<int32_t>(model->config.n_vocab);
  EXPECT_STREQ(code({}), "bad_argument");
  EXPECT_STREQ(code({{.token_id = n_vocab, .seq = 0, .pos = 0, .wants_logits = true}}),
               "bad_argument");
  EXPECT_STREQ(code({{.token_id = -1, .seq = 0, .pos = 0, .wants_logits = true}}), "bad_argument");
  EXPECT_STREQ(code({{.token_id = 1, .seq = 1, .pos = 0, .wants_logits = true}}), "bad_argument");
  EXPECT_STREQ(code({{.token_id = 1, .seq = 0, .pos = 1, .wants_logits = true}}), "bad_argument");
  EXPECT_FALSE(session->run());
  extend(*session, 0, some_ids(512, model->config.n_vocab), {}, nullptr);
  EXPECT_STREQ(code({{.token_id = 1, .seq = 0, .pos = 512, .wants_logits = true}}), "context_full");
  EXPECT_FALSE(Session::create(*model, {.n_threads = 0}));
  EXPECT_FALSE(Session::create(*model, {.n_ctx = 1u << 30}));
}

TEST(Session, AWeightThatIsNotFiniteGivesAnErrorAndNoToken) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-f32.gguf"));
  ASSERT_TRUE(model);
  const_cast<float*>(model->weights.layers[0].ffn_norm)[3] =
      std::numeric_limits<float>::quiet_NaN();
  const std::unique_ptr<Session> session = new_session(*model, {});
  const std::vector<Row> rows = {{.token_id = 1, .seq = 0, .pos = 0, .wants_logits = true}};
  ASSERT_TRUE(session->begin(rows));
  const Result<size_t> reached = session->run();
  ASSERT_FALSE(reached);
  EXPECT_EQ(reached.error().code, ErrorCode::kNonFinite);
  EXPECT_EQ(session->tokens(0).size(), 0u);
}

}  // namespace
}  // namespace nanoinfer
