// Chat templates that the native program knows without Jinja.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace nanoinfer::cli {

// A stretch of a rendered prompt: a control token's literal text, or plain text in which no control
// token may be matched. What a user typed is always plain. Two plain segments never follow each
// other, since a tokenizer must see the text between control tokens in one piece.
struct Segment {
  std::string text;
  bool is_control;
};

// One user message, after the system message if there is one, and the opening of the answer, as the
// file's own template would render them. Knows ChatML, Llama 2 and Llama 3 by the control strings
// in `chat_template`; refuses any other. Without a system message the template's own default is
// used. has_system tells an empty system message from none.
Result<std::vector<Segment>> render_chat(std::string_view chat_template, bool has_system,
                                         std::string_view system, std::string_view user);

}  // namespace nanoinfer::cli
