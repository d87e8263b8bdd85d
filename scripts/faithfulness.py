#!/usr/bin/env python3
"""How far the engine's logits are from what a file's own weights give in float32.

For each model the reference is Hugging Face transformers on the dequantised weights in float32,
over 2,048 positions of tests/fixtures/text/ordinary.txt in chunks of 512 tokens. Against it are
held this engine (build/release/nanoinfer) and llama.cpp (PyPI llama-cpp-python) on the quantised
file. Prints a Markdown table; exits 1 when the engine misses its bounds. Reference logits are kept
in the cache folder.

    faithfulness.py [MODEL.gguf ...]             by default the SmolLM2 files that are in the cache
    faithfulness.py MODEL.gguf --logits F32      compare a file of logits made elsewhere
    faithfulness.py MODEL.gguf --print-ids       the token ids, a chunk a line
"""

import argparse
import hashlib
import pathlib
import subprocess
import tempfile

import numpy as np

import reference
from requantise import STEM, models_folder

ROOT = pathlib.Path(__file__).resolve().parent.parent
TEXT = ROOT / "tests/fixtures/text/ordinary.txt"
CHUNK, N_CHUNKS = 512, 4
MAX_MEAN_KL, MIN_SAME_TOP = 1e-4, 0.995  # of the engine
TYPES = ["Q4_1", "Q8_0", "Q4_0", "Q5_0", "Q4_K_M", "Q6_K"]


def chunks_of_text(path):
    """Token ids of the text, (N_CHUNKS, CHUNK). Each chunk starts a context of its own."""
    from gguf import GGUFReader
    from transformers_oracle import tokenizer_from_gguf

    wanted = ("pre", "tokens", "merges", "token_type")
    keys = [f"tokenizer.ggml.{key}" for key in wanted]
    reader = GGUFReader(path)
    tokenizer = tokenizer_from_gguf({key: reader.fields[key].contents() for key in keys})
    ids = tokenizer.encode(TEXT.read_text(encoding="utf-8")).ids
    assert len(ids) >= N_CHUNKS * CHUNK, len(ids)
    return [ids[i * CHUNK : (i + 1) * CHUNK] for i in range(N_CHUNKS)]


def reference_logits(path, chunks):
    """Files of float32 logits, one a chunk, made once for each model file and text."""
    digest = hashlib.sha256(path.read_bytes())
    digest.update(np.array(chunks, np.int32).tobytes())
    folder = models_folder().parent / "reference" / f"{path.stem}-{digest.hexdigest()[:16]}"
    files = [folder / f"{i}.f32" for i in range(len(chunks))]
    if not all(file.exists() for file in files):
        import torch

        from transformers_oracle import transformers_model

        folder.mkdir(parents=True, exist_ok=True)
        config, weights, _ = reference.load(path)
        model = transformers_model(config, weights)
        for ids, file in zip(chunks, files):
            with torch.no_grad():
                logits = model(torch.tensor([ids])).logits[0].float().numpy()
            logits.tofile(file.with_suffix(".part"))
            file.with_suffix(".part").rename(file)
    return files


def llama_cpp_logits(path, chunks):
    """As llama.cpp runs by default: activations in 8 bits, keys and values in float16."""
    import llama_cpp

    model = llama_cpp.Llama(
        str(path), n_ctx=CHUNK, n_batch=CHUNK, n_threads=1, n_threads_batch=1,
        logits_all=True, verbose=False,
    )  # fmt: skip
    for ids in chunks:
        model.reset()
        model.eval(ids)
        yield model.scores[:CHUNK]


def engine_logits(program, path, chunks):
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "logits.f32"
        for ids in chunks:
            id_list = ",".join(map(str, ids))
            subprocess.run(
                [program, "logits", "--model", path, "--ids", id_list, "--out", out],
                check=True,
                stdout=subprocess.DEVNULL,
            )
            yield np.fromfile(out, "<f4").reshape(CHUNK, -1)


def log_softmax(logits):
    shifted = logits - logits.max(axis=1, keepdims=True)
    return shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))


def compare(expected_files, actual_chunks):
    """-> mean KL(reference || actual) in nats, share of equal top tokens, max |d|, NMSE."""
    kl, same_top, largest, error, power, n = 0.0, 0, 0.0, 0.0, 0.0, 0
    for file, actual in zip(expected_files, actual_chunks, strict=True):
        everything = np.fromfile(file, "<f4").reshape(CHUNK, -1)
        for start in range(0, CHUNK, 64):  # in float64 and so in small parts
            expected = everything[start : start + 64].astype(np.float64)
            other = actual[start : start + 64].astype(np.float64)
            log_p, log_q = log_softmax(expected), log_softmax(other)
            kl += (np.exp(log_p) * (log_p - log_q)).sum()
            same_top += (expected.argmax(axis=1) == other.argmax(axis=1)).sum()
            largest = max(largest, np.abs(expected - other).max())
            error += ((expected - other) ** 2).sum()
            power += (expected**2).sum()
            n += len(expected)
    return kl / n, same_top / n, largest, error / power


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("models", nargs="*", type=pathlib.Path)
    parser.add_argument("--program", type=pathlib.Path, default=ROOT / "build/release/nanoinfer")
    parser.add_argument("--logits", type=pathlib.Path, help="float32 (2048, n_vocab)")
    parser.add_argument("--no-llama-cpp", action="store_true")
    parser.add_argument("--print-ids", action="store_true")
    args = parser.parse_args()
    cached = [models_folder() / f"{STEM}.{type_name}.gguf" for type_name in TYPES]
    models = args.models or [path for path in cached if path.exists()]
    if not models:
        raise SystemExit(
            f"no {STEM} file is in {models_folder()}: `npm run model` fetches the Q4_1 file, "
            "requantise.py makes the others from it"
        )
    if not args.program.exists() and not args.logits and not args.print_ids:
        raise SystemExit(f"{args.program} is missing: `npm run build:native` makes it")
    chunks = chunks_of_text(models[0])
    if args.print_ids:
        for ids in chunks:
            print(",".join(map(str, ids)))
        return
    print("| file | engine | mean KL (nats) | same top token | max abs. difference | NMSE |")
    print("|---|---|---|---|---|---|", flush=True)
    failed = False
    for path in models:
        expected = reference_logits(path, chunks)
        rows = {}
        if args.logits:
            rows[args.logits.name] = np.fromfile(args.logits, "<f4").reshape(N_CHUNKS, CHUNK, -1)
        else:
            rows["nanoinfer"] = engine_logits(args.program, path, chunks)
        if not args.no_llama_cpp:
            rows["llama.cpp"] = llama_cpp_logits(path, chunks)
        for label, actual in rows.items():
            kl, same_top, largest, error = compare(expected, actual)
            print(
                f"| {path.stem.split('.')[-1]} | {label} | {kl:.1e} | {same_top:.2%} "
                f"| {largest:.3f} | {error:.1e} |",
                flush=True,
            )
            if label != "llama.cpp":
                failed |= kl > MAX_MEAN_KL or same_top < MIN_SAME_TOP
    raise SystemExit(int(failed))


if __name__ == "__main__":
    main()
