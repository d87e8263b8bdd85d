#include "engine/cli/encode.h"

#include <algorithm>

#include "engine/text/sentencepiece_bridge.h"
#include "engine/text/sentencepiece_proto.h"
#include "engine/text/utf8.h"
#include "engine/text/vocab_gguf.h"

namespace nanoinfer::cli {

Result<Encoder> Encoder::create(const Model& model) {
  Encoder encoder(model);
  if (model.tokenizer.tokenizer_kind() != TokenizerKind::kSentencepiece) return encoder;
  const Result<VocabData> vocab = vocab_from_gguf(model.header.metadata);
  if (!vocab) return vocab.error();
  const auto proto = sentencepiece_proto(*vocab);
  if (!proto) return proto.error();
  encoder.sentencepiece_ = std::make_unique<SentencepieceEncoder>();
  const Status loaded = encoder.sentencepiece_->load(*proto);
  if (!loaded) return loaded.error();
  return encoder;
}

Encoder::Encoder(const Model& model) : model_(&model) {}
Encoder::Encoder(Encoder&&) noexcept = default;
Encoder::~Encoder() = default;

Result<std::vector<int32_t>> Encoder::encode(std::string_view text, EncodeOptions options) const {
  const Tokenizer& tokenizer = model_->tokenizer;
  if (!sentencepiece_) return tokenizer.encode(text, options);
  Result<std::vector<int32_t>> ids =
      options.match_control_tokens ? encode_chat(split_at_controls(text)) : encode_plain(text);
  if (ids && options.add_bos && tokenizer.adds_bos() && tokenizer.bos_id()) {
    ids->insert(ids->begin(), *tokenizer.bos_id());
  }
  return ids;
}

Result<std::vector<int32_t>> Encoder::encode_chat(std::span<const Segment> segments) const {
  const Tokenizer& tokenizer = model_->tokenizer;
  std::vector<int32_t> ids;
  for (const Segment& segment : segments) {
    if (!segment.is_control) {
      const auto plain = encode_plain(segment.text);
      if (!plain) return plain.error();
      ids.insert(ids.end(), plain->begin(), plain->end());
      continue;
    }
    const auto& controls = tokenizer.control_ids();
    const auto found = std::ranges::find_if(
        controls, [&](int32_t id) { return tokenizer.token_bytes(id) == segment.text; });
    if (found == controls.end()) {
      return Error{ErrorCode::kMalformed, "The chat template needs a token that the file lacks",
                   "key tokenizer.ggml.tokens", segment.text, ""};
    }
    ids.push_back(*found);
  }
  return ids;
}

// At each place the longest control token that begins there.
std::vector<Segment> Encoder::split_at_controls(std::string_view text) const {
  std::vector<Segment> segments;
  while (!text.empty()) {
    std::string_view control;
    for (const int32_t id : model_->tokenizer.control_ids()) {
      const std::string_view candidate = model_->tokenizer.token_bytes(id);
      if (candidate.size() > control.size() && text.starts_with(candidate)) control = candidate;
    }
    if (!control.empty()) {
      segments.push_back({std::string(control), true});
      text.remove_prefix(control.size());
      continue;
    }
    if (segments.empty() || segments.back().is_control) segments.push_back({"", false});
    segments.back().text += text[0];
    text.remove_prefix(1);
  }
  return segments;
}

Result<std::vector<int32_t>> Encoder::encode_plain(std::string_view text) const {
  if (sentencepiece_) return sentencepiece_->encode(to_valid_utf8(text));
  return model_->tokenizer.encode(text, {});
}

}  // namespace nanoinfer::cli
