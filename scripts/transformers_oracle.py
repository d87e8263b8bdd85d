"""A file's weights in Hugging Face transformers, float32, and its tokenizer in `tokenizers`."""

import numpy as np
import torch

torch.set_num_threads(1)

LAYER_NAMES = {
    "attn_norm": "input_layernorm",
    "attn_q": "self_attn.q_proj",
    "attn_k": "self_attn.k_proj",
    "attn_v": "self_attn.v_proj",
    "attn_output": "self_attn.o_proj",
    "ffn_norm": "post_attention_layernorm",
    "ffn_gate": "mlp.gate_proj",
    "ffn_up": "mlp.up_proj",
    "ffn_down": "mlp.down_proj",
}
TOP_NAMES = {"token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"}


def halves_from_pairs(rows, n_heads):
    """Undo the row order of q and k in llama files: pairs (2 i, 2 i + 1) back to (i, i + half)."""
    in_pairs = rows.reshape(n_heads, -1, 2, *rows.shape[1:])
    return in_pairs.swapaxes(1, 2).reshape(rows.shape)


def transformers_model(config, weights):
    """A LlamaForCausalLM or Qwen2ForCausalLM that computes what `reference.forward` defines."""
    from transformers import LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    if config.n_rot != config.head_dim:
        raise SystemExit("transformers turns whole heads only")
    llama = config.architecture == "llama"
    hf_config = (LlamaConfig if llama else Qwen2Config)(
        vocab_size=weights["token_embd.weight"].shape[0],
        hidden_size=config.d_model,
        intermediate_size=config.d_ffn,
        num_hidden_layers=config.n_layers,
        num_attention_heads=config.n_heads,
        num_key_value_heads=config.n_kv_heads,
        head_dim=config.head_dim,
        rms_norm_eps=config.rms_eps,
        max_position_embeddings=8192,
        tie_word_embeddings="output.weight" not in weights,
        rope_parameters={"rope_type": "default", "rope_theta": config.rope_theta},
        attn_implementation="eager",
    )
    with torch.device("meta"):
        model = (LlamaForCausalLM if llama else Qwen2ForCausalLM)(hf_config)
    state = {}
    for name, value in weights.items():
        if name == "rope_freqs.weight":
            continue
        stem, suffix = name.rsplit(".", 1)
        if stem in TOP_NAMES:
            target = TOP_NAMES[stem]
        else:
            _, layer, kind = stem.split(".")
            target = f"model.layers.{layer}.{LAYER_NAMES[kind]}"
            if llama and kind in ("attn_q", "attn_k"):
                value = halves_from_pairs(
                    value, config.n_heads if kind == "attn_q" else config.n_kv_heads
                )
        state[f"{target}.{suffix}"] = torch.tensor(value)
    if "output.weight" not in weights:
        state["lm_head.weight"] = state["model.embed_tokens.weight"]
    model.load_state_dict(state, strict=True, assign=True)
    # The same float32 formula as transformers' own default initialisation.
    exponents = torch.arange(0, config.head_dim, 2, dtype=torch.int64).float() / config.head_dim
    inv_freq = config.rope_scale / config.rope_theta**exponents
    if "rope_freqs.weight" in weights:
        inv_freq = inv_freq / torch.from_numpy(weights["rope_freqs.weight"])
    model.model.rotary_emb.inv_freq = inv_freq
    return model.eval()


@torch.no_grad()
def transformers_logits(config, weights, ids):
    """(n_tokens, n_vocab) float32."""
    model = transformers_model(config, weights)
    return model(torch.tensor([ids])).logits[0].float().numpy()


def nmse(actual, expected):
    """Mean square of the difference over the mean square of what is expected."""
    actual, expected = actual.astype(np.float64), expected.astype(np.float64)
    return float(np.mean((actual - expected) ** 2) / np.mean(expected**2))


def tokenizer_from_gguf(fields):
    """The byte-level BPE of a file whose pre-tokenizer is smollm or gpt-2, as `tokenizers` runs it.

    transformers' own GGUF reader is no oracle here: it leaves out smollm's digit splitter.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    pre = {
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(True), byte_level]),
        "gpt-2": byte_level,
    }[fields["tokenizer.ggml.pre"]]
    tokens = fields["tokenizer.ggml.tokens"]
    merges = [tuple(merge.split(" ")) for merge in fields["tokenizer.ggml.merges"]]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, merges))
    tokenizer.pre_tokenizer = pre
    tokenizer.decoder = decoders.ByteLevel()
    kinds = fields["tokenizer.ggml.token_type"]
    tokenizer.add_special_tokens(
        [AddedToken(t, special=True, normalized=False) for t, k in zip(tokens, kinds) if k == 3]
    )
    return tokenizer


def render_chat(fields, messages, **tokens):
    """The file's own chat template, with the opening of the assistant's turn at the end."""
    import jinja2

    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(
        fields["tokenizer.chat_template"]
    )
    return template.render(messages=messages, add_generation_prompt=True, **tokens)
