#!/usr/bin/env python3
"""Trains Glass, the built-in model, and writes public/models/glass-llama.gguf and loss.json.

A llama of four layers over a byte-level vocabulary of 512 tokens; README.md beside this file has
the recipe in words. About six minutes on one idle core; everything is seeded.

    train.py [--steps N]
"""

import argparse
import json
import math
import pathlib
import random
import sys
import time

import gguf
import numpy as np
import tokenizers
import torch
from torch.nn import functional

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

from grammar import documents  # noqa: E402
from transformers_oracle import LAYER_NAMES, TOP_NAMES  # noqa: E402

OUT = ROOT / "public/models/glass-llama.gguf"
SEED = 20
N_VOCAB, N_CTX, D_MODEL, D_FFN, N_LAYERS = 512, 512, 96, 256, 4
N_HEADS, N_KV_HEADS, HEAD_DIM = 3, 1, 32
TOKENS_PER_STEP, PEAK_RATE, WARMUP = 2048, 3e-3, 40
WEIGHT_OF_PROMPT = 0.1  # of the loss at tokens that a person types
CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
END_OF_TEXT, START, END = 0, 1, 2
CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)


def train_tokenizer(chats):
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(  # what GGUF calls "smollm"
        [
            tokenizers.pre_tokenizers.Digits(True),
            tokenizers.pre_tokenizers.ByteLevel(add_prefix_space=False),
        ]
    )
    trainer = tokenizers.trainers.BpeTrainer(
        vocab_size=N_VOCAB,
        special_tokens=CONTROLS,
        initial_alphabet=sorted(tokenizers.pre_tokenizers.ByteLevel.alphabet()),
        show_progress=False,
    )
    texts = (f"{m['role']}\n{m['content']}\n" for chat in chats for m in chat)
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def encode_chat(tokenizer, chat):
    """-> ids and, for each, the weight of the loss of predicting it."""
    ids, weights = [], []

    def add(new_ids, weight):
        ids.extend(new_ids)
        weights.extend([weight] * len(new_ids))

    text = lambda s: tokenizer.encode(s).ids
    for message in chat:
        if message["role"] == "text":
            add([END_OF_TEXT], 0)
            add(text(message["content"]), 1)
            add([END_OF_TEXT], 1)
            break
        answer = message["role"] == "assistant"
        add([START] + text(message["role"] + "\n"), WEIGHT_OF_PROMPT)
        add(text(message["content"]) + [END], 1 if answer else WEIGHT_OF_PROMPT)
        add(text("\n"), WEIGHT_OF_PROMPT)
    return ids[:N_CTX], weights[:N_CTX]


def batches(tokenizer):
    """Batches of about TOKENS_PER_STEP tokens; chats of like length go together."""
    rng = random.Random(SEED)
    source = documents(rng)
    while True:
        pool = [encode_chat(tokenizer, next(source)) for _ in range(800)]
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


def new_model():
    from transformers import LlamaConfig, LlamaForCausalLM

    return LlamaForCausalLM(
        LlamaConfig(
            vocab_size=N_VOCAB,
            hidden_size=D_MODEL,
            intermediate_size=D_FFN,
            num_hidden_layers=N_LAYERS,
            num_attention_heads=N_HEADS,
            num_key_value_heads=N_KV_HEADS,
            head_dim=HEAD_DIM,
            max_position_embeddings=N_CTX,
            rms_norm_eps=1e-5,
            tie_word_embeddings=True,
            initializer_range=0.05,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0},
        )
    )


def train(model, source, n_steps):
    """-> [(step, loss)]. AdamW, warm-up, then a cosine to a twentieth."""
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [{"params": decayed, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}]
    optimiser = torch.optim.AdamW(groups, lr=PEAK_RATE, betas=(0.9, 0.95))
    curve, begun = [], time.time()
    for step in range(n_steps):
        progress = step / n_steps
        rate = min(1, (step + 1) / WARMUP) * (0.05 + 0.475 * (1 + math.cos(math.pi * progress)))
        for group in optimiser.param_groups:
            group["lr"] = PEAK_RATE * rate
        ids, weights = next(source)
        logits = model(ids[:, :-1]).logits
        targets, wanted = ids[:, 1:].flatten(), weights[:, 1:].flatten()
        losses = functional.cross_entropy(logits.flatten(0, 1), targets, reduction="none")
        loss = (losses * wanted).sum() / wanted.sum()
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        if step % 10 == 0 or step == n_steps - 1:
            curve.append((step, round(loss.item(), 4)))
            print(f"step {step:5}  loss {loss.item():.3f}  {time.time() - begun:.0f} s", flush=True)
    return curve


def pairs_from_halves(rows, n_heads):
    """The row order of q and k in llama files: (i, i + half) become neighbours."""
    return rows.reshape(n_heads, 2, -1, rows.shape[1]).swapaxes(1, 2).reshape(rows.shape)


def export(model, tokenizer, path):
    state = {name: value.detach().numpy() for name, value in model.state_dict().items()}
    writer = gguf.GGUFWriter(path, "llama")
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
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_freq_base(10000.0)
    writer.add_rope_dimension_count(HEAD_DIM)
    writer.add_vocab_size(N_VOCAB)
    trained = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(trained["vocab"], key=trained["vocab"].get)
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([control if t in CONTROLS else normal for t in tokens])
    writer.add_token_merges([" ".join(merge) for merge in trained["merges"]])
    writer.add_bos_token_id(START)
    writer.add_eos_token_id(END)
    writer.add_eot_token_id(END_OF_TEXT)
    writer.add_unk_token_id(END_OF_TEXT)
    writer.add_pad_token_id(END)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)

    def add(name, values):
        if values.ndim == 1:
            writer.add_tensor(name, values.astype(np.float32))
        else:
            kind = gguf.GGMLQuantizationType.Q8_0
            writer.add_tensor(name, gguf.quants.quantize(values, kind), raw_dtype=kind)

    add("token_embd.weight", state[TOP_NAMES["token_embd"] + ".weight"])
    for layer in range(N_LAYERS):
        for role, name in LAYER_NAMES.items():
            values = state[f"model.layers.{layer}.{name}.weight"]
            if role in ("attn_q", "attn_k"):
                values = pairs_from_halves(values, N_HEADS if role == "attn_q" else N_KV_HEADS)
            add(f"blk.{layer}.{role}.weight", values)
    add("output_norm.weight", state[TOP_NAMES["output_norm"] + ".weight"])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--steps", type=int, default=700)
    args = parser.parse_args()
    torch.manual_seed(SEED)
    source = documents(random.Random(SEED + 1))
    tokenizer = train_tokenizer([next(source) for _ in range(3000)])
    model = new_model()
    n_params = sum(p.numel() for p in model.parameters())
    print(f"{n_params} parameters", flush=True)
    curve = train(model, batches(tokenizer), args.steps)
    OUT.parent.mkdir(parents=True, exist_ok=True)
    export(model, tokenizer, OUT)
    about = {
        "parameters": n_params,
        "seed": SEED,
        "steps": args.steps,
        "tokens_per_step": TOKENS_PER_STEP,
        "torch": torch.__version__,
    }
    lines = [f'  "{key}": {json.dumps(value)}' for key, value in about.items()]
    lines.append(f'  "loss": {json.dumps(curve)}')
    (pathlib.Path(__file__).parent / "loss.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
