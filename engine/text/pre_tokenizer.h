// Cuts text into the pieces that byte-pair merges never cross.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace nanoinfer {

// Each is a regular expression, matched by hand; `pre` names of GGUF files map to them.
enum class PreTokenizer : uint8_t {
  kGpt2,    // '(s|t|re|ve|m|ll|d) | ?L+ | ?N+ | ?[^sLN]+ | s+(?!S) | s+
  kSmollm,  // every number character alone, then kGpt2 on what lies between
  kLlama3,  // case-blind contractions | [^rnLN]?L+ | N{1,3} | ?[^sLN]+[rn]* | s*[rn]+ | ...
  kQwen2,   // kLlama3 with N for N{1,3}; the text is NFC-normalised first
};

// nullopt: a name that this engine does not know, which must not be guessed.
std::optional<PreTokenizer> pre_tokenizer_from_name(std::string_view name);

// Whether Hugging Face's tokenizer of this kind NFC-normalises text before it is cut.
bool normalizes_nfc(PreTokenizer pre_tokenizer);

// Offsets at which the pieces of `text` (valid UTF-8) end, ascending; the last is text.size().
// Empty text has no pieces.
std::vector<uint32_t> piece_ends(PreTokenizer pre_tokenizer, std::string_view text);

}  // namespace nanoinfer
