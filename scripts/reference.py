#!/usr/bin/env python3
"""The executable definition of what the engine computes: a GGUF file and token ids in, logits out.

Every weight is widened to float32 and every step is float32 NumPy, written to be read beside the
engine. Only the container is read by the `gguf` package; what a block means is written out here.

    reference.py FILE --ids 1,2,3 --out LOGITS.f32    float32, (n_tokens, n_vocab), little endian
    reference.py FILE --ids 1,2,3                     the likeliest next token at each position
    reference.py FILE --check-transformers            compare with Hugging Face transformers
"""

import argparse
import types

import numpy as np

# ---- Block formats: (n_blocks, block_bytes) uint8 -> (n_blocks, block_elements) float32 ----------


def f16(two_bytes):
    """(n, 2 k) bytes -> (n, k) float32."""
    return np.ascontiguousarray(two_bytes).view(np.float16).astype(np.float32)


def nibbles(packed):
    """(n, k) bytes -> (n, 2 k): all low halves, then all high halves."""
    return np.concatenate([packed & 15, packed >> 4], axis=1)


def bits(packed):
    """(n, k) bytes -> (n, 8 k), lowest bit first."""
    return np.unpackbits(np.ascontiguousarray(packed), axis=1, bitorder="little")


def q8_0(b):  # d f16 | 32 int8
    return f16(b[:, :2]) * b[:, 2:].view(np.int8)


def q4_0(b):  # d f16 | 16 bytes of nibbles;  w = d (q - 8)
    return f16(b[:, :2]) * (nibbles(b[:, 2:]).astype(np.float32) - 8)


def q4_1(b):  # d f16 | m f16 | 16 bytes of nibbles;  w = d q + m
    return f16(b[:, :2]) * nibbles(b[:, 4:]) + f16(b[:, 2:4])


def q5_0(b):  # d f16 | 32 fifth bits | 16 bytes of nibbles;  w = d (q - 16)
    codes = nibbles(b[:, 6:]) | bits(b[:, 2:6]) << 4
    return f16(b[:, :2]) * (codes.astype(np.float32) - 16)


def q5_1(b):  # d f16 | m f16 | 32 fifth bits | 16 bytes of nibbles;  w = d q + m
    return f16(b[:, :2]) * (nibbles(b[:, 8:]) | bits(b[:, 4:8]) << 4) + f16(b[:, 2:4])


def scales_and_mins(b):
    """12 bytes hold eight 6-bit scales and eight 6-bit mins of a K block -> two (n, 8) float32."""
    first, second, third = b[:, 0:4], b[:, 4:8], b[:, 8:12]
    scales = np.concatenate([first & 63, (third & 15) | (first >> 6) << 4], axis=1)
    mins = np.concatenate([second & 63, (third >> 4) | (second >> 6) << 4], axis=1)
    return scales.astype(np.float32), mins.astype(np.float32)


def k_block(b, codes):
    """w = (d scale) q - (dmin min), one scale and one min for each 32 of the 256 codes."""
    scales, mins = scales_and_mins(b[:, 4:16])
    d, m = f16(b[:, :2]) * scales, f16(b[:, 2:4]) * mins
    return (d[:, :, None] * codes.reshape(-1, 8, 32) - m[:, :, None]).reshape(-1, 256)


def k_nibbles(b):  # in each 32 bytes the low halves are 32 codes, the high halves the next 32
    return nibbles(b.reshape(-1, 32)).reshape(-1, 256)


def q4_k(b):  # d f16 | dmin f16 | 12 bytes of scales and mins | 128 bytes of nibbles
    return k_block(b, k_nibbles(b[:, 16:]))


def q5_k(b):  # d f16 | dmin f16 | 12 bytes of scales and mins | 32 bytes of bits | 128 of nibbles
    # Bit g of byte i is the fifth bit of element i of group g.
    fifth = bits(b[:, 16:48]).reshape(-1, 32, 8).swapaxes(1, 2).reshape(-1, 256)
    return k_block(b, k_nibbles(b[:, 48:]) | fifth << 4)


