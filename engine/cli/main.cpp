// The native program: nanoinfer COMMAND [options]. Results go to stdout, errors to stderr; it exits
// with 0, with 1 if an input was refused, or with 2 if the command line was wrong, and never by a
// signal.
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string_view>

#include "engine/cli/commands.h"
#include "engine/cli/options.h"

namespace nanoinfer::cli {
namespace {

struct Command {
  const char* name;
  int (*run)(Args);
  const char* summary;
};

constexpr Command kCommands[] = {
    {"info", run_info, "shows what a GGUF file holds"},
    {"tokenize", run_tokenize, "text to token ids"},
    {"detokenize", run_detokenize, "token ids to text"},
    {"logits", run_logits, "the logits after every token of a sequence"},
    {"run", run_run, "continues a prompt or answers a message"},
    {"bench", run_bench, "measures prefill and decode"},
    {"perplexity", run_perplexity, "how well a model predicts a text"},
};

void print_usage(std::FILE* out) {
  std::fputs("usage: nanoinfer COMMAND [options]\n\n", out);
  for (const Command& command : kCommands) {
    std::fprintf(out, "  %-12s %s\n", command.name, command.summary);
  }
  std::fputs(
      "\nnanoinfer COMMAND --help shows a command's options, nanoinfer --version the version.\n",
      out);
}

int dispatch(std::span<char* const> args) {
  if (args.empty()) {
    print_usage(stderr);
    return kExitUsage;
  }
  const std::string_view name = args[0];
  if (name == "--help" || name == "-h" || name == "help") {
    print_usage(stdout);
    return kExitOk;
  }
  if (name == "--version") {
    std::puts("nanoinfer " NANOINFER_VERSION);
    return kExitOk;
  }
  for (const Command& command : kCommands) {
    if (name == command.name) return command.run(args.subspan(1));
  }
  return usage_error("'" + std::string(name) + "' is not a command; see nanoinfer --help");
}

// Small allocations have no other way to report that memory is gone.
void out_of_memory() {
  std::fputs("nanoinfer: out of memory\n", stderr);
  std::_Exit(kExitInput);
}

}  // namespace
}  // namespace nanoinfer::cli

int main(int argc, char** argv) {
  using namespace nanoinfer::cli;
  std::signal(SIGPIPE,
              SIG_IGN);  // a reader that goes away is a failed write, told by the exit code
  std::set_new_handler(out_of_memory);
  const int code = dispatch({argv + (argc > 0 ? 1 : 0), argv + argc});
  const bool written = std::fflush(stdout) == 0 && !std::ferror(stdout);
  return written || code != kExitOk ? code : kExitInput;
}
