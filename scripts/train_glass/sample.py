#!/usr/bin/env python3
"""Chats with Glass through reference.py: greedy answers to a few messages, or to those given.

    sample.py [MESSAGE ...]
"""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import reference  # noqa: E402
from transformers_oracle import render_chat, tokenizer_from_gguf  # noqa: E402

MESSAGES = [
    "Hello!",
    "What is your name?",
    "Tell me a story.",
    "Tell me a story about a fox.",
    "What is the capital of France?",
    "What color is the sky?",
    "What is 2 + 3?",
    "what does a cow say",
    "Explain the theory of relativity to me in two sentences.",
]


def main():
    path = ROOT / "public/models/glass-llama.gguf"
    config, weights, fields = reference.load(path)
    tokenizer = tokenizer_from_gguf(fields)
    ends = [fields["tokenizer.ggml.eos_token_id"], fields["tokenizer.ggml.eot_token_id"]]
    for message in sys.argv[1:] or MESSAGES:
        prompt = render_chat(fields, [{"role": "user", "content": message}])
        ids = tokenizer.encode(prompt).ids
        answer = []
        while len(answer) < 250 and (not answer or answer[-1] not in ends):
            answer.append(int(reference.forward(config, weights, ids + answer)[-1].argmax()))
        print(f"> {message}\n{tokenizer.decode(answer)}\n", flush=True)


if __name__ == "__main__":
    main()
