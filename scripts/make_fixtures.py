#!/usr/bin/env python3
"""Makes tests/fixtures/models: tiny seeded GGUF files and the logits that each must give.

    NAME.gguf         random weights, a real vocabulary, a chat template
    NAME.ids.json     token ids, where the golden logits come from, versions; for a sentencepiece
                      vocabulary also what its library makes of texts and of rendered chats
    NAME.logits.f32   (n_tokens, n_vocab) float32, little endian

    make_fixtures.py [NAME ...]    by default all

Rerun after a change of the list at the end of this file; NumPy's generator is seeded by the name.
"""

import argparse
import json
import pathlib
import zlib

import gguf
import numpy as np
import sentencepiece
import tokenizers
import torch
import transformers
from gguf import GGMLQuantizationType as Type

import reference
import sentencepiece_goldens
from tensor_shapes import tensor_shapes
from transformers_oracle import nmse, render_chat, transformers_logits

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "tests/fixtures/models"
N_VOCAB = 323  # not a multiple of any tile or lane count
N_CTX_TRAIN = 512
CONTROLS = ["<|endoftext|>", "<|im_start|>", "<|im_end|>"]
CHAT_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n' + message['content']"
    " + '<|im_end|>' + '\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
LLAMA_2_TEMPLATE = (
    "{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}"
    "{% set system_message = messages[0]['content'] %}"
    "{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}"
    "{% for message in loop_messages %}"
    "{% if loop.index0 == 0 and system_message != false %}"
    "{% set content = '<<SYS>>\\n' + system_message + '\\n<</SYS>>\\n\\n' + message['content'] %}"
    "{% else %}{% set content = message['content'] %}{% endif %}"
    "{% if message['role'] == 'user' %}{{ bos_token + '[INST] ' + content.strip() + ' [/INST]' }}"
    "{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}"
    "{% endif %}{% endfor %}"
)

# ---- K blocks: the nearest code under plain per-block scales; `gguf` quantises only the others ---


def safe_divide(a, b):
    return np.divide(a, b, out=np.zeros_like(a), where=b != 0)


def f16_column(values):
    """(n, 1) float32 -> bytes (n, 2) and the rounded values."""
    half = values.astype(np.float16)
    return half.view(np.uint8).reshape(-1, 2), half.astype(np.float32)


def quantise_k(rows, n_bits):
    """Q4_K (n_bits 4) or Q5_K (5): w = (d scale) q - (dmin min) for each 32 of 256."""
    x = rows.reshape(-1, 8, 32).astype(np.float32)
    low = np.minimum(x.min(axis=2), 0)
    step = (x.max(axis=2) - low) / (2**n_bits - 1)
    d_bytes, d = f16_column(step.max(axis=1, keepdims=True) / 63)
    m_bytes, m = f16_column(-low.min(axis=1, keepdims=True) / 63)
    scales = np.clip(np.rint(safe_divide(step, d + 0 * step)), 0, 63).astype(np.uint8)
    mins = np.clip(np.rint(safe_divide(-low, m + 0 * step)), 0, 63).astype(np.uint8)
    offset, unit = (m * mins)[:, :, None], (d * scales)[:, :, None] + 0 * x
    codes = np.clip(np.rint(safe_divide(x + offset, unit)), 0, 2**n_bits - 1).astype(np.uint8)

    packed_scales = np.concatenate(
        [
            (scales[:, :4] & 63) | (scales[:, 4:] >> 4) << 6,
            (mins[:, :4] & 63) | (mins[:, 4:] >> 4) << 6,
            (scales[:, 4:] & 15) | (mins[:, 4:] & 15) << 4,
        ],
        axis=1,
    )
    low4 = codes & 15
    nibbles = (low4[:, 0::2] | low4[:, 1::2] << 4).reshape(-1, 128)
    parts = [d_bytes, m_bytes, packed_scales, nibbles]
    if n_bits == 5:  # bit g of byte i: the fifth bit of element i of group g
        fifth = np.packbits(codes >> 4, axis=1, bitorder="little").reshape(-1, 32)
        parts.insert(3, fifth)
    return np.concatenate(parts, axis=1).reshape(rows.shape[0], -1)


