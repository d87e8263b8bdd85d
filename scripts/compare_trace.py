#!/usr/bin/env python3
"""Holds a trace that the lab page has exported against transformers on the same weights.

    compare_trace.py MODEL.gguf TRACE.npz [--most NMSE]

Runs the trace's tokens through transformers in float32, eager attention, and prints for each tap the
largest difference and the mean square of the difference over that of what is expected (NMSE). Fails
if a tap's NMSE is above --most. What is left with quantised files is the 13 bits of the activations.
"""

import argparse
import json
import pathlib

import numpy as np

import reference
from make_tap_fixtures import run
from transformers_oracle import nmse


def load_trace(path):
    """-> (trace.json, ids, {tap: (first position, (positions, width) float32)})"""
    arrays = np.load(path)
    about = json.loads(arrays["trace.json"])
    if about.get("format") != "nanoinfer trace" or about.get("v") != 1:
        raise SystemExit(f"{path} is no trace of version 1")
    taps = {}
    for tap in about["taps"]:
        values = arrays[tap["name"]]
        taps[tap["name"]] = (tap["first"], values.reshape(len(values), -1))
    return about, arrays["ids"].tolist(), taps


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", type=pathlib.Path)
    parser.add_argument("trace", type=pathlib.Path)
    parser.add_argument("--most", type=float, default=1e-4, help="largest NMSE of a tap")
    args = parser.parse_args()

    about, ids, taps = load_trace(args.trace)
    size = args.model.stat().st_size
    if size != about["model"]["file_bytes"]:
        expected = about["model"]["file_bytes"]
        raise SystemExit(f"the trace is of a file of {expected} bytes, {args.model} has {size}")
    if edits := about["experiment"].get("edits"):
        print(f"{len(edits)} edits were in the list: transformers computes without them")

    config, weights, _ = reference.load(args.model)
    expected, _ = run(config, weights, ids)
    worst = 0.0
    print(f"{'tap':<20} {'positions':>11} {'max |diff|':>11} {'NMSE':>9}")
    for name, (first, values) in taps.items():
        rows = expected[name][first : first + len(values)]
        error = nmse(values, rows)
        worst = max(worst, error) if error == error else float("inf")
        where = f"{first}-{first + len(values) - 1}"
        print(f"{name:<20} {where:>11} {np.abs(values - rows).max():11.3g} {error:9.1e}")
    print(f"largest NMSE of {len(taps)} taps: {worst:.1e}, at most {args.most:.1e} allowed")
    raise SystemExit(0 if worst <= args.most else 1)


if __name__ == "__main__":
    main()
