#include "engine/text/vocab_gguf.h"

#include <string>
#include <utility>

namespace nanoinfer {
namespace {

constexpr std::string_view kPrefix = "tokenizer.ggml.";

std::string key(std::string_view name) {
  return std::string(kPrefix) + std::string(name);
}

// Reads a value into `out` if its key is there.
template <typename T, typename Out>
Status read(const Metadata& metadata, std::string_view name,
            Result<T> (Metadata::*get)(std::string_view) const, Out& out) {
  if (!metadata.contains(key(name))) return Ok{};
  Result<T> value = (metadata.*get)(key(name));
  if (!value) return value.error();
  out = std::move(*value);
  return Ok{};
}

Status read_strings(const Metadata& metadata, std::string_view name,
                    std::vector<std::string_view>& out) {
  StringArray strings;
  if (Status s = read(metadata, name, &Metadata::get_strings, strings); !s) return s;
  out.reserve(strings.size());
  for (size_t i = 0; i < strings.size(); ++i) out.push_back(strings[i]);
  return Ok{};
}

Status read_arrays(const Metadata& metadata, VocabData& data) {
  if (Status s = read_strings(metadata, "tokens", data.tokens); !s) return s;
  if (Status s = read_strings(metadata, "merges", data.merges); !s) return s;
  if (Status s = read(metadata, "scores", &Metadata::get_f32s, data.scores); !s) return s;
  return read(metadata, "token_type", &Metadata::get_i32s, data.types);
}

Status read_ids(const Metadata& metadata, VocabData& data) {
  const std::pair<const char*, std::optional<int64_t>*> ids[] = {
      {"bos_token_id", &data.bos_id},     {"eos_token_id", &data.eos_id},
      {"eot_token_id", &data.eot_id},     {"eom_token_id", &data.eom_id},
      {"unknown_token_id", &data.unk_id}, {"padding_token_id", &data.pad_id},
  };
  for (const auto& [name, id] : ids) {
    if (Status s = read(metadata, name, &Metadata::get_u32, *id); !s) return s;
  }
  return Ok{};
}

Status read_flags(const Metadata& metadata, VocabData& data) {
  const std::pair<const char*, std::optional<bool>*> flags[] = {
      {"add_bos_token", &data.add_bos},
      {"add_space_prefix", &data.add_space_prefix},
      {"remove_extra_whitespaces", &data.remove_extra_whitespaces},
  };
  for (const auto& [name, flag] : flags) {
    if (Status s = read(metadata, name, &Metadata::get_bool, *flag); !s) return s;
  }
  return Ok{};
}

}  // namespace

Result<VocabData> vocab_from_gguf(const Metadata& metadata) {
  VocabData data;
  const Result<std::string_view> model = metadata.get_string(key("model"));
  if (!model) return model.error();
  data.model = *model;
  const Result<std::string_view> pre = metadata.string_or(key("pre"), "");
  if (!pre) return pre.error();
  data.pre = *pre;
  const Result<std::string_view> chat = metadata.string_or("tokenizer.chat_template", "");
  if (!chat) return chat.error();
  data.chat_template = *chat;
  // Only kinds of tokenizer that are not supported have this table; it is never ignored.
  if (metadata.contains(key("precompiled_charsmap"))) {
    return Error{ErrorCode::kUnsupported, "a normaliser table is not supported",
                 "key " + key("precompiled_charsmap"), "", ""};
  }
  if (Status s = read_arrays(metadata, data); !s) return s.error();
  if (Status s = read_ids(metadata, data); !s) return s.error();
  if (Status s = read_flags(metadata, data); !s) return s.error();
  return data;
}

}  // namespace nanoinfer