def quantise_q6_k(rows):
    x = rows.reshape(-1, 16, 16).astype(np.float32)
    step = np.abs(x).max(axis=2) / 31
    d_bytes, d = f16_column(step.max(axis=1, keepdims=True) / 127)
    scales = np.clip(np.rint(safe_divide(step, d + 0 * step)), 0, 127).astype(np.int8)
    unit = (d * scales)[:, :, None] + 0 * x
    codes = (np.clip(np.rint(safe_divide(x, unit)), -32, 31) + 32).astype(np.uint8)
    quarter = codes.reshape(-1, 2, 4, 32)  # (block, half, quarter of the half, element)
    low, high = quarter & 15, quarter >> 4
    nibbles = (low[:, :, :2] | low[:, :, 2:] << 4).reshape(-1, 128)
    pairs = high[:, :, 0] | high[:, :, 1] << 2 | high[:, :, 2] << 4 | high[:, :, 3] << 6
    parts = [nibbles, pairs.reshape(-1, 64), scales.view(np.uint8), d_bytes]
    return np.concatenate(parts, axis=1).reshape(rows.shape[0], -1)


def quantise(values, type_name):
    """(n_out, n_in) float32 -> (n_out, row bytes) uint8."""
    if type_name in ("Q4_K", "Q5_K"):
        return quantise_k(values, int(type_name[1]))
    if type_name == "Q6_K":
        return quantise_q6_k(values)
    return gguf.quants.quantize(values, Type[type_name]).view(np.uint8)


# ---- Files ---------------------------------------------------------------------------------------


def byte_level_vocabulary():
    """Control tokens, the 256 bytes, and merges learned from the fixture text."""
    text = (ROOT / "tests/fixtures/text/ordinary.txt").read_text(encoding="utf-8")
    tokenizer = tokenizers.Tokenizer(tokenizers.models.BPE())
    tokenizer.pre_tokenizer = tokenizers.pre_tokenizers.Sequence(
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
    tokenizer.train_from_iterator([text], trainer)
    model = json.loads(tokenizer.to_str())["model"]
    tokens = sorted(model["vocab"], key=model["vocab"].get)
    assert len(tokens) == N_VOCAB, len(tokens)
    return tokens, [" ".join(merge) for merge in model["merges"]]


def add_byte_level(writer, vocabulary):
    tokens, merges = vocabulary
    control, normal = gguf.TokenType.CONTROL, gguf.TokenType.NORMAL
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_types([control if t in CONTROLS else normal for t in tokens])
    writer.add_token_merges(merges)
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    writer.add_add_space_prefix(False)
    writer.add_chat_template(CHAT_TEMPLATE)


def sentencepiece_vocabulary():
    """The one of tests/fixtures/tokenizer/sentencepiece, as the library's processor."""
    return sentencepiece.SentencePieceProcessor(model_proto=sentencepiece_goldens.train())


def add_sentencepiece(writer, library):
    ids = range(library.vocab_size())
    tokens = [library.id_to_piece(i) for i in ids]
    types = [sentencepiece_goldens.token_type(library, i) for i in ids]
    for piece in ("<tool>", "def f("):
        types[tokens.index(piece)] = gguf.TokenType.USER_DEFINED  # the library does not say
    tokens[tokens.index("[INST]")] = "<pad>"  # Llama 2 spells [INST] as text
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(tokens)
    writer.add_token_scores([library.get_score(i) for i in ids])
    writer.add_token_types(types)
    writer.add_bos_token_id(library.bos_id())
    writer.add_eos_token_id(library.eos_id())
    writer.add_unk_token_id(library.unk_id())
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_add_space_prefix(True)
    writer.add_chat_template(LLAMA_2_TEMPLATE)


TEXTS = ["Hello world", "  two  spaces\n\tand a tab", "नमस्ते 世界 🙂", "a </s> b <s>", "<tool>def f(", ""]
CHATS = [
    [{"role": "user", "content": "What is it?"}],
    [{"role": "user", "content": "<s> is text [INST] </s>"}],
    [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "世界?"}],
]


def sentencepiece_answers(library, fields):
    """What the library makes of texts, and of chats rendered by the file's own template: there
    only the opening <s> is a token, however a message is spelled."""

    def prompt_ids(messages):
        prompt = render_chat(fields, messages, bos_token="<s>", eos_token="</s>")
        return [library.bos_id()] + library.encode(prompt.removeprefix("<s>"))

    return {
        "texts": [{"text": text, "ids": library.encode(text)} for text in TEXTS],
        "chats": [{"messages": chat, "prompt_ids": prompt_ids(chat)} for chat in CHATS],
    }


def n_vocab(s):
    return s.get("n_vocab", N_VOCAB)


def random_tensor(rng, name, shape):
    if name.endswith("norm.weight"):
        return (1 + 0.2 * rng.standard_normal(shape)).astype(np.float32)
    if name.endswith("bias"):
        return (0.5 * rng.standard_normal(shape)).astype(np.float32)
    # Twice the width that keeps the scale: attention is far from uniform, logits far apart.
    return (2 / np.sqrt(shape[1]) * rng.standard_normal(shape)).astype(np.float32)


