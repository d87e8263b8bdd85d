#include "engine/cli/chat.h"

#include <span>

namespace nanoinfer::cli {
namespace {

// Scaffold around messages; %s stands for the message. Control tokens are listed in `controls`.
struct ChatTemplate {
  const char* mark;    // a template with this string is of this kind ...
  const char* unless;  // ... unless it has this one too
  const char* with_system;
  const char* without_system;
  const char* user;
  const char* controls[5];
};

constexpr ChatTemplate kTemplates[] = {
    {"<|im_start|>",
     "<|im_sep|>",
     "<|im_start|>system\n%s<|im_end|>\n",
     "",
     "<|im_start|>user\n%s<|im_end|>\n<|im_start|>assistant\n",
     {"<|im_start|>", "<|im_end|>"}},
    {"<|start_header_id|>",
     "Cutting Knowledge Date",
     "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\n%s<|eot_id|>",
     "<|begin_of_text|>",
     "<|start_header_id|>user<|end_header_id|>\n\n%s<|eot_id|>"
     "<|start_header_id|>assistant<|end_header_id|>\n\n",
     {"<|begin_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"}},
    {"<<SYS>>",
     "<|im_start|>",
     "<s>[INST] <<SYS>>\n%s\n<</SYS>>\n\n",
     "<s>[INST] ",
     "%s [/INST]",
     {"<s>"}},
};

const ChatTemplate* recognise(std::string_view text) {
  for (const ChatTemplate& candidate : kTemplates) {
    if (text.find(candidate.mark) == std::string_view::npos) continue;
    if (text.find(candidate.unless) == std::string_view::npos) return &candidate;
  }
  return nullptr;
}

class Renderer {
 public:
  explicit Renderer(const ChatTemplate& chat) : chat_(chat) {}

  // Adds a piece of scaffold with `message` in place of %s.
  void add(std::string_view scaffold, std::string_view message) {
    const size_t at = scaffold.find("%s");
    add_scaffold(scaffold.substr(0, at));
    if (at == std::string_view::npos) return;
    add_plain(message);
    add_scaffold(scaffold.substr(at + 2));
  }

  std::vector<Segment> segments;

 private:
  void add_scaffold(std::string_view text) {
    while (!text.empty()) {
      const std::string_view control = control_at(text);
      if (control.empty()) {
        add_plain(text.substr(0, 1));
        text.remove_prefix(1);
      } else {
        segments.push_back({std::string(control), true});
        text.remove_prefix(control.size());
      }
    }
  }

  std::string_view control_at(std::string_view text) const {
    for (const char* control : chat_.controls) {
      if (control && text.starts_with(control)) return control;
    }
    return {};
  }

  void add_plain(std::string_view text) {
    if (text.empty()) return;
    if (segments.empty() || segments.back().is_control) segments.push_back({"", false});
    segments.back().text += text;
  }

  const ChatTemplate& chat_;
};

// Many ChatML templates open a conversation that has no system message with one of their own,
// written as a literal. "" if this one does not. In the template's source a line's end may be the
// two characters of an escape.
std::string_view default_system(std::string_view chat_template) {
  for (const std::string_view start : {"<|im_start|>system\\n", "<|im_start|>system\n"}) {
    for (size_t at = chat_template.find(start); at != std::string_view::npos;
         at = chat_template.find(start, at + 1)) {
      const std::string_view rest = chat_template.substr(at + start.size());
      const std::string_view literal = rest.substr(0, rest.find("<|im_end|>"));
      const bool whole = literal.size() < rest.size();
      if (whole && literal.find_first_of("'\"{}\\") == std::string_view::npos) return literal;
    }
  }
  return {};
}

}  // namespace

Result<std::vector<Segment>> render_chat(std::string_view chat_template, bool has_system,
                                         std::string_view system, std::string_view user) {
  const ChatTemplate* chat = recognise(chat_template);
  if (!chat) {
    return Error{
        ErrorCode::kUnsupported,
        chat_template.empty()
            ? "The file has no chat template: use --prompt"
            : "The native program does not know this file's chat template (the page runs any)",
        "key tokenizer.chat_template", "ChatML, Llama 2 or Llama 3",
        chat_template.empty() ? "" : std::string(chat_template.substr(0, 80)) + "..."};
  }
  Renderer renderer(*chat);
  if (!has_system) system = default_system(chat_template);
  const bool opens_with_system = has_system || !system.empty();
  renderer.add(opens_with_system ? chat->with_system : chat->without_system, system);
  renderer.add(chat->user, user);
  return std::move(renderer.segments);
}

}  // namespace nanoinfer::cli
