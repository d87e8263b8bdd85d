#!/usr/bin/env python3
"""Makes tests/fixtures/chat/capital.json: what the default model must answer, greedily.

The prompt is the file's own chat template; the answer comes from transformers on the dequantised
Q4_1 weights in float32, the whole sequence computed anew for each token. An engine may leave the
recorded path only where the gap between the two likeliest tokens is small.
"""

import json
import pathlib

import torch
import transformers

import reference
from requantise import STEM, models_folder
from transformers_oracle import render_chat, tokenizer_from_gguf, transformers_model

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/chat/capital.json"
QUESTION = "What is the capital of France?"
MAX_TOKENS = 24


def main():
    model_path = models_folder() / f"{STEM}.Q4_1.gguf"
    config, weights, fields = reference.load(model_path)
    model, tokenizer = transformers_model(config, weights), tokenizer_from_gguf(fields)
    prompt = render_chat(fields, [{"role": "user", "content": QUESTION}])
    prompt_ids = tokenizer.encode(prompt).ids
    ids, gaps = list(prompt_ids), []
    while len(gaps) < MAX_TOKENS and (not gaps or ids[-1] != fields["tokenizer.ggml.eos_token_id"]):
        with torch.no_grad():
            top = model(torch.tensor([ids])).logits[0, -1].topk(2)
        gaps.append(round((top.values[0] - top.values[1]).item(), 4))
        ids.append(int(top.indices[0]))
    answer_ids = ids[len(prompt_ids) :]
    about = {
        "model": model_path.name,
        "messages": [{"role": "user", "content": QUESTION}],
        "prompt": prompt,
        "template_adds_system_message": "<|im_start|>system" in prompt,
        "prompt_ids": prompt_ids,
        "answer_ids": answer_ids,
        "answer": tokenizer.decode(answer_ids),
        "top_two_gap": gaps,
        "golden": "transformers, float32, dequantised weights",
        "made_by": "scripts/make_chat_fixture.py",
        "versions": {m.__name__: m.__version__ for m in (torch, transformers)},
    }
    lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in about.items())
    OUT.parent.mkdir(parents=True, exist_ok=True)
    OUT.write_text("{\n" + lines + "\n}\n")
    print(about["answer"])


if __name__ == "__main__":
    main()
