// The forward pass against golden logits that Hugging Face transformers and scripts/reference.py
// gave.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>

#include "tests/engine/model_testing.h"

namespace nanoinfer {
namespace {

using namespace testing;

// Mean over positions of KL(p || q), p and q the softmax of `expected` and `actual` rows.
double mean_kl(const std::vector<float>& actual, const std::vector<float>& expected,
               size_t n_vocab) {
  const auto log_sum_exp = [n_vocab](const float* row) {
    double max = row[0];
    for (size_t i = 1; i < n_vocab; ++i) max = std::max(max, double{row[i]});
    double sum = 0;
    for (size_t i = 0; i < n_vocab; ++i) sum += std::exp(double{row[i]} - max);
    return max + std::log(sum);
  };
  double total = 0;
  const size_t n_rows = expected.size() / n_vocab;
  for (size_t row = 0; row < n_rows; ++row) {
    const float* p = &expected[row * n_vocab];
    const float* q = &actual[row * n_vocab];
    const double norm_p = log_sum_exp(p);
    const double norm_q = log_sum_exp(q);
    for (size_t i = 0; i < n_vocab; ++i) {
      const double log_p = double{p[i]} - norm_p;
      total += std::exp(log_p) * (log_p - (double{q[i]} - norm_q));
    }
  }
  return total / static_cast<double>(n_rows);
}

size_t argmax(const float* row, size_t n) {
  return static_cast<size_t>(std::max_element(row, row + n) - row);
}

std::vector<std::string> fixture_names() {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(fixture_path(""))) {
    if (entry.path().extension() == ".gguf") names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

class Fixture : public ::testing::TestWithParam<std::string> {};

TEST_P(Fixture, GivesTheGoldenLogits) {
  const std::unique_ptr<Model> model = load(fixture_path(GetParam() + ".gguf"));
  ASSERT_TRUE(model);
  const std::vector<int32_t> ids = fixture_ids(GetParam());
  const std::vector<uint8_t> bytes = read_file(fixture_path(GetParam() + ".logits.f32"));
  std::vector<float> expected(bytes.size() / sizeof(float));
  std::memcpy(expected.data(), bytes.data(), bytes.size());
  const size_t n_vocab = model->config.n_vocab;
  ASSERT_EQ(expected.size(), ids.size() * n_vocab);

  const std::vector<float> actual = all_logits(*model, ids, {});
  ASSERT_EQ(actual.size(), expected.size());
  bool quantised = false;
  for (const TensorInfo& tensor : model->header.tensors) quantised |= traits(tensor.type).quantised;
  if (!quantised) {
    EXPECT_LE(nmse(actual, expected), 1e-10);
    for (size_t row = 0; row < ids.size(); ++row) {
      const float* e = &expected[row * n_vocab];
      const size_t best = argmax(e, n_vocab);
      const size_t ours = argmax(&actual[row * n_vocab], n_vocab);
      EXPECT_LE(e[best] - e[ours], 1e-3f) << "row " << row;
    }
  } else {
    // What is left is the rounding of activations to 13 bits.
    EXPECT_LE(nmse(actual, expected), 1e-5);
    EXPECT_LE(mean_kl(actual, expected, n_vocab), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Fixture, ::testing::ValuesIn(fixture_names()),
                         [](const auto& info) {
                           std::string name = info.param;
                           for (char& c : name)
                             c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

TEST(Loader, GivesTheSameModelHoweverTheBytesCome) {
  const std::string path = fixture_path("llama-q4_k_m.gguf");
  const std::vector<uint8_t> file = read_file(path);
  const std::unique_ptr<Model> whole = load(path);
  ASSERT_TRUE(whole);
  for (const size_t chunk : {size_t{97}, size_t{4096}, file.size()}) {
    ModelLoader loader(0);  // size unknown
    for (size_t at = 0; at < file.size(); at += chunk) {
      const size_t n = std::min(chunk, file.size() - at);
      Result<uint8_t*> to = loader.reserve(n);
      ASSERT_TRUE(to);
      std::memcpy(*to, &file[at], n);
      ASSERT_TRUE(loader.commit(n));
    }
    const Result<std::unique_ptr<Model>> model = loader.finish();
    ASSERT_TRUE(model) << model.error().text();
    EXPECT_EQ((*model)->file_bytes, file.size());
    EXPECT_EQ(std::memcmp((*model)->data.get(), whole->data.get(),
                          static_cast<size_t>(whole->header.data_bytes)),
              0);
  }
}

// A source may give fewer bytes than it was asked for, and a file may go on after its last tensor.
TEST(Loader, GivesTheSameModelWithShortCommitsAndBytesAfterTheEnd) {
  const std::string path = fixture_path("llama-q4_0.gguf");
  std::vector<uint8_t> file = read_file(path);
  const std::unique_ptr<Model> whole = load(path);
  ASSERT_TRUE(whole);
  file.resize(file.size() + 5000, 0xEE);
  for (const size_t wanted : {size_t{1000}, size_t{50000}, file.size()}) {
    for (const size_t most : {size_t{333}, size_t{40000}}) {
      ModelLoader loader(file.size());
      for (size_t at = 0; at < file.size();) {
        const Result<uint8_t*> to = loader.reserve(wanted);
        ASSERT_TRUE(to);
        const size_t n = std::min({wanted, most, file.size() - at});
        std::memset(*to, 0xDD, wanted);  // all of it is the source's to write in
        std::memcpy(*to, &file[at], n);
        ASSERT_TRUE(loader.commit(n));
        at += n;
      }
      const Result<std::unique_ptr<Model>> model = loader.finish();
      ASSERT_TRUE(model) << model.error().text();
      EXPECT_EQ(std::memcmp((*model)->data.get(), whole->data.get(),
                            static_cast<size_t>(whole->header.data_bytes)),
                0)
          << "asked for " << wanted << ", got " << most;
    }
  }
}

// The first scale of each tensor in turn becomes an infinity, then a NaN.
TEST(Loader, RefusesAScaleThatIsNotFinite) {
  const std::vector<uint8_t> file = read_file(fixture_path("llama-q4_0.gguf"));
  const std::unique_ptr<Model> whole = load(fixture_path("llama-q4_0.gguf"));
  ASSERT_TRUE(whole);
  for (const TensorInfo& tensor : whole->header.tensors) {
    if (tensor.type != TensorType::kQ4_0) continue;
    for (const uint8_t high_byte : {uint8_t{0x7c}, uint8_t{0xfe}}) {
      std::vector<uint8_t> bad = file;
      bad[static_cast<size_t>(whole->header.data_offset + tensor.offset) + 1] = high_byte;
      const Result<std::unique_ptr<Model>> model = load_model(bad);
      ASSERT_FALSE(model) << tensor.name;
      EXPECT_EQ(model.error().code, ErrorCode::kMalformed);
      EXPECT_EQ(model.error().place, "tensor " + tensor.name + ", rows from 0");
    }
  }
}

TEST(Loader, SaysWhereACutFileEnds) {
  std::vector<uint8_t> file = read_file(fixture_path("llama-q4_0.gguf"));
  const size_t n_file = file.size();
  for (const size_t n : {size_t{0}, size_t{10}, size_t{2000}, n_file / 2, n_file - 1}) {
    ModelLoader loader(0);
    const Result<uint8_t*> to = loader.reserve(n);
    ASSERT_TRUE(to);
    std::copy_n(file.begin(), n, *to);
    const Result<LoadPhase> phase = loader.commit(n);
    ASSERT_TRUE(phase);
    const Result<std::unique_ptr<Model>> model = loader.finish();
    ASSERT_FALSE(model) << n;
    EXPECT_EQ(model.error().code, ErrorCode::kTruncated);
    EXPECT_FALSE(model.error().place.empty());
  }
}

}  // namespace
}  // namespace nanoinfer
