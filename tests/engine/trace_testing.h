// Taps by name, and runs with a trace, in tests.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "engine/trace/schema.h"
#include "engine/trace/trace.h"
#include "tests/engine/model_testing.h"

namespace nanoinfer::testing {

// The op behind which each tap lies.
inline std::map<std::string, uint32_t> tap_ops(const Session& session) {
  std::map<std::string, uint32_t> ops;
  for (const nlohmann::json& tap :
       nlohmann::json::parse(tap_schema_json(session), nullptr, false)) {
    ops[tap.at("name").get<std::string>()] = tap.at("op").get<uint32_t>();
  }
  return ops;
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
