#!/usr/bin/env python3
"""Trains one of the two Glass models and writes public/models/glass-NAME.gguf and loss-NAME.json.

README.md beside this file has the recipe in words. Everything is seeded.

    train.py llama|qwen2
"""

import argparse
import itertools
import json
import pathlib
import random
import sys
import time

import gguf
import numpy as np
import torch
from torch.nn import functional

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from chats import documents  # noqa: E402
from transformers_oracle import LAYER_NAMES, TOP_NAMES  # noqa: E402
from vocabulary import N_VOCAB, ByteLevel, Sentencepiece  # noqa: E402

SEED = 20
N_CTX, D_MODEL, D_FFN, N_LAYERS = 512, 128, 320, 4
N_HEADS, N_KV_HEADS, HEAD_DIM = 4, 2, 32
RMS_EPS, ROPE_THETA = 1e-5, 10000.0
STEPS, TOKENS_PER_STEP, WARMUP = 8000, 2048, 60
SONG_STEPS = 500  # at first: a head that looks up what followed comes of them much sooner
PEAK_RATES = {"matrices": 0.02, "others": 3e-3}  # Muon's, AdamW's
WEIGHT_OF_GIVEN = 0.1  # of the loss at tokens that a person or the template writes
VOCABULARIES = {"llama": Sentencepiece, "qwen2": ByteLevel}
TIED = {"llama": False, "qwen2": True}


def batches(vocabulary, **kinds):
    """(ids, weights of the loss) of about TOKENS_PER_STEP; texts of like length go together."""
    rng = random.Random(SEED)
    source = documents(rng, **kinds)
    while True:
        pool = []
        for _ in range(1600):
            ids, written = vocabulary.encode_chat(next(source))
            weights = [1.0 if each else WEIGHT_OF_GIVEN for each in written]
            pool.append((ids[:N_CTX], weights[:N_CTX]))
        pool.sort(key=lambda entry: len(entry[0]))
        groups, group = [], []
        for entry in pool:
            if group and (len(group) + 1) * len(entry[0]) > TOKENS_PER_STEP:
                groups.append(group)
                group = []
            group.append(entry)
        rng.shuffle(groups)
        for group in groups:
            width = max(len(ids) for ids, _ in group)
            pad = lambda values: values + [0] * (width - len(values))
            yield (
                torch.tensor([pad(ids) for ids, _ in group]),
                torch.tensor([pad(weights) for _, weights in group]),
            )


def new_model(name):
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    config, model = {
        "llama": (LlamaConfig, LlamaForCausalLM),
        "qwen2": (Qwen2Config, Qwen2ForCausalLM),
    }[name]
    return model(
        config(
            vocab_size=N_VOCAB,
            hidden_size=D_MODEL,
            intermediate_size=D_FFN,
            num_hidden_layers=N_LAYERS,
            num_attention_heads=N_HEADS,
            num_key_value_heads=N_KV_HEADS,
            head_dim=HEAD_DIM,
            max_position_embeddings=N_CTX,
            rms_norm_eps=RMS_EPS,
            tie_word_embeddings=TIED[name],
            initializer_range=0.05,
            rope_parameters={"rope_type": "default", "rope_theta": ROPE_THETA},
        )
    )


def optimisers(model):
    """Muon for the matrices of the layers, AdamW for embeddings, norms and biases."""
    matrices, others = [], []
    for name, parameter in model.named_parameters():
        in_layer = name.startswith("model.layers") and parameter.dim() == 2
        (matrices if in_layer else others).append(parameter)
    return {
        "matrices": torch.optim.Muon(matrices, lr=0, weight_decay=0.05),
        "others": torch.optim.AdamW(others, lr=0, betas=(0.9, 0.95), weight_decay=0),
    }


