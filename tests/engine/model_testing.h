// Loading model files in tests, and running token ids through them.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <string>
#include <vector>

#include "engine/model/loader.h"
#include "engine/run/session.h"

namespace nanoinfer::testing {

inline std::vector<uint8_t> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

inline std::string fixture_path(const std::string& name) {
  return std::string(NANOINFER_SOURCE_DIR) + "/tests/fixtures/models/" + name;
}

// The real model's file: $NANOINFER_MODEL, or where `npm run model` puts it.
inline std::string real_model_path() {
  if (const char* path = std::getenv("NANOINFER_MODEL")) return path;
  const char* cache = std::getenv("XDG_CACHE_HOME");
  const char* home = std::getenv("HOME");
  const std::string root = cache != nullptr ? cache : std::string(home ? home : "") + "/.cache";
  return root + "/nanoinfer/models/SmolLM2-135M-Instruct.Q4_1.gguf";
}

inline std::unique_ptr<Model> load(const std::string& path) {
  const std::vector<uint8_t> file = read_file(path);
  EXPECT_FALSE(file.empty()) << path << " is missing; npm run model fetches the real model";
  Result<std::unique_ptr<Model>> model = load_model(file);
  if (!model) {
    ADD_FAILURE() << path << ": " << model.error().text();
    return nullptr;
  }
  return std::move(*model);
}

// Integers of "ids": [...] in a fixture's .ids.json.
inline std::vector<int32_t> fixture_ids(const std::string& name) {
  const std::vector<uint8_t> bytes = read_file(fixture_path(name + ".ids.json"));
  const std::string text(bytes.begin(), bytes.end());
  std::vector<int32_t> ids;
  const char* at = std::strchr(text.c_str() + text.find("\"ids\""), '[') + 1;
  while (true) {
    char* end = nullptr;
    const long id = std::strtol(at, &end, 10);
    if (end == at) return ids;
    ids.push_back(static_cast<int32_t>(id));
    at = *end == ',' ? end + 1 : end;
  }
}

// Token ids that look random, the same everywhere.
inline std::vector<int32_t> some_ids(size_t n, uint32_t n_vocab) {
  std::vector<int32_t> ids;
  uint32_t state = 12345;
  for (size_t i = 0; i < n; ++i) {
    state = state * 1664525 + 1013904223;
    ids.push_back(static_cast<int32_t>((state >> 8) % n_vocab));
  }
  return ids;
}

struct RunOptions {
  uint32_t chunk = 32;  // rows a pass
  uint32_t n_threads = 1;
  const Kernels* kernels = nullptr;
  size_t ops_a_step = SIZE_MAX;  // how far the cursor goes in one call
};

// Appends ids to a sequence in chunks; their logits (n_tokens, n_vocab) go to the end of `logits`.
inline void extend(Session& session, uint32_t seq, const std::vector<int32_t>& ids,
                   const RunOptions& options, std::vector<float>* logits) {
  for (size_t first = 0; first < ids.size(); first += options.chunk) {
    std::vector<Row> rows;
    for (size_t i = first; i < std::min(first + options.chunk, ids.size()); ++i) {
      const uint32_t pos = static_cast<uint32_t>(session.tokens(seq).size() + rows.size());
      rows.push_back(
          {.token_id = ids[i], .seq = seq, .pos = pos, .wants_logits = logits != nullptr});
    }
    const Status begun = session.begin(rows);
    ASSERT_TRUE(begun) << begun.error().text();
    for (size_t cursor = 0; cursor < session.ops().size();) {
      const size_t until = options.ops_a_step == SIZE_MAX ? SIZE_MAX : cursor + options.ops_a_step;
      const Result<size_t> reached = session.run(until);
      ASSERT_TRUE(reached) << reached.error().text();
      cursor = *reached;
    }
    for (size_t i = 0; logits != nullptr && i < rows.size(); ++i) {
      const std::span<const float> row = session.logits(i);
      logits->insert(logits->end(), row.begin(), row.end());
    }
  }
}

inline std::unique_ptr<Session> new_session(const Model& model, const RunOptions& options,
                                            uint32_t n_seqs = 1) {
  Result<std::unique_ptr<Session>> session = Session::create(model, {.n_ctx = 512,
                                                                     .n_batch = 512,
                                                                     .n_logit_rows = 512,
                                                                     .n_seqs = n_seqs,
                                                                     .n_threads = options.n_threads,
                                                                     .kernels = options.kernels});
  EXPECT_TRUE(session) << session.error().text();
  return std::move(*session);
}

// Logits (n_tokens, n_vocab) of ids from an empty context.
inline std::vector<float> all_logits(const Model& model, const std::vector<int32_t>& ids,
                                     const RunOptions& options) {
  std::vector<float> logits;
  extend(*new_session(model, options), 0, ids, options, &logits);
  return logits;
}

// FNV-1a over the bits.
inline uint64_t hash_of(const std::vector<float>& values) {
  uint64_t hash = 14695981039346656037u;
  for (const float value : values) {
    uint32_t bits = 0;
    std::memcpy(&bits, &value, sizeof bits);
    hash = (hash ^ bits) * 1099511628211u;
  }
  return hash;
}

// sum (a - b)^2 / sum b^2
inline double nmse(const std::vector<float>& a, const std::vector<float>& b) {
  double error = 0;
  double power = 0;
  for (size_t i = 0; i < a.size(); ++i) {
    error += (double{a[i]} - double{b[i]}) * (double{a[i]} - double{b[i]});
    power += double{b[i]} * double{b[i]};
  }
  return error / power;
}

}  // namespace nanoinfer::testing
