// Taps by name, and runs with a trace, in tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/trace/trace.h"
#include "tests/engine/model_testing.h"

namespace nanoinfer::testing {

// What the page calls the outputs of ops (web/src/worker/schema.ts).
inline const std::map<std::string, std::string> kTapNames = {
    {"token_embd", "embd"},
    {"attn_norm", "attn_norm"},
    {"attn_q", "q"},
    {"attn_k", "k"},
    {"attn_v", "v"},
    {"rope_q", "q_rot"},
    {"rope_k", "k_rot"},
    {"attention_merge", "z"},
    {"attn_output", "attn_out"},
    {"attn_residual", "resid_mid"},
    {"ffn_norm", "ffn_norm"},
    {"ffn_gate", "gate"},
    {"ffn_up", "up"},
    {"swiglu", "act"},
    {"ffn_down", "ffn_out"},
    {"ffn_residual", "resid_post"},
    {"output_norm", "final_norm"},
    {"output", "logits"},
};

// The op behind which each tap lies; where a bias follows a product, behind the bias.
inline std::map<std::string, uint32_t> tap_ops(const Session& session) {
  std::map<std::string, uint32_t> taps;
  uint32_t i = 0;
  for (const Op& op : session.ops()) {
    const std::string_view op_name = op.name;
    const auto named = kTapNames.find(std::string(op_name.substr(0, op_name.find('.'))));
    const std::string layer = op.layer < 0 ? "" : "L." + std::to_string(op.layer) + ".";
    if (op_name == "attn_norm") taps[layer + "resid_pre"] = i - 1;
    if (named != kTapNames.end()) taps[layer + named->second] = i;
    ++i;
  }
  return taps;
}

inline std::vector<KeptTap> all_taps(const Session& session, bool norm_only = false) {
  std::vector<KeptTap> taps;
  for (const auto& [name, op] : tap_ops(session)) taps.push_back({op, norm_only});
  return taps;
}

// A kept row, which must be there.
inline std::vector<float> kept(const Trace& trace, uint32_t op, uint32_t pos) {
  const std::span<const float> row = trace.taps().row(op, pos);
  EXPECT_FALSE(row.empty()) << "op " << op << " at " << pos;
  return {row.begin(), row.end()};
}

// The largest |a - b| over the largest |b|.
inline double relative_error(std::span<const float> a, std::span<const float> b) {
  EXPECT_EQ(a.size(), b.size());
  double error = 0;
  double most = 0;
  for (size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    const double difference = std::abs(double{a[i]} - double{b[i]});
    error = difference > error || std::isnan(difference) ? difference : error;
    most = std::max(most, std::abs(double{b[i]}));
  }
  return most > 0 ? error / most : error;
}

// Softmax by its definition, in double, over the positions that are not hidden.
inline std::vector<double> eager_softmax(std::span<const float> scores,
                                         const std::vector<bool>& hidden) {
  double most = -std::numeric_limits<double>::infinity();
  double sum = 0;
  for (size_t p = 0; p < scores.size(); ++p) {
    if (!hidden[p]) most = std::max(most, double{scores[p]});
  }
  std::vector<double> probs(scores.size());
  for (size_t p = 0; p < scores.size(); ++p) {
    if (!hidden[p]) sum += probs[p] = std::exp(double{scores[p]} - most);
  }
  for (double& p : probs) p /= sum;
  return probs;
}

inline constexpr uint64_t kPlenty = 64 << 20;

}  // namespace nanoinfer::testing