def train(model, source, n_steps):
    """-> [(step, loss)]: a warm-up, then a line down to nothing."""
    by_part, curve, begun = optimisers(model), [], time.time()
    for step in range(n_steps):
        rate = min((step + 1) / WARMUP, (n_steps - step) / (n_steps - WARMUP))
        for part, optimiser in by_part.items():
            optimiser.param_groups[0]["lr"] = PEAK_RATES[part] * rate
        ids, weights = next(source)
        logits = model(ids[:, :-1]).logits
        targets, wanted = ids[:, 1:].flatten(), weights[:, 1:].flatten()
        losses = functional.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
        loss = (losses * wanted).sum() / wanted.sum()
        model.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        for optimiser in by_part.values():
            optimiser.step()
        curve.append(loss.item())
        if step % 50 == 49:
            mean = sum(curve[-50:]) / 50
            print(f"step {step + 1:5}  loss {mean:.3f}  {time.time() - begun:.0f} s", flush=True)
    return [
        (step + 10, round(sum(curve[step : step + 10]) / 10, 4)) for step in range(0, n_steps, 10)
    ]


def pairs_from_halves(rows, n_heads):
    """The row order of q and k in llama files: (i, i + half) become neighbours."""
    return rows.reshape(n_heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def export(name, model, vocabulary, path):
    state = {key: value.detach().numpy() for key, value in model.state_dict().items()}
    writer = gguf.GGUFWriter(path, name)
    writer.add_name("Glass")
    writer.add_description("Tiny built-in model of nanoinfer, trained by scripts/train_glass")
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_Q8_0)
    writer.add_quantization_version(2)
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(D_MODEL)
    writer.add_block_count(N_LAYERS)
    writer.add_feed_forward_length(D_FFN)
    writer.add_head_count(N_HEADS)
    writer.add_head_count_kv(N_KV_HEADS)
    writer.add_layer_norm_rms_eps(RMS_EPS)
    writer.add_rope_freq_base(ROPE_THETA)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_vocab_size(N_VOCAB)
    vocabulary.add_to(writer)

    def add(tensor, values):
        if values.ndim == 1:
            writer.add_tensor(tensor, values.astype(np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(tensor, gguf.quants.quantize(values, kind), raw_dtype=kind)

    for role in TOP_NAMES if not TIED[name] else ("token_embd", "output_norm"):
        add(f"{role}.weight", state[TOP_NAMES[role] + ".weight"])
    for layer in range(N_LAYERS):
        for role, module in LAYER_NAMES.items():
            values = state[f"model.layers.{layer}.{module}.weight"]
            if name == "llama" and role in ("attn_q", "attn_k"):
                values = pairs_from_halves(values, N_HEADS if role == "attn_q" else N_KV_HEADS)
            add(f"blk.{layer}.{role}.weight", values)
            bias = state.get(f"model.layers.{layer}.{module}.bias")
            if bias is not None:
                add(f"blk.{layer}.{role}.bias", bias)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("name", choices=VOCABULARIES)
    args = parser.parse_args()
    torch.set_num_threads(1)  # so that a seed gives the same weights again
    torch.manual_seed(SEED)
    source = documents(random.Random(SEED + 1), kinds=("story", "chat"))
    vocabulary = VOCABULARIES[args.name]([next(source) for _ in range(4000)])
    model = new_model(args.name)
    n_params = sum(p.numel() for p in model.parameters())
    print(f"{n_params} parameters", flush=True)
    songs = itertools.islice(batches(vocabulary, kinds=("song",)), SONG_STEPS)
    curve = train(model, itertools.chain(songs, batches(vocabulary)), STEPS)
    path = ROOT / f"public/models/glass-{args.name}.gguf"
    export(args.name, model, vocabulary, path)
    about = {
        "parameters": n_params,
        "seed": SEED,
        "steps": STEPS,
        "song_steps": SONG_STEPS,
        "tokens_per_step": TOKENS_PER_STEP,
        "minutes_of_one_core": round(time.process_time() / 60, 1),
        "torch": torch.__version__,
    }
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in about.items()]
    lines.append(f'  "loss": {json.dumps(curve)}')
    report = pathlib.Path(__file__).parent / f"loss-{args.name}.json"
    report.write_text("{\n" + ",\n".join(lines) + "\n}\n")
    print(f"{path}: {path.stat().st_size} B")


if __name__ == "__main__":
    main()
