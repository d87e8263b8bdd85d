#!/usr/bin/env python3
"""Makes tests/fixtures/faithfulness/smollm2-q4_1.json: what the default model's weights say.

For 256 positions of tests/fixtures/text/ordinary.txt, the 16 likeliest next tokens and their
log-probabilities, from transformers on the dequantised Q4_1 weights in float32.
tests/cli/faithfulness.test.mjs holds the engine to them; scripts/faithfulness.py measures more.
"""

import json
import pathlib

import numpy as np
import torch
import transformers

import reference
from faithfulness import TEXT, chunks_of_text, log_softmax
from requantise import STEM, models_folder
from transformers_oracle import transformers_logits

OUT = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/faithfulness"
N_POSITIONS, N_TOP = 256, 16


def main():
    path = models_folder() / f"{STEM}.Q4_1.gguf"
    ids = chunks_of_text(path)[0][:N_POSITIONS]
    config, weights, _ = reference.load(path)
    log_p = log_softmax(transformers_logits(config, weights, ids).astype(np.float64))
    top = np.argsort(-log_p, axis=1, kind="stable")[:, :N_TOP]
    about = {
        "model": path.name,
        "text": TEXT.name,
        "n_vocab": log_p.shape[1],
        "ids": ids,
        "top_ids": top.tolist(),
        "top_logprobs": np.take_along_axis(log_p, top, axis=1).round(6).tolist(),
        "golden": "transformers, float32, dequantised weights",
        "made_by": "scripts/make_logprob_fixture.py",
        "versions": {m.__name__: m.__version__ for m in (np, torch, transformers)},
    }
    lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in about.items())
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "smollm2-q4_1.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
