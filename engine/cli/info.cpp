// nanoinfer info
#include "engine/trace/info.h"

#include <cstdio>
#include <string>

#include "engine/cli/commands.h"
#include "engine/cli/files.h"
#include "engine/cli/model_options.h"

namespace nanoinfer::cli {
namespace {

constexpr size_t kValueBytes = 60;  // of a metadata value that a line shows

std::string bytes_text(uint64_t n_bytes) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f MB", static_cast<double>(n_bytes) / 1e6);
  return text;
}

std::string dims_text(const TensorInfo& tensor) {
  std::string text;
  for (uint32_t i = 0; i < tensor.n_dims; ++i) {
    text += (i > 0 ? " x " : "") + std::to_string(tensor.dims[i]);
  }
  return text;
}

void print_summary(const Model& model) {
  const Config& c = model.config;
  const Tokenizer& tokenizer = model.tokenizer;
  const bool bpe = tokenizer.tokenizer_kind() == TokenizerKind::kByteLevelBpe;
  std::printf("architecture  %s, %u layers, width %u, feed-forward %u\n", c.architecture.c_str(),
              c.n_layers, c.d_model, c.d_ffn);
  std::printf("attention     %u query heads, %u key/value heads of %u, RoPE base %g on %s pairs\n",
              c.n_heads, c.n_kv_heads, c.head_dim, static_cast<double>(c.rope_theta),
              c.rope_pairs == RopePairs::kAdjacent ? "adjacent" : "half-way");
  std::printf("context       %u trained, %u by default, %s of keys and values at that\n",
              c.n_ctx_train, default_context(c),
              bytes_text(kv_bytes_per_token(c) * default_context(c)).c_str());
  std::printf("vocabulary    %u tokens, %s %s\n", c.n_vocab,
              bpe ? "byte-level BPE" : "sentencepiece", printable(tokenizer.pre()).c_str());
  std::printf("file          %s, weights %s, GGUF version %u\n",
              bytes_text(model.file_bytes).c_str(), bytes_text(model.header.data_bytes).c_str(),
              model.header.version);
}

void print_metadata(const Metadata& metadata) {
  std::printf("\n%zu metadata entries\n", metadata.size());
  for (size_t i = 0; i < metadata.size(); ++i) {
    const std::string value = printable(metadata.value_text(metadata.entry(i), kValueBytes));
    std::printf("  %-44s %s\n", printable(std::string(metadata.key(i))).c_str(), value.c_str());
  }
}

void print_tensors(const GgufHeader& header) {
  std::printf("\n%zu tensors\n", header.tensors.size());
  for (const TensorInfo& tensor : header.tensors) {
    std::printf("  %-32s %-5s %-16s %12llu bytes at %llu\n", printable(tensor.name).c_str(),
                traits(tensor.type).name, dims_text(tensor).c_str(),
                static_cast<unsigned long long>(tensor.n_bytes),
                static_cast<unsigned long long>(header.data_offset + tensor.offset));
  }
}

}  // namespace

int run_info(Args args) {
  std::optional<std::string> path;
  bool json = false, tensors = false;
  const CommandLine line{
      "info",
      "Shows what a GGUF file holds, after checking that this engine can run it.",
      {{"FILE", "FILE", "the GGUF file", &path},
       {"--tensors", nullptr, "lists every tensor too", &tensors},
       {"--json", nullptr, "one JSON object", &json}}};
  if (const auto code = line.parse(args)) return *code;
  if (!path) return usage_error("info needs a FILE");
  const Result<std::unique_ptr<Model>> model = load_file(*path);
  if (!model) return fail(model.error());
  if (json) {
    std::puts(model_info_json(**model).c_str());
    return kExitOk;
  }
  print_summary(**model);
  print_metadata((*model)->header.metadata);
  if (tensors) print_tensors((*model)->header);
  return kExitOk;
}

}  // namespace nanoinfer::cli