def llama3_rope_factors(head_dim, theta, factor=8.0, low=1.0, high=4.0, n_ctx_original=64):
    """Divisors of RoPE's frequencies, as Llama 3.1's scaling is stored in rope_freqs."""
    wavelength = 2 * np.pi * theta ** (np.arange(0, head_dim, 2) / head_dim)
    smooth = (n_ctx_original / wavelength - low) / (high - low)
    between = 1 / ((1 - smooth) / factor + smooth)
    is_low = wavelength > n_ctx_original / low
    is_high = wavelength < n_ctx_original / high
    return np.where(is_low, factor, np.where(is_high, 1, between)).astype(np.float32)


def write_model(path, s, seed, add_vocabulary):
    rng = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, s["architecture"])
    writer.add_name(f"Tiny {path.stem}, random weights")
    writer.add_license("MIT")
    writer.add_context_length(N_CTX_TRAIN)
    writer.add_embedding_length(s["d_model"])
    writer.add_block_count(s["n_layers"])
    writer.add_feed_forward_length(s["d_ffn"])
    writer.add_head_count(s["n_heads"])
    writer.add_head_count_kv(s["n_kv_heads"])
    writer.add_layer_norm_rms_eps(s.get("rms_eps", 1e-5))
    writer.add_rope_freq_base(s.get("rope_theta", 10000.0))
    writer.add_vocab_size(n_vocab(s))
    if s["head_dim"] * s["n_heads"] != s["d_model"]:
        writer.add_key_length(s["head_dim"])
        writer.add_value_length(s["head_dim"])
    writer.add_rope_dimension_count(s.get("n_rot", s["head_dim"]))
    if "rope_linear" in s:
        if s.get("rope_type", True):  # a factor alone means linear too
            writer.add_rope_scaling_type(gguf.RopeScalingType.LINEAR)
        writer.add_rope_scaling_factor(s["rope_linear"])
    add_vocabulary(writer)
    for name, shape in tensor_shapes(s, n_vocab(s)).items():
        values = random_tensor(rng, name, shape)
        if len(shape) == 1:
            writer.add_tensor(name, values)
        else:
            role = name.removesuffix(".weight")
            kind = role.rsplit(".", 1)[-1]
            type_name = s["types"].get(role) or s["types"].get(kind) or s["types"]["default"]
            writer.add_tensor(name, quantise(values, type_name), raw_dtype=Type[type_name])
    if s.get("rope_freqs"):
        factors = llama3_rope_factors(s["head_dim"], s.get("rope_theta", 10000.0))
        writer.add_tensor("rope_freqs.weight", factors)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def make(name, s, vocabularies):
    path, seed = OUT / f"{name}.gguf", zlib.crc32(name.encode())
    kind = s.get("vocabulary", "byte_level")
    add = {"byte_level": add_byte_level, "sentencepiece": add_sentencepiece}[kind]
    write_model(path, s, seed, lambda writer: add(writer, vocabularies[kind]))
    rng = np.random.default_rng(seed + 1)
    ids = [1, 0, n_vocab(s) - 1] + rng.integers(3, n_vocab(s), 13).tolist()
    ids += ids[5:9]  # a repeat: attention has something to find
    config, weights, fields = reference.load(path)
    golden, source = reference.forward(config, weights, ids), "reference.py, float32 weights"
    error = None
    if config.n_rot == config.head_dim:
        expected = transformers_logits(config, weights, ids)
        error = nmse(golden, expected)
        assert error < 1e-10, (name, error)
        if set(s["types"].values()) <= {"F32", "F16", "BF16"}:
            golden, source = expected, "transformers, float32"
    golden.astype("<f4").tofile(OUT / f"{name}.logits.f32")
    top = np.sort(golden, axis=1)
    about = {
        "ids": ids,
        "n_vocab": n_vocab(s),
        "greedy": golden.argmax(axis=1).tolist(),
        "top_two_gap": [round(float(gap), 5) for gap in top[:, -1] - top[:, -2]],
        "golden": source,
        "nmse_reference_transformers": error,
        "made_by": "scripts/make_fixtures.py",
        "seed": seed,
        "versions": {m.__name__: m.__version__ for m in (np, torch, transformers, tokenizers)},
    }
    if kind == "sentencepiece":
        about |= sentencepiece_answers(vocabularies[kind], fields)
        about["versions"]["sentencepiece"] = sentencepiece.__version__
    lines = ",\n".join(f'  "{key}": {json.dumps(value)}' for key, value in about.items())
    (OUT / f"{name}.ids.json").write_text("{\n" + lines + "\n}\n")
    error_text = "-" if error is None else f"{error:.0e}"
    print(f"{name:28} {path.stat().st_size:8} B  golden: {source:30} NMSE {error_text}")


