// Looking into a pass changes nothing, costs no memory, and finds what was there.
#include "engine/trace/trace.h"

#include <gtest/gtest.h>

#include <atomic>
#include <limits>

#include "tests/engine/trace_testing.h"

#ifndef __wasm__
namespace {
std::atomic<size_t> n_allocations = 0;
}  // namespace

// Sanitizers, under which all tests run natively, call this at each allocation.
extern "C" void __sanitizer_malloc_hook(const volatile void*, size_t) {
  ++n_allocations;
}
#endif

namespace nanoinfer::testing {
namespace {

enum class Watch { kOff, kLite, kFull, kStopping };

// Logits of a prefill in chunks and some single tokens, watched in one of these ways.
uint64_t watched_hash(const Model& model, Watch watch, const RunOptions& options) {
  const std::unique_ptr<Session> session = new_session(model, options);
  std::unique_ptr<Trace> trace;
  if (watch != Watch::kOff) {
    trace = std::make_unique<Trace>(*session);
    EXPECT_TRUE(trace->keep(all_taps(*session, watch == Watch::kLite), kPlenty));
  }
  if (watch == Watch::kStopping) {
    std::vector<Break> breaks;
    for (uint32_t op = 0; op < session->ops().size(); ++op) breaks.push_back({.op = op});
    EXPECT_TRUE(trace->set_breaks(breaks));
  }
  std::vector<float> logits;
  const std::vector<int32_t> ids = some_ids(75, model.config.n_vocab);
  extend(*session, 0, {ids.begin(), ids.begin() + 70}, options, &logits);
  RunOptions one = options;
  one.chunk = 1;
  extend(*session, 0, {ids.begin() + 70, ids.end()}, one, &logits);
  return hash_of(logits);
}

TEST(TraceThreads, LogitsAreTheSameBitsHoweverTheyAreWatched) {
  for (const char* name : {"llama-f32.gguf", "qwen2-q4_0.gguf", "llama-q4_k_m.gguf"}) {
    const std::unique_ptr<Model> model = load(fixture_path(name));
    ASSERT_TRUE(model);
    const uint64_t off = watched_hash(*model, Watch::kOff, {});
    for (const uint32_t n_threads : {1u, 2u, 3u, 4u}) {
      for (const Watch watch : {Watch::kLite, Watch::kFull, Watch::kStopping}) {
        EXPECT_EQ(watched_hash(*model, watch, {.n_threads = n_threads}), off)
            << name << ", " << n_threads << " threads, watch " << static_cast<int>(watch);
      }
      RunOptions stepping{.n_threads = n_threads};
      stepping.ops_a_step = 1;
      EXPECT_EQ(watched_hash(*model, Watch::kFull, stepping), off) << name << ", op by op";
    }
  }
}

TEST(Trace, KeepsWhatLiesThereWhenThePassStandsStill) {
  const std::unique_ptr<Model> model = load(fixture_path("qwen2-f32.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  Trace trace(*session);
  ASSERT_TRUE(trace.keep(all_taps(*session), kPlenty));
  extend(*session, 0, {5, 6}, {}, nullptr);
  const std::vector<Row> rows = {{7, 0, 2, false}, {8, 0, 3, true}};
  ASSERT_TRUE(session->begin(rows));
  std::map<uint32_t, std::string> taps;
  for (const auto& [name, op] : tap_ops(*session)) taps[op] = name;
  for (const auto& [op, name] : taps) {
    ASSERT_TRUE(session->run(op + 1));
    if (!session->in_pass()) break;  // the logits end it
    std::span<const float> live;
    ASSERT_TRUE(trace.live(op, &live)) << name;
    const bool last_only = session->ops()[op].logit_rows;
    std::vector<float> both = last_only ? std::vector<float>{} : kept(trace, op, 2);
    const std::vector<float> last = kept(trace, op, 3);
    both.insert(both.end(), last.begin(), last.end());
    EXPECT_EQ(std::vector<float>(live.begin(), live.end()), both) << name;
  }
}

TEST(Trace, RefusesAnOutputThatIsNotThereOrNoMoreThere) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-f32.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  Trace trace(*session);
  std::map<std::string, uint32_t> ops = tap_ops(*session);
  std::span<const float> live;
  EXPECT_FALSE(trace.live(ops["embd"], &live));  // no pass
  const Row row{1, 0, 0, true};
  ASSERT_TRUE(session->begin({&row, 1}));
  ASSERT_TRUE(session->run(ops["L.0.q_rot"] + 1));
  EXPECT_TRUE(trace.live(ops["L.0.q_rot"], &live));
  EXPECT_TRUE(trace.live(ops["embd"], &live));
  const Status over = trace.live(ops["L.0.q"], &live);  // turned in place
  ASSERT_FALSE(over);
  EXPECT_EQ(over.error().place, "by op " + std::to_string(ops["L.0.q_rot"]));
  EXPECT_FALSE(trace.live(ops["L.0.z"], &live));
  EXPECT_FALSE(trace.live(100000, &live));
  EXPECT_FALSE(trace.keep(std::vector<KeptTap>{{100000, 0}}, kPlenty));
}

TEST(Trace, KeepsTheLastPositionsThatFitAndForgetsWithTheSession) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-f32.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  Trace trace(*session);
  const uint32_t embd = tap_ops(*session)["embd"];
  const uint64_t position = (model->config.d_model + 1) * sizeof(float);
  ASSERT_TRUE(trace.keep(std::vector<KeptTap>{{embd, 0}}, 5 * position + 1));
  EXPECT_EQ(trace.taps().n_positions(), 5u);
  EXPECT_EQ(trace.taps().n_bytes(), 5 * position);
  extend(*session, 0, some_ids(12, model->config.n_vocab), {}, nullptr);
  for (uint32_t pos = 0; pos < 13; ++pos) {
    EXPECT_EQ(trace.taps().row(embd, pos).empty(), pos < 7 || pos == 12) << pos;
  }
  ASSERT_TRUE(session->truncate(0, 9));
  EXPECT_FALSE(trace.taps().row(embd, 8).empty());
  EXPECT_TRUE(trace.taps().row(embd, 9).empty());
  const Row row{1, 0, 9, false};
  ASSERT_TRUE(session->begin({&row, 1}));
  ASSERT_TRUE(session->run(embd + 1));
  session->abandon();
  EXPECT_FALSE(trace.taps().row(embd, 9).empty());  // to be looked at: the pass may have failed
  ASSERT_TRUE(session->begin({&row, 1}));
  EXPECT_TRUE(trace.taps().row(embd, 9).empty());
  const Status little = trace.keep(std::vector<KeptTap>{{embd, 0}}, position - 1);
  ASSERT_FALSE(little);
  EXPECT_EQ(little.error().code, ErrorCode::kOutOfMemory);
  EXPECT_FALSE(trace.taps().keeps(embd));
}

#ifndef __wasm__
TEST(Trace, AllocatesNothingForAToken) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_1.gguf"));
  ASSERT_TRUE(model);
  const auto allocations = [&](bool watched) {
    const std::unique_ptr<Session> session = new_session(*model, {});
    std::unique_ptr<Trace> trace;
    if (watched) {
      trace = std::make_unique<Trace>(*session);
      EXPECT_TRUE(trace->keep(all_taps(*session), kPlenty));
      const uint32_t z = tap_ops(*session)["L.0.z"];
      const Edit masked{.op = z, .kind = EditKind::kMask, .n = 1, .begin = 1, .end = 3};
      EXPECT_TRUE(trace->set_edits({&masked, 1}, {}));
      const Break never{.op = z, .when = BreakWhen::kNonFinite};
      EXPECT_TRUE(trace->set_breaks({&never, 1}));
    }
    extend(*session, 0, {1, 2, 3, 4}, {}, nullptr);
    const size_t before = n_allocations;
    for (uint32_t pos = 4; pos < 20; ++pos) {
      const Row row{3, 0, pos, true};
      if (!session->begin({&row, 1}) || !session->run()) ADD_FAILURE();
    }
    return n_allocations - before;
  };
  ASSERT_GT(n_allocations, 0u);
  EXPECT_EQ(allocations(true), allocations(false));
}
#endif

TEST(Trace, StopsBehindOpsAndOnConditions) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-f32.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  Trace trace(*session);
  std::map<std::string, uint32_t> ops = tap_ops(*session);
  const std::vector<Row> rows = {{7, 0, 0, false}, {8, 0, 1, true}};
  ASSERT_TRUE(trace.keep(all_taps(*session, true), kPlenty));
  ASSERT_TRUE(session->begin(rows));
  ASSERT_TRUE(session->run());
  const float norm0 = kept(trace, ops["L.1.attn_out"], 0)[0];
  const float norm1 = kept(trace, ops["L.1.attn_out"], 1)[0];
  ASSERT_TRUE(session->truncate(0, 0));