def q6_k(b):  # 128 bytes of low nibbles | 64 bytes of high pairs | 16 int8 scales | d f16
    low = nibbles(b[:, :128].reshape(-1, 64)).reshape(-1, 256)
    pairs = b[:, 128:192].reshape(-1, 1, 32) >> np.array([[[0], [2], [4], [6]]], np.uint8) & 3
    codes = (low | pairs.reshape(-1, 256) << 4).astype(np.float32) - 32
    d = f16(b[:, 208:210]) * b[:, 192:208].view(np.int8)  # one scale for each 16
    return (d[:, :, None] * codes.reshape(-1, 16, 16)).reshape(-1, 256)


def bf16(b):  # the upper half of a float32
    return (np.ascontiguousarray(b).view(np.uint16).astype(np.uint32) << 16).view(np.float32)


BLOCKS = {  # type: (elements, bytes, definition)
    "F32": (1, 4, lambda b: np.ascontiguousarray(b).view(np.float32)),
    "F16": (1, 2, f16),
    "BF16": (1, 2, bf16),
    "Q8_0": (32, 34, q8_0),
    "Q4_0": (32, 18, q4_0),
    "Q4_1": (32, 20, q4_1),
    "Q5_0": (32, 22, q5_0),
    "Q5_1": (32, 24, q5_1),
    "Q4_K": (256, 144, q4_k),
    "Q5_K": (256, 176, q5_k),
    "Q6_K": (256, 210, q6_k),
}


def dequantise(type_name, data, shape):
    """Bytes of a tensor -> float32 of `shape`, rows of the matrix last but one."""
    _, block_bytes, definition = BLOCKS[type_name]
    return definition(np.frombuffer(data, np.uint8).reshape(-1, block_bytes)).reshape(shape)


# ---- The model -----------------------------------------------------------------------------------


