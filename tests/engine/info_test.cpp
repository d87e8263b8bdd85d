// The tensors that the engine tells of are the file's own bytes.
#include "engine/trace/info.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <nlohmann/json.hpp>

#include "engine/kernels/tiles.h"
#include "tests/engine/model_testing.h"

namespace nanoinfer::testing {
namespace {

using Json = nlohmann::json;

Json parsed(const std::string& text) {
  return Json::parse(text, nullptr, false);
}

TEST(TensorsJson, SaysWhereTheFilesBytesLieInTheFileAndInMemory) {
  for (const char* name : {"llama-f32.gguf", "llama-q4_k_m.gguf", "qwen2-q4_0.gguf"}) {
    const std::vector<uint8_t> file = read_file(fixture_path(name));
    const std::unique_ptr<Model> model = load(fixture_path(name));
    ASSERT_TRUE(model);
    const Json tensors = parsed(tensors_json(*model));
    ASSERT_EQ(tensors.size(), model->header.tensors.size());
    uint64_t end = model->header.data_offset;
    for (const Json& tensor : tensors) {
      const auto offset = tensor.at("offset").get<size_t>();
      const auto n_bytes = tensor.at("bytes").get<size_t>();
      const auto* memory = reinterpret_cast<const uint8_t*>(tensor.at("address").get<uintptr_t>());
      EXPECT_GE(offset, end) << tensor.at("name");
      end = offset + n_bytes;
      ASSERT_LE(end, file.size());
      const Json& shape = tensor.at("shape");
      const auto tile_rows = tensor.at("tile_rows").get<size_t>();
      std::vector<uint8_t> row(memory, memory + n_bytes);
      if (tile_rows > 0) {
        const TensorInfo* info = model->header.find(tensor.at("name").get<std::string>());
        const size_t rows = std::min<size_t>(tile_rows, shape.at(0).get<size_t>());
        row.resize(static_cast<size_t>(row_bytes(info->type, info->dims[0])));
        unpack_row_bytes(info->type, memory, rows, rows - 1, shape.at(1).get<size_t>(), row.data());
        EXPECT_EQ(std::memcmp(row.data(), &file[offset + (rows - 1) * row.size()], row.size()), 0);
      } else {
        EXPECT_EQ(std::memcmp(row.data(), &file[offset], row.size()), 0) << tensor.at("name");
      }
    }
  }
}

TEST(TensorsJson, HasNoAddressesBeforeTheWeights) {
  const std::vector<uint8_t> file = read_file(fixture_path("llama-q8_0.gguf"));
  ModelLoader loader(file.size());
  for (size_t at = 0; loader.header_model() == nullptr; ++at) {
    **loader.reserve(1) = file[at];
    ASSERT_TRUE(loader.commit(1));
  }
  for (const Json& tensor : parsed(tensors_json(*loader.header_model()))) {
    EXPECT_EQ(tensor.at("address"), 0u);
  }
}

TEST(ModelInfoJson, HasTheNumbersOfRopeAndTheNorm) {
  const std::unique_ptr<Model> model = load(fixture_path("llama-bf16-rope-freqs.gguf"));
  ASSERT_TRUE(model);
  const Json info = parsed(model_info_json(*model));
  EXPECT_FLOAT_EQ(info.at("rms_eps").get<float>(), 1e-5f);
  EXPECT_EQ(info.at("n_rot"), 16u);
  EXPECT_EQ(info.at("rope_factors").size(), 8u);
  EXPECT_EQ(info.at("rope_factors").at(0), 1.0f);
  EXPECT_EQ(info.at("rope_factors").at(7), 8.0f);

  const std::unique_ptr<Model> linear = load(fixture_path("llama-f32-linear-rope.gguf"));
  ASSERT_TRUE(linear);
  EXPECT_EQ(parsed(model_info_json(*linear)).at("rope_scale"), 0.25f);
  EXPECT_TRUE(parsed(model_info_json(*linear)).at("rope_factors").is_null());
  const std::unique_ptr<Model> partial = load(fixture_path("llama-f32-partial-rope.gguf"));
  ASSERT_TRUE(partial);
  EXPECT_EQ(parsed(model_info_json(*partial)).at("n_rot"), 8u);
}

}  // namespace
}  // namespace nanoinfer::testing
