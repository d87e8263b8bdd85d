// Token ids to text as they are sampled, never half a character.
#pragma once

#include <cstdint>
#include <string>

#include "engine/text/tokenizer.h"
#include "engine/text/utf8.h"

namespace nanoinfer {

// Pushing any ids one after another and flushing gives, put together, Tokenizer::decode() of them.
// The tokenizer must outlive the stream.
class TextStream {
 public:
  // show_control: control tokens appear as their literal text; else they give nothing.
  TextStream(const Tokenizer& tokenizer, bool show_control)
      : tokenizer_(&tokenizer), show_control_(show_control) {
    at_start_ = tokenizer.strips_leading_space();
  }

  // The complete characters that are now known: valid UTF-8, maybe empty. Bytes that cannot become
  // a character any more give U+FFFD. `id` must be valid.
  std::string push(int32_t id);

  const Tokenizer& tokenizer() const { return *tokenizer_; }

  // What is left: U+FFFD if a character was begun. The stream then starts anew.
  std::string flush();

 private:
  const Tokenizer* tokenizer_;
  bool show_control_;
  bool at_start_;  // sentencepiece's leading space is still to be taken off
  Utf8Decoder utf8_;
};

}  // namespace nanoinfer
