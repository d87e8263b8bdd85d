#!/usr/bin/env python3
"""Makes tests/fixtures/taps/: every tap as transformers computes it, with a file's weights in float32.

    make_tap_fixtures.py                    the two Glass models and the two tiny ones
    make_tap_fixtures.py FILE.gguf ...      other files of the repository

STEM.json names the taps as web/src/worker/schema.ts does, with their place in STEM.f32: (positions,
width) float32 for each tap, then for each layer the attention probabilities (positions, n_heads,
n_tokens) of the eager attention, then for the middle layer the logits (positions, n_vocab) of the logit
lens. tests/engine/taps_golden_test.cpp holds the engine to them.
"""

import hashlib
import json
import pathlib
import sys

import llama_cpp
import numpy as np
import torch
import transformers
from llama_cpp import Llama

import reference
from transformers_taps import run

ROOT = pathlib.Path(__file__).resolve().parent.parent
FILES = [
    "public/models/glass-llama.gguf",
    "public/models/glass-qwen2.gguf",
    "tests/fixtures/models/llama-f32.gguf",
    "tests/fixtures/models/qwen2-f32.gguf",
]
N_TOKENS = 70  # more than a chunk of the cache
POSITIONS = [0, 1, 19, 63, 64, 69]
STORY = (
    "Once there was a shy fox named Mia. Mia lived by a quiet lake. Mia had a red ball. "
    "One day Mia met a duck named Sam. Sam had a gold key. At noon Mia gave the red ball to Sam. "
    "In the evening Sam lost the gold key, but Mia found it under a leaf. "
    "That night the fox and the duck slept well. Who has the red ball now? Sam has it."
)


def ids_for(path):
    """The file's own fixture ids over and over, or a story in its tokens as llama.cpp cuts it."""
    sidecar = path.with_suffix(".ids.json")
    if sidecar.exists():
        return (json.loads(sidecar.read_text())["ids"] * N_TOKENS)[:N_TOKENS]
    vocabulary = Llama(str(path), vocab_only=True, verbose=False)
    ids = vocabulary.tokenize(STORY.encode())[:N_TOKENS]
    assert len(ids) == N_TOKENS
    return ids


def make(path):
    config, weights, _ = reference.load(path)
    ids = ids_for(path)
    taps, attention, lens = run(config, weights, ids)
    parts, names, offset = [], [], 0
    for name, values in taps.items():
        part = values[POSITIONS]
        names.append({"name": name, "offset": offset, "width": part.shape[1]})
        parts.append(part.ravel())
        offset += part.size
    parts.append(attention[:, :, POSITIONS].swapaxes(1, 2).ravel())
    parts.append(lens[POSITIONS].ravel())
    about = {
        "model": str(path.relative_to(ROOT)),
        "sha256": hashlib.sha256(path.read_bytes()).hexdigest(),
        "ids": ids,
        "positions": POSITIONS,
        "taps": names,
        "attention": offset,
        "lens": {"layer": config.n_layers // 2 - 1, "offset": offset + parts[-2].size},
        "golden": "transformers, float32, eager attention",
        "made_by": "scripts/make_tap_fixtures.py",
        "versions": {m.__name__: m.__version__ for m in (llama_cpp, np, torch, transformers)},
    }
    out = ROOT / "tests/fixtures/taps"
    out.mkdir(exist_ok=True)
    lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in about.items())
    (out / f"{path.stem}.json").write_text("{\n" + lines + "\n}\n")
    np.concatenate(parts).astype("<f4").tofile(out / f"{path.stem}.f32")


if __name__ == "__main__":
    for file in sys.argv[1:] or FILES:
        make((ROOT / file).resolve())