def shape(architecture, d_model, n_heads, n_kv_heads, head_dim, d_ffn, n_layers, **more):
    return dict(
        architecture=architecture,
        d_model=d_model,
        n_heads=n_heads,
        n_kv_heads=n_kv_heads,
        head_dim=head_dim,
        d_ffn=d_ffn,
        n_layers=n_layers,
        types={"default": more.pop("type", "F32"), **more.pop("types", {})},
        **more,
    )


# A file of 256-wide K rows falls back, as llama.cpp does, where a row is not a multiple of 256.
def k_file(type_name, fallback):
    types = {"attn_output": fallback, "ffn_down": fallback}
    return shape("llama", 256, 4, 1, 8, 64, 1, type=type_name, types=types)


FILES = {
    "llama-f32": shape("llama", 24, 3, 1, 8, 52, 2),
    "llama-f32-head20": shape("llama", 30, 5, 1, 20, 36, 1, tied=False),
    "llama-f32-partial-rope": shape("llama", 36, 3, 3, 12, 40, 1, n_rot=8),
    "llama-f32-linear-rope": shape("llama", 40, 5, 5, 8, 44, 1, rope_linear=4.0),
    "llama-f32-rope-factor": shape(
        "llama", 24, 3, 1, 8, 20, 1, rope_linear=8.0, rope_type=False
    ),
    "llama-f16": shape("llama", 40, 5, 1, 8, 52, 2, type="F16", tied=False),
    "llama-bf16-rope-freqs": shape(
        "llama", 48, 6, 2, 16, 68, 1, type="BF16", rope_freqs=True, rope_theta=500000.0
    ),
    "qwen2-f32": shape("qwen2", 24, 4, 2, 6, 44, 2, rms_eps=1e-6, rope_theta=1000000.0),
    "qwen2-bf16": shape("qwen2", 42, 3, 1, 14, 68, 2, type="BF16", tied=False),
    "llama-q8_0": shape("llama", 96, 3, 1, 32, 96, 1, type="Q8_0"),
    "llama-q4_0": shape("llama", 96, 3, 1, 32, 160, 2, type="Q4_0"),
    "llama-q4_1": shape("llama", 96, 3, 1, 32, 96, 2, type="Q4_1"),
    "llama-q5_0": shape("llama", 96, 6, 2, 16, 96, 2, type="Q5_0"),
    "llama-q5_1": shape("llama", 64, 2, 1, 32, 160, 2, type="Q5_1"),
    "llama-q4_k": k_file("Q4_K", "Q5_0"),
    "llama-q5_k": k_file("Q5_K", "Q5_1"),
    "llama-q6_k": k_file("Q6_K", "Q8_0"),
    "qwen2-q8_0": shape("qwen2", 64, 2, 1, 32, 96, 1, type="Q8_0", tied=False),
    "qwen2-q4_0": shape("qwen2", 96, 3, 1, 32, 96, 2, type="Q4_0", types={"token_embd": "Q8_0"}),
    # As llama.cpp makes a Q4_K_M of a model whose rows are only partly multiples of 256.
    "llama-q4_k_m": shape(
        "llama", 256, 4, 1, 8, 64, 1, type="Q4_K",
        types={"token_embd": "Q6_K", "attn_v": "Q6_K", "attn_output": "Q5_0", "ffn_down": "Q8_0"},
    ),
    # Rows of two K blocks, one type a layer.
    "llama-k-wide": shape(
        "llama", 32, 2, 1, 16, 512, 3, type="Q4_0", tied=False,
        types={
            "token_embd": "Q8_0",
            "output": "F16",
            "blk.0.ffn_down": "Q4_K",
            "blk.1.ffn_down": "Q5_K",
            "blk.2.ffn_down": "Q6_K",
        },
    ),
    # As a Llama 2 chat file: a sentencepiece vocabulary and the [INST] template.
    "llama-sentencepiece": shape(
        "llama", 32, 2, 1, 16, 64, 1, type="Q8_0", vocabulary="sentencepiece", n_vocab=900
    ),
}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("names", nargs="*", default=list(FILES))
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    vocabularies = {
        "byte_level": byte_level_vocabulary(),
        "sentencepiece": sentencepiece_vocabulary(),
    }
    for name in args.names:
        make(name, FILES[name], vocabularies)


if __name__ == "__main__":
    main()
