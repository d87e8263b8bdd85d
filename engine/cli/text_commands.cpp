// nanoinfer tokenize, detokenize
#include <cstdio>
#include <string>

#include "engine/cli/commands.h"
#include "engine/cli/encode.h"
#include "engine/cli/files.h"
#include "engine/cli/model_options.h"
#include "engine/trace/json.h"

namespace nanoinfer::cli {
namespace {

void print_ids(std::span<const int32_t> ids) {
  for (size_t i = 0; i < ids.size(); ++i) std::printf(i > 0 ? ",%d" : "%d", ids[i]);
  std::fputs("\n", stdout);
}

void print_pieces(const Tokenizer& tokenizer, std::span<const int32_t> ids) {
  for (const int32_t id : ids) {
    std::printf("%d\t%s\n", id, to_text(tokenizer.token_bytes(id)).c_str());
  }
}

// The text of an option, of a file, or of standard input.
Result<std::string> text_of(const std::optional<std::string>& text,
                            const std::optional<std::string>& file) {
  return text ? Result<std::string>(*text) : read_text(file.value_or("-"));
}

}  // namespace

int run_tokenize(Args args) {
  ModelOptions model_options;
  std::optional<std::string> text, file;
  bool control = false, bos = false, pieces = false, json = false;
  const CommandLine line{
      "tokenize",
      "Prints the token ids of a text, between commas.",
      {model_options.model_option(),
       {"--text", "TEXT", "the text (default: standard input)", &text},
       {"--file", "FILE", "reads the text from a file", &file},
       {"--control", nullptr, "the text may spell control tokens", &control},
       {"--bos", nullptr, "puts the begin token first if the model file asks for it", &bos},
       {"--pieces", nullptr, "one token a line: id, tab, its bytes as a JSON string", &pieces},
       {"--json", nullptr, "{\"ids\": [...], \"pieces\": [...]}", &json}}};
  if (const auto code = line.parse(args)) return *code;
  const OpenedModel opened = open_model(model_options);
  if (!opened.model) return opened.exit_code;
  const Result<std::string> input = text_of(text, file);
  if (!input) return fail(input.error());
  const Tokenizer& tokenizer = opened.model->tokenizer;
  const Result<Encoder> encoder = Encoder::create(*opened.model);
  if (!encoder) return fail(encoder.error());
  const auto ids = encoder->encode(*input, {control, bos});
  if (!ids) return fail(ids.error());
  if (json) {
    Json texts = Json::array();
    for (const int32_t id : *ids) texts.push_back(tokenizer.token_bytes(id));
    std::puts(to_text({{"ids", Json::array(*ids)}, {"pieces", texts}}).c_str());
  } else if (pieces) {
    print_pieces(tokenizer, *ids);
  } else {
    print_ids(*ids);
  }
  return kExitOk;
}

int run_detokenize(Args args) {
  ModelOptions model_options;
  std::optional<std::string> ids_text, ids_file;
  bool control = false, json = false;
  const CommandLine line{"detokenize",
                         "Prints the text of token ids, and nothing else.",
                         {model_options.model_option(),
                          {"--ids", "1,2,3", "the ids (default: standard input)", &ids_text},
                          {"--ids-file", "FILE", "reads them from a file", &ids_file},
                          {"--control", nullptr, "shows control tokens too", &control},
                          {"--json", nullptr, "{\"text\": \"...\"}", &json}}};
  if (const auto code = line.parse(args)) return *code;
  const OpenedModel opened = open_model(model_options);
  if (!opened.model) return opened.exit_code;
  const Result<std::string> input = text_of(ids_text, ids_file);
  if (!input) return fail(input.error());
  const Tokenizer& tokenizer = opened.model->tokenizer;
  const auto ids = parse_ids(*input, tokenizer.n_vocab());
  if (!ids) return fail(ids.error());
  std::string text = tokenizer.decode(*ids, control);
  if (json) text = to_text({{"text", text}}) + "\n";
  std::fwrite(text.data(), 1, text.size(), stdout);
  return kExitOk;
}

}  // namespace nanoinfer::cli
