// nanoinfer logits
#include <algorithm>
#include <cstdio>
#include <numeric>
#include <string>

#include "engine/cli/commands.h"
#include "engine/cli/files.h"
#include "engine/cli/model_options.h"
#include "engine/cli/token_loop.h"
#include "engine/trace/json.h"

namespace nanoinfer::cli {
namespace {

// Prints the n largest logits of one position, ties by id: position, rank, id, logit, token.
void print_top(const Tokenizer& tokenizer, size_t pos, std::span<const float> logits, size_t n) {
  std::vector<int32_t> ids(logits.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto before = [&](int32_t a, int32_t b) {
    const float logit_a = logits[static_cast<size_t>(a)];
    const float logit_b = logits[static_cast<size_t>(b)];
    return logit_a != logit_b ? logit_a > logit_b : a < b;
  };
  n = std::min(n, ids.size());
  std::partial_sort(ids.begin(), ids.begin() + static_cast<std::ptrdiff_t>(n), ids.end(), before);
  for (size_t rank = 0; rank < n; ++rank) {
    const int32_t id = ids[rank];
    const std::string token = tokenizer.valid_id(id) ? to_text(tokenizer.token_bytes(id)) : "\"\"";
    std::printf("%zu\t%zu\t%d\t%.9g\t%s\n", pos, rank, id,
                static_cast<double>(logits[static_cast<size_t>(id)]), token.c_str());
  }
}

// Runs the ids and writes or prints what follows each.
Status write_logits(Session& session, std::span<const int32_t> ids, FloatFile* out,
                    uint32_t n_top) {
  return forward(session, ids, Wanted::kAllLogits, [&](size_t begin, size_t n) -> Status {
    for (size_t i = 0; i < n; ++i) {
      const std::span<const float> logits = session.logits(i);
      if (out) {
        Status written = out->write(logits);
        if (!written) return written;
      }
      print_top(session.model().tokenizer, begin + i, logits, n_top);
    }
    return Ok{};
  });
}

}  // namespace

int run_logits(Args args) {
  ModelOptions model_options;
  std::optional<std::string> ids_text, ids_file, out_path;
  uint32_t n_top = 0;
  const CommandLine line{
      "logits", "Runs token ids and gives the logits after each of them.",
      model_options.all(
          {{"--ids", "1,2,3", "the ids (default: standard input)", &ids_text},
           {"--ids-file", "FILE", "reads them from a file", &ids_file},
           {"--out", "FILE", "writes float32, little endian, (n_tokens, n_vocab)", &out_path},
           {"--top", "N", "prints the N largest: position, rank, id, logit, token", &n_top}})};
  if (const auto code = line.parse(args)) return *code;
  if (!out_path && n_top == 0) return usage_error("logits needs --out FILE or --top N");
  const OpenedModel opened = open_model(model_options);
  if (!opened.model) return opened.exit_code;
  const Result<std::string> input = ids_text ? *ids_text : read_text(ids_file.value_or("-"));
  if (!input) return fail(input.error());
  const auto ids = parse_ids(*input, static_cast<int32_t>(opened.model->config.n_vocab));
  if (!ids) return fail(ids.error());
  if (ids->empty()) return fail({ErrorCode::kBadArgument, "There are no ids", "", "", ""});
  if (model_options.n_ctx == 0) {  // no more than these ids need
    const auto most = size_t{opened.model->config.n_ctx_train};
    model_options.n_ctx = static_cast<uint32_t>(std::min(ids->size(), most));
  }
  const OpenedSession run = open_session(*opened.model, model_options, true);
  if (!run.session) return run.exit_code;
  if (!out_path) {
    const Status done = write_logits(*run.session, *ids, nullptr, n_top);
    return done ? kExitOk : fail(done.error());
  }
  Result<FloatFile> out = FloatFile::create(*out_path);
  if (!out) return fail(out.error());
  const Status done = write_logits(*run.session, *ids, &*out, n_top);
  if (!done) return fail(done.error());
  const Status closed = out->close();
  return closed ? kExitOk : fail(closed.error());
}

}  // namespace nanoinfer::cli
