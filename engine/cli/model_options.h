// What every command that runs a model shares: its options, loading, and telling errors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"
#include "engine/cli/options.h"
#include "engine/model/model.h"
#include "engine/run/session.h"

namespace nanoinfer::cli {

struct ModelOptions {
  std::optional<std::string> model;
  uint32_t n_threads = 0;  // 0: as many as the machine has, up to kMaxThreads
  std::optional<std::string> kernels;
  uint32_t n_ctx = 0;  // 0: the session's default
  uint32_t n_batch = kDefaultBatch;
  double load_ms = 0;  // set by open_model

  Option model_option() { return {"--model", "FILE", "the GGUF file", &model}; }
  // --model, --threads, --kernels, --ctx, --batch, followed by the command's own.
  std::vector<Option> all(std::vector<Option> more);
};

// The model of --model, or an exit code after telling why not.
struct OpenedModel {
  std::unique_ptr<Model> model;
  int exit_code = kExitOk;
};
OpenedModel open_model(ModelOptions& options);

// A session as the options ask for, or an exit code after telling why not. all_logits: every row of
// a pass may want its logits, not only a few.
struct OpenedSession {
  std::unique_ptr<Session> session;
  int exit_code = kExitOk;
};
OpenedSession open_session(const Model& model, const ModelOptions& options,
                           bool all_logits = false);

// The text with line ends and terminal codes, which a file may hold, made spaces.
std::string printable(std::string text);

// Tells an error on stderr, in one line, and returns kExitInput.
int fail(const Error& error);

// "1,2, 3" or ids between spaces and lines; each must be one of the vocabulary.
Result<std::vector<int32_t>> parse_ids(std::string_view text, int32_t n_vocab);

}  // namespace nanoinfer::cli
