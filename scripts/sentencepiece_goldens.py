#!/usr/bin/env python3
"""Writes a sentencepiece vocabulary as a GGUF file states it, and what the library makes of texts.

    pip install sentencepiece==0.2.3
    python3 scripts/sentencepiece_goldens.py

trains the small vocabulary of tests/fixtures/tokenizer/sentencepiece. With a model of one's own,
for instance one that comes with PyPI's mistral-common:

    python3 scripts/sentencepiece_goldens.py --model tokenizer.model.v3 --out /tmp/mistral
    NANOINFER_SENTENCEPIECE_GOLDENS=/tmp/mistral build/native/engine_tests --gtest_filter=Sentencepiece*
"""

import argparse
import io
import struct
from pathlib import Path

import sentencepiece
import tokenizer_goldens
from tokenizer_strings import CODE, EMOJI, PROSE, strings


def train():
    """A Llama-like vocabulary: BPE, bytes for what is rare, nothing normalised."""
    model = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter((CODE + PROSE + EMOJI) * 20),
        model_writer=model,
        model_type="bpe",
        vocab_size=900,
        byte_fallback=True,
        character_coverage=0.98,
        normalization_rule_name="identity",
        remove_extra_whitespaces=False,
        allow_whitespace_only_pieces=True,
        user_defined_symbols=["<tool>", "def f("],
        control_symbols=["[INST]"],
        num_threads=1,
        minloglevel=2,
    )
    return model.getvalue()


def token_type(library, i):
    """tokenizer.ggml.token_type of a piece."""
    if library.is_unknown(i):
        return 2
    if library.is_control(i):
        return 3
    if library.is_unused(i):
        return 5
    if library.is_byte(i):
        return 6
    return 1


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", type=Path, help="a sentencepiece .model; absent: train one")
    parser.add_argument(
        "--out", type=Path, default=tokenizer_goldens.FIXTURES / "sentencepiece", help="folder"
    )
    arguments = parser.parse_args()
    proto = arguments.model.read_bytes() if arguments.model else train()
    library = sentencepiece.SentencePieceProcessor(model_proto=proto)
    ids = range(library.vocab_size())
    pieces = [library.id_to_piece(i) for i in ids]
    types = [token_type(library, i) for i in ids]
    for piece in ("<tool>", "def f(") if not arguments.model else ():
        types[pieces.index(piece)] = 4  # user-defined, which the library does not say

    tokenizer_goldens.FIXTURES = arguments.out
    arguments.out.mkdir(parents=True, exist_ok=True)
    write = tokenizer_goldens.write
    texts = [tokenizer_goldens.text_of(text) for text in strings()]
    texts += ["a <tool> b<tool>", "[INST] x [/INST] <s></s><unk>", "def f(def f(x)", "<0x41>▁▁a"]
    write("tokens.bin", [piece.encode() for piece in pieces])
    bits = [struct.unpack("<I", struct.pack("<f", library.get_score(i)))[0] for i in ids]
    write("scores_and_types.bin", [bits, types])
    write("strings.bin", [text.encode() for text in texts])
    write("ids.bin", [library.encode(text) for text in texts])
    write("decoded.bin", [library.decode(library.encode(text)).encode() for text in texts])


if __name__ == "__main__":
    main()
