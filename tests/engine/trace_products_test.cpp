// The plan's products on rows of one's own are those of the pass.
#include <gtest/gtest.h>

#include <algorithm>

#include "engine/quant/blocks.h"
#include "engine/trace/products.h"
#include "tests/engine/trace_testing.h"

namespace nanoinfer::testing {
namespace {

const char* const kModels[] = {"llama-f32.gguf",  "llama-f16.gguf",  "qwen2-bf16.gguf",
                               "llama-q4_0.gguf", "llama-q4_1.gguf", "llama-q5_0.gguf",
                               "llama-q5_1.gguf", "llama-q8_0.gguf", "llama-q4_k_m.gguf",
                               "llama-q5_k.gguf", "llama-q6_k.gguf", "qwen2-q4_0.gguf"};

struct Product {
  const char* op;
  const char* input;
  const char* output;
};
constexpr Product kProducts[] = {{"attn_output", ".z", ".attn_out"},
                                 {"ffn_gate", ".ffn_norm", ".gate"},
                                 {"ffn_down", ".act", ".ffn_out"}};

uint32_t op_named(const Session& session, const std::string& name, int layer) {
  for (uint32_t op = 0; op < session.ops().size(); ++op) {
    if (session.ops()[op].name == name && session.ops()[op].layer == layer) return op;
  }
  ADD_FAILURE() << name;
  return 0;
}

// Element `element` of a product, added up from the input as kernels.h says.
float added_up(const Matrix& w, const Products::Input& in, uint32_t element) {
  std::vector<uint8_t> bytes(static_cast<size_t>(row_bytes(w.type, w.n_in)));
  std::vector<float> values(w.n_in);
  matrix_row(w, element, bytes.data(), values.data());
  float sum = 0;
  for (size_t first = 0; first < w.n_in; first += kBlock) {
    if (!traits(w.type).quantised) {
      const size_t end = std::min<size_t>(first + kBlock, w.n_in);
      float partial = 0;
      for (size_t i = first; i < end; ++i) partial += values[i] * in.values[i];
      sum += partial;
      continue;
    }
    const size_t n = traits(w.type).block_elements;
    const size_t sub = first % n / kBlock;
    BlockCodes block;
    decode_block(w.type, &bytes[first / n * traits(w.type).block_bytes], &block);
    int32_t dot = 0;
    for (size_t i = 0; i < kBlock; ++i) dot += block.codes[sub * kBlock + i] * in.q[first + i];
    sum += (block.d[sub] * in.a[first / kBlock]) * static_cast<float>(dot);
    if (has_min(w.type)) sum += block.m[sub] * in.s[first / kBlock];
  }
  return sum;
}

TEST(TraceProductsThreads, GiveTheBitsOfThePassAlsoElementByElement) {
  for (const char* name : kModels) {
    const std::unique_ptr<Model> model = load(fixture_path(name));
    ASSERT_TRUE(model);
    const std::unique_ptr<Session> session = new_session(*model, {.n_threads = 2});
    Trace trace(*session);
    ASSERT_TRUE(trace.keep(all_taps(*session), kPlenty));
    std::map<std::string, uint32_t> ops = tap_ops(*session);
    std::vector<float> logits;
    extend(*session, 0, some_ids(5, model->config.n_vocab), {}, &logits);
    Products products(*session);
    ASSERT_TRUE(products.ready());
    const uint32_t last = model->config.n_layers - 1;
    const std::string layer = "L." + std::to_string(last);
    for (const Product& product : kProducts) {
      const uint32_t op = op_named(*session, product.op, static_cast<int>(last));
      const std::vector<float> in = kept(trace, ops[layer + product.input], 3);
      const std::vector<float> out = kept(trace, ops[layer + product.output], 3);
      const std::span<const float> again = products.product(op, in.data());
      EXPECT_EQ(std::vector<float>(again.begin(), again.end()), out) << name << product.output;
      const Products::Input& input = products.input(op, in.data());
      for (uint32_t element = 0; element < out.size(); ++element) {
        ASSERT_EQ(added_up(*session->ops()[op].matrix, input, element), out[element])
            << name << product.output << " " << element;
      }
    }
    const std::vector<float> residual = kept(trace, ops[layer + ".resid_post"], 4);
    const std::span<const float> lens = products.lens(ops["logits"], residual.data());
    EXPECT_EQ(std::vector<float>(lens.begin(), lens.end()), kept(trace, ops["logits"], 4)) << name;
  }
}

TEST(TraceProducts, PartsOfAnInputAddUpToTheWhole) {
  for (const char* name : kModels) {
    const std::unique_ptr<Model> model = load(fixture_path(name));
    ASSERT_TRUE(model);
    const Config& c = model->config;
    const std::unique_ptr<Session> session = new_session(*model, {});
    Products products(*session);
    ASSERT_TRUE(products.ready());
    const uint32_t op = op_named(*session, "attn_output", 0);
    std::vector<float> in;
    for (const int32_t id : some_ids(c.q_dim(), 2000)) in.push_back(static_cast<float>(id - 1000));
    std::vector<float> sum(c.d_model);
    for (uint32_t head = 0; head < c.n_heads; ++head) {
      const std::span<const float> part =
          products.part(op, in.data(), head * c.head_dim, c.head_dim);
      for (size_t i = 0; i < sum.size(); ++i) sum[i] += part[i];
    }
    EXPECT_LE(relative_error(sum, products.product(op, in.data())), 5e-4) << name;
  }
}

TEST(TraceProducts, AnInputIsScalesTimesCodes) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-q4_k_m.gguf"));
  ASSERT_TRUE(model);
  const std::unique_ptr<Session> session = new_session(*model, {});
  Products products(*session);
  ASSERT_TRUE(products.ready());
  const uint32_t op = op_named(*session, "ffn_down", 0);
  const uint32_t n_in = session->ops()[op].n_in;
  std::vector<float> in;
  for (const int32_t id : some_ids(n_in, 2000)) in.push_back(static_cast<float>(id - 1000) / 7);
  const Products::Input& input = products.input(op, in.data());
  EXPECT_EQ(input.values, in.data());
  for (size_t first = 0; first < n_in; first += kBlock) {
    const float a = input.a[first / kBlock];
    int32_t sum = 0;
    for (size_t i = first; i < first + kBlock; ++i) {
      EXPECT_NEAR(a * input.q[i], in[i], 0.51f * a);
      sum += input.q[i];
    }
    EXPECT_EQ(input.s[first / kBlock], a * static_cast<float>(sum));
  }
}

}  // namespace
}  // namespace nanoinfer::testing
