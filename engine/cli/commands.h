// The subcommands. Each takes the arguments after its name and returns an exit code.
#pragma once

#include <span>

namespace nanoinfer::cli {

using Args = std::span<char* const>;

int run_info(Args args);
int run_tokenize(Args args);
int run_detokenize(Args args);
int run_logits(Args args);
int run_run(Args args);
int run_bench(Args args);
int run_perplexity(Args args);

}  // namespace nanoinfer::cli
