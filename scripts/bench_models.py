#!/usr/bin/env python3
"""Makes the benchmark's models of real shapes with random weights, in the cache folder.

    bench_models.py [Qwen2.5-0.5B-shape.Q4_0 ...]      those that are missing are made

Speed depends on a model's shape and types, not on what its weights are. The vocabulary is the
default model's, filled up with unused tokens. llama.cpp quantises, so a mix such as Q4_K_M is the
one that such files really have (rows that are no multiple of 256 fall back to other types).
"""

import sys
import zlib

import gguf
import numpy as np

from requantise import STEM, models_folder, quantise
from tensor_shapes import tensor_shapes

SHAPES = {
    "Qwen2.5-0.5B-shape": dict(
        architecture="qwen2",
        n_layers=24,
        d_model=896,
        n_heads=14,
        n_kv_heads=2,
        head_dim=64,
        d_ffn=4864,
        n_vocab=151936,
        rope_theta=1e6,
        rms_eps=1e-6,
        n_ctx_train=32768,
    ),
    "Llama-3.2-1B-shape": dict(
        architecture="llama",
        n_layers=16,
        d_model=2048,
        n_heads=32,
        n_kv_heads=8,
        head_dim=64,
        d_ffn=8192,
        n_vocab=128256,
        rope_theta=5e5,
        rms_eps=1e-5,
        n_ctx_train=131072,
    ),
}
DEFAULT = [
    "Qwen2.5-0.5B-shape.Q4_0",
    "Qwen2.5-0.5B-shape.Q8_0",
    "Qwen2.5-0.5B-shape.Q4_K_M",
    "Llama-3.2-1B-shape.Q4_K_M",
]
CHUNK = 1 << 22  # weights drawn at a time, so that little memory is used


def add_config(writer, name, s):
    writer.add_name(f"{name}, random weights")
    writer.add_license("MIT")
    writer.add_file_type(gguf.LlamaFileType.MOSTLY_F16)
    writer.add_context_length(s["n_ctx_train"])
    writer.add_embedding_length(s["d_model"])
    writer.add_block_count(s["n_layers"])
    writer.add_feed_forward_length(s["d_ffn"])
    writer.add_head_count(s["n_heads"])
    writer.add_head_count_kv(s["n_kv_heads"])
    writer.add_layer_norm_rms_eps(s["rms_eps"])
    writer.add_rope_freq_base(s["rope_theta"])
    writer.add_rope_dimension_count(s["head_dim"])
    writer.add_vocab_size(s["n_vocab"])


def add_vocabulary(writer, source, n_vocab):
    """The tokenizer of the file `source`, with unused tokens up to n_vocab."""
    for key, field in gguf.GGUFReader(source).fields.items():
        if not key.startswith("tokenizer."):
            continue
        value = field.contents()
        if key == "tokenizer.ggml.tokens":
            value += [f"[unused {i}]" for i in range(len(value), n_vocab)]
        elif key == "tokenizer.ggml.token_type":
            value += [gguf.TokenType.UNUSED] * (n_vocab - len(value))
        is_array = field.types[0] == gguf.GGUFValueType.ARRAY
        writer.add_key_value(key, value, field.types[0], field.types[-1] if is_array else None)


def random_tensor(seed, name, shape):
    """Norms near 1, biases small, matrices of the width that keeps the scale: ordinary logits."""
    rng = np.random.default_rng([seed, zlib.crc32(name.encode())])
    if len(shape) == 1:
        is_norm = name.endswith("norm.weight")
        return ((1 if is_norm else 0) + 0.1 * rng.standard_normal(shape)).astype(np.float32)
    weights = np.empty(shape, np.float16)
    flat, scale = weights.reshape(-1), np.float32(1 / np.sqrt(shape[1]))
    for start in range(0, flat.size, CHUNK):
        part = flat[start : start + CHUNK]
        part[:] = scale * rng.standard_normal(part.size, np.float32)
    return weights


def write_f16(name, target, source):
    """The model with its matrices in float16, one tensor in memory at a time."""
    s = SHAPES[name]
    writer = gguf.GGUFWriter(target, s["architecture"])
    add_config(writer, name, s)
    add_vocabulary(writer, source, s["n_vocab"])
    shapes = tensor_shapes(s, s["n_vocab"])
    for tensor, shape in shapes.items():
        dtype = np.dtype(np.float32 if len(shape) == 1 else np.float16)
        writer.add_tensor_info(tensor, shape, dtype, int(np.prod(shape)) * dtype.itemsize)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_ti_data_to_file()
    seed = zlib.crc32(name.encode())
    for tensor, shape in shapes.items():
        writer.write_tensor_data(random_tensor(seed, tensor, shape))
    writer.close()


def make(name, type_names):
    """The missing ones of a model's quantisations."""
    targets = [models_folder() / f"{name}.{type_name}.gguf" for type_name in type_names]
    missing = [target for target in targets if not target.exists()]
    if missing:
        f16 = models_folder() / f"{name}.F16.part"
        write_f16(name, f16, models_folder() / f"{STEM}.Q4_1.gguf")
        for target in missing:
            partial = target.with_suffix(".part")
            quantise(f16, partial, target.stem.rsplit(".", 1)[1])
            partial.rename(target)
        f16.unlink()
    for target in targets:
        print(f"{target}  {target.stat().st_size} B", flush=True)


def main():
    wanted = {}
    for file in sys.argv[1:] or DEFAULT:
        name, type_name = file.rsplit(".", 1)
        wanted.setdefault(name, []).append(type_name)
    for name, type_names in wanted.items():
        make(name, type_names)


if __name__ == "__main__":
    main()