def read_config(fields):
    architecture = fields["general.architecture"]
    if architecture not in ("llama", "qwen2"):
        raise SystemExit(f"architecture {architecture} is not defined here")
    get = lambda key, default=None: fields.get(f"{architecture}.{key}", default)
    n_heads, d_model = get("attention.head_count"), get("embedding_length")
    head_dim = get("attention.key_length", d_model // n_heads)
    if get("attention.value_length", head_dim) != head_dim:
        raise SystemExit("keys and values of different width are not defined here")
    # A file that gives a factor and no type means linear; "scale_linear" is the factor's old name.
    scaling = get("rope.scaling.type", "linear")
    factor = get("rope.scaling.factor", get("rope.scale_linear", 1.0))
    if scaling != "linear" and (scaling != "none" or factor != 1):
        raise SystemExit(f"rope scaling {scaling} by {factor} is not defined here")
    return types.SimpleNamespace(
        architecture=architecture,
        n_layers=get("block_count"),
        d_model=d_model,
        d_ffn=get("feed_forward_length"),
        n_heads=n_heads,
        n_kv_heads=get("attention.head_count_kv", n_heads),
        head_dim=head_dim,
        n_rot=get("rope.dimension_count", head_dim),  # leading elements of a head that RoPE turns
        rms_eps=get("attention.layer_norm_rms_epsilon"),
        rope_theta=get("rope.freq_base", 10000.0),
        rope_scale=1 / factor,  # of positions
    )


def load(path):
    """-> config, {tensor name: float32}, {metadata key: value}. Matrices are (n_out, n_in)."""
    from gguf import GGUFReader

    reader = GGUFReader(path)
    fields = {key: field.contents() for key, field in reader.fields.items()}
    weights = {
        t.name: dequantise(t.tensor_type.name, t.data.tobytes(), [int(n) for n in t.shape[::-1]])
        for t in reader.tensors
    }
    return read_config(fields), weights, fields


def rms_norm(x, weight, eps):
    return x / np.sqrt(np.mean(x * x, axis=-1, keepdims=True) + np.float32(eps)) * weight


def rope_angles(config, n_tokens, factors):
    """(n_tokens, n_rot / 2): position times frequency; `factors` divide the frequencies."""
    exponents = np.arange(0, config.n_rot, 2, dtype=np.float64) / config.n_rot
    frequencies = config.rope_theta**-exponents * config.rope_scale
    if factors is not None:
        frequencies = frequencies / factors
    return np.outer(np.arange(n_tokens), frequencies)


def rope(config, x, angles):
    """x (n_tokens, heads, head_dim): llama turns pairs (2 i, 2 i + 1), qwen2 (i, i + n_rot / 2)."""
    half = config.n_rot // 2
    adjacent = config.architecture == "llama"
    first = np.s_[..., 0 : config.n_rot : 2] if adjacent else np.s_[..., :half]
    second = np.s_[..., 1 : config.n_rot : 2] if adjacent else np.s_[..., half : config.n_rot]
    cos, sin = (f(angles).astype(np.float32)[:, None, :] for f in (np.cos, np.sin))
    out = x.copy()
    out[first] = x[first] * cos - x[second] * sin
    out[second] = x[first] * sin + x[second] * cos
    return out


def attention(q, k, v):
    """Causal. q (n_tokens, n_heads, head_dim), k and v (n_tokens, n_kv_heads, head_dim)."""
    n_tokens, n_heads, head_dim = q.shape
    group = n_heads // k.shape[1]  # query heads that share a key/value head
    future = np.triu(np.ones((n_tokens, n_tokens), bool), 1)
    out = np.empty_like(q)
    for head in range(n_heads):
        scores = q[:, head] @ k[:, head // group].T / np.float32(np.sqrt(head_dim))
        scores[future] = -np.inf
        weights = np.exp(scores - scores.max(axis=1, keepdims=True))
        out[:, head] = weights / weights.sum(axis=1, keepdims=True) @ v[:, head // group]
    return out.reshape(n_tokens, n_heads * head_dim)


def forward(config, weights, ids):
    """ids (n_tokens) -> logits (n_tokens, n_vocab)."""

    def linear(x, name):
        y = x @ weights[name + ".weight"].T
        return y + weights[name + ".bias"] if name + ".bias" in weights else y

    angles = rope_angles(config, len(ids), weights.get("rope_freqs.weight"))
    x = weights["token_embd.weight"][ids]  # (n_tokens, d_model)
    for layer in range(config.n_layers):
        block = f"blk.{layer}."
        normed = rms_norm(x, weights[block + "attn_norm.weight"], config.rms_eps)
        heads = lambda name: linear(normed, block + name).reshape(len(ids), -1, config.head_dim)
        q, k, v = heads("attn_q"), heads("attn_k"), heads("attn_v")
        mixed = attention(rope(config, q, angles), rope(config, k, angles), v)
        x = x + linear(mixed, block + "attn_output")

        normed = rms_norm(x, weights[block + "ffn_norm.weight"], config.rms_eps)
        gate, up = linear(normed, block + "ffn_gate"), linear(normed, block + "ffn_up")
        x = x + linear(gate / (1 + np.exp(-gate)) * up, block + "ffn_down")

    normed = rms_norm(x, weights["output_norm.weight"], config.rms_eps)
    return linear(normed, "output" if "output.weight" in weights else "token_embd")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("file")
    parser.add_argument("--ids", default="1,2,3,4,5,6,7,8", help="comma-separated token ids")
    parser.add_argument("--out", help="write the logits here")
    parser.add_argument("--check-transformers", action="store_true")
    args = parser.parse_args()

    config, weights, _ = load(args.file)
    ids = [int(i) for i in args.ids.split(",")]
    logits = forward(config, weights, ids)
    if args.check_transformers:
        from transformers_oracle import nmse, transformers_logits

        error = nmse(logits, transformers_logits(config, weights, ids))
        print(f"{args.file}: NMSE against transformers {error:.1e}")
        # Float32 rounding alone is worth 1e-9 after 30 layers (against float64), 1e-12 after two.
        raise SystemExit(0 if error <= 1e-8 else 1)
    if args.out:
        logits.astype("<f4").tofile(args.out)
    print(logits.argmax(axis=1).tolist())


if __name__ == "__main__":
    main()
