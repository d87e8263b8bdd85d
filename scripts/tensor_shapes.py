"""Names and shapes of a model's tensors, as GGUF files have them."""


def tensor_shapes(s, n_vocab):
    """s: architecture, n_layers, d_model, n_heads, n_kv_heads, head_dim, d_ffn; tied (True)."""
    q_dim, kv_dim = s["n_heads"] * s["head_dim"], s["n_kv_heads"] * s["head_dim"]
    shapes = {"token_embd.weight": (n_vocab, s["d_model"])}
    for layer in range(s["n_layers"]):
        block = {
            "attn_norm.weight": (s["d_model"],),
            "attn_q.weight": (q_dim, s["d_model"]),
            "attn_k.weight": (kv_dim, s["d_model"]),
            "attn_v.weight": (kv_dim, s["d_model"]),
            "attn_output.weight": (s["d_model"], q_dim),
            "ffn_norm.weight": (s["d_model"],),
            "ffn_gate.weight": (s["d_ffn"], s["d_model"]),
            "ffn_up.weight": (s["d_ffn"], s["d_model"]),
            "ffn_down.weight": (s["d_model"], s["d_ffn"]),
        }
        if s["architecture"] == "qwen2":
            block |= {"attn_q.bias": (q_dim,), "attn_k.bias": (kv_dim,), "attn_v.bias": (kv_dim,)}
        shapes |= {f"blk.{layer}.{name}": shape for name, shape in block.items()}
    shapes["output_norm.weight"] = (s["d_model"],)
    if not s.get("tied", True):
        shapes["output.weight"] = (n_vocab, s["d_model"])
    return shapes
