"""Every tap as transformers computes it, by the names of web/src/worker/schema.ts."""

import sys

import numpy as np
import torch

from transformers_oracle import transformers_model


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
