#!/usr/bin/env python3
"""Makes tests/fixtures/taps/: every tap as transformers computes it, with a file's weights in float32.

    make_tap_fixtures.py                    the two Glass models and the two tiny ones
    make_tap_fixtures.py FILE.gguf ...      other files of the repository

STEM.json names the taps as engine/trace/schema.h does, with their place in STEM.f32: (positions,
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
from transformers_oracle import transformers_model

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


def pairs_from_halves(rows, n_heads):
    """transformers' element order inside a head, (i, i + half), in the order of llama files."""
    in_halves = rows.reshape(*rows.shape[:-1], n_heads, 2, -1)
    return in_halves.swapaxes(-1, -2).reshape(rows.shape)


class Taps:
    """What hooks on a model see: name -> (n_tokens, width)."""

    def __init__(self, model, config):
        self.values = {}
        self.config = config
        self.layer = 0
        body = model.model
        self.output(body.embed_tokens, "embd")
        for i, layer in enumerate(body.layers):
            attention, mlp = layer.self_attn, layer.mlp
            self.input(layer, f"L.{i}.resid_pre")
            self.output(layer.input_layernorm, f"L.{i}.attn_norm")
            self.output(attention.q_proj, f"L.{i}.q", config.n_heads)
            self.output(attention.k_proj, f"L.{i}.k", config.n_kv_heads)
            self.output(attention.v_proj, f"L.{i}.v")
            self.input(attention.o_proj, f"L.{i}.z")
            self.output(attention.o_proj, f"L.{i}.attn_out")
            self.input(layer.post_attention_layernorm, f"L.{i}.resid_mid")
            self.output(layer.post_attention_layernorm, f"L.{i}.ffn_norm")
            self.output(mlp.gate_proj, f"L.{i}.gate")
            self.output(mlp.up_proj, f"L.{i}.up")
            self.input(mlp.down_proj, f"L.{i}.act")
            self.output(mlp.down_proj, f"L.{i}.ffn_out")
            self.output(layer, f"L.{i}.resid_post")
        self.output(body.norm, "final_norm")
        self.output(model.lm_head, "logits")

    def keep(self, name, tensor, n_heads=0):
        values = tensor[0].numpy().copy()
        if n_heads and self.config.architecture == "llama":
            values = pairs_from_halves(values, n_heads)
        self.values[name] = values

    def output(self, module, name, n_heads=0):
        def hook(_module, _inputs, output):
            self.keep(name, output[0] if isinstance(output, tuple) else output, n_heads)

        module.register_forward_hook(hook)

    def input(self, module, name):
        module.register_forward_pre_hook(lambda _module, inputs: self.keep(name, inputs[0]))

    def watch_rope(self, modeling):
        """q and k as apply_rotary_pos_emb leaves them, once a layer: (1, heads, tokens, head_dim)."""
        turn = modeling.apply_rotary_pos_emb

        def watched(*args, **kwargs):
            q, k = turn(*args, **kwargs)
            for name, x in (("q_rot", q), ("k_rot", k)):
                self.keep(f"L.{self.layer}.{name}", x.transpose(1, 2).flatten(2), x.shape[1])
            self.layer += 1
            return q, k

        modeling.apply_rotary_pos_emb = watched
        return lambda: setattr(modeling, "apply_rotary_pos_emb", turn)


@torch.no_grad()
def run(config, weights, ids):
    """(taps by name, attention (n_layers, n_heads, n_tokens, n_tokens), lens (n_tokens, n_vocab))"""
    model = transformers_model(config, weights)
    taps = Taps(model, config)
    restore = taps.watch_rope(sys.modules[type(model).__module__])
    attention = model(torch.tensor([ids]), output_attentions=True).attentions
    restore()
    values = dict(taps.values)  # the lens runs the watched modules once more
    middle = torch.from_numpy(values[f"L.{config.n_layers // 2 - 1}.resid_post"])
    lens = model.lm_head(model.model.norm(middle[None]))[0].numpy()
    return values, np.stack([layer[0].numpy() for layer in attention]), lens


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