  const Break breaks[] = {
      {.op = 1},
      {.op = ops["L.1.attn_out"], .when = BreakWhen::kNormAbove, .limit = (norm0 + norm1) / 2},
      {.op = ops["L.1.act"], .when = BreakWhen::kNonFinite}};
  ASSERT_TRUE(trace.set_breaks(breaks));
  ASSERT_TRUE(session->begin(rows));
  Result<size_t> cursor = session->run();
  ASSERT_TRUE(cursor);
  EXPECT_EQ(*cursor, 2u);
  EXPECT_EQ(trace.hit().index, 0);
  cursor = session->run();
  ASSERT_TRUE(cursor);
  EXPECT_EQ(*cursor, ops["L.1.attn_out"] + 1);
  EXPECT_EQ(trace.hit().index, 1);
  EXPECT_EQ(trace.hit().pos, norm1 > norm0 ? 1u : 0u);
  EXPECT_EQ(trace.hit().value, std::max(norm0, norm1));
  // A run of no ops leaves it standing there.
  EXPECT_EQ(*session->run(session->cursor()), session->cursor());
  EXPECT_EQ(trace.hit().index, 1);
  // An edit behind the cursor's place makes the third one true.
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Edit edit{.op = ops["L.1.act"],
                  .kind = EditKind::kReplace,
                  .first = 3,
                  .n = 1,
                  .from = 1,
                  .to = 2,
                  .begin = 0,
                  .end = 1};
  ASSERT_TRUE(trace.set_edits({&edit, 1}, {&nan, 1}));
  cursor = session->run();
  ASSERT_TRUE(cursor);
  EXPECT_EQ(trace.hit().index, 2);
  EXPECT_EQ(trace.hit().pos, 1u);
  EXPECT_EQ(trace.hit().element, 3u);
  EXPECT_FALSE(session->run());  // the NaN reaches the logits
  const Break nowhere{.op = 1000000};
  EXPECT_FALSE(trace.set_breaks({&nowhere, 1}));
}

}  // namespace
}  // namespace nanoinfer::testing
