#!/usr/bin/env python3
"""Checks the two Glass models as they are shipped, and writes check.json. Fails if one falls short.

Stories: the native program answers 500 requests for a story at temperature 0.8, with nothing cut
off the distribution; `samples.py` says how many are in the grammar with every reference right, and
the same of 500 other questions.

Induction: the attention that a head pays, on average, from a token that stood in the text before to
the token after its last occurrence; over all such positions of 200 held-out songs, texts in which a
line comes back, with the file's weights in float32 and transformers' attention. The same head's mean
over 200 stories stands beside it.
"""

import hashlib
import json
import pathlib
import random
import subprocess
import sys
from importlib.metadata import version

import torch

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import reference  # noqa: E402
from chats import documents  # noqa: E402
from samples import SEED, other_question, run, story_question, wrong  # noqa: E402
from transformers_oracle import transformers_model  # noqa: E402

PROGRAM = str(ROOT / "build/release/nanoinfer")
N_STORIES, N_OTHERS, N_TEXTS, TEMPERATURE = 500, 500, 200, 0.8
LEAST_RIGHT, LEAST_ATTENTION = 0.95, 0.5


def right_share(path, new_question, n):
    faults = wrong(PROGRAM, path, new_question, n, TEMPERATURE)
    for asked, text, found in faults:
        print(f"> {asked}\n{text}\n  {found}\n")
    return 1 - len(faults) / n


def after_previous(ids):
    """[(t, p + 1)]: p is the last position before t with the token of t."""
    last, pairs = {}, []
    for t, token in enumerate(ids):
        if token in last:
            pairs.append((t, last[token] + 1))
        last[token] = t
    return pairs


@torch.no_grad()
def induction(path, kind):
    """(layers, heads): the mean attention, in texts of this kind, on the token after the last."""
    config, weights, fields = reference.load(path)
    model = transformers_model(config, weights)
    source = documents(random.Random(SEED), kinds=(kind,))
    total, n_pairs = torch.zeros(config.n_layers, config.n_heads), 0
    for _ in range(N_TEXTS):
        text = "".join(part["content"] for part in next(source))
        ids = run(PROGRAM, "tokenize", "--model", path, "--text", text)["ids"]
        ids = [fields["tokenizer.ggml.bos_token_id"], *ids]
        pairs = torch.tensor(after_previous(ids))
        by_layer = model(torch.tensor([ids]), output_attentions=True).attentions
        attention = torch.cat(by_layer)  # (layers, heads, from, to)
        total += attention[:, :, pairs[:, 0], pairs[:, 1]].sum(dim=2)
        n_pairs += len(pairs)
    return total / n_pairs


def check(name):
    path = str(ROOT / f"public/models/glass-{name}.gguf")
    songs, stories = induction(path, "song"), induction(path, "story")
    layer, head = divmod(int(songs.argmax()), songs.shape[1])
    found = {
        "sha256": hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest(),
        "stories_right": right_share(path, story_question, N_STORIES),
        "other_answers_right": right_share(path, other_question, N_OTHERS),
        "induction_head": {"layer": layer, "head": head},
        "induction": round(songs[layer, head].item(), 3),
        "induction_in_stories": round(stories[layer, head].item(), 3),
        "induction_of_heads": [[round(value, 3) for value in row] for row in songs.tolist()],
    }
    print(json.dumps({name: found}))
    return found


def versions():
    engine = subprocess.run([PROGRAM, "--version"], capture_output=True, text=True, check=True)
    libraries = ("torch", "transformers", "numpy")
    return {"engine": engine.stdout.strip()} | {name: version(name) for name in libraries}


def lines(values, indent):
    """A JSON object with one line for each entry."""
    parts = [f'{indent}  "{key}": {json.dumps(value)}' for key, value in values.items()]
    return "{\n" + ",\n".join(parts) + f"\n{indent}}}"


def main():
    about = {"seed": SEED, "versions": versions(), "temperature": TEMPERATURE}
    about |= {"stories": N_STORIES, "other_answers": N_OTHERS, "texts": N_TEXTS}
    results = {name: check(name) for name in ("llama", "qwen2")}
    report = lines(about, "").removesuffix("\n}")
    for name, found in results.items():
        report += f',\n  "{name}": {lines(found, "  ")}'
    (pathlib.Path(__file__).parent / "check.json").write_text(report + "\n}\n")
    good = all(
        found["stories_right"] >= LEAST_RIGHT and found["induction"] >= LEAST_ATTENTION
        for found in results.values()
    )
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
