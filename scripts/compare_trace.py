#!/usr/bin/env python3
"""Holds a trace that the lab page has exported against transformers on the same weights.

    compare_trace.py MODEL.gguf TRACE.npz [--most NMSE]
    compare_trace.py GOLDEN.json TRACE.npz [--most NMSE]

Runs the trace's tokens through transformers in float32, eager attention, or takes what it gave
make_tap_fixtures.py for the same tokens (no packages are needed then). Prints for each tap the largest
difference and the mean square of the difference over that of what is expected (NMSE). Fails if a tap's
NMSE is above --most. What is left with quantised files is the 13 bits of the activations.
"""

import argparse
import array
import ast
import json
import math
import pathlib
import sys
import zipfile

ROOT = pathlib.Path(__file__).resolve().parent.parent


def values_of(data, kind):
    """Little-endian values of four bytes."""
    values = array.array(kind)
    assert values.itemsize == 4
    values.frombytes(data)
    if sys.byteorder == "big":
        values.byteswap()
    return values


def read_npy(data):
    """-> (shape, values): a C-ordered array of version 1.0, float32 or int32"""
    end = 10 + int.from_bytes(data[8:10], "little")
    about = ast.literal_eval(data[10:end].decode("latin1"))
    if data[:8] != b"\x93NUMPY\x01\x00" or about["fortran_order"]:
        raise SystemExit("the trace holds an array that is no .npy of version 1.0 in C order")
    return about["shape"], values_of(data[end:], {"<f4": "f", "<i4": "i"}[about["descr"]])


def load_trace(path):
    """-> (trace.json, ids, {tap: {position: row}})"""
    with zipfile.ZipFile(path) as parts:
        about = json.loads(parts.read("trace.json"))
        if about.get("format") != "nanoinfer trace" or about.get("v") != 1:
            raise SystemExit(f"{path} is no trace of version 1")
        ids = read_npy(parts.read("ids.npy"))[1].tolist()
        taps = {}
        for tap in about["taps"]:
            shape, values = read_npy(parts.read(f"{tap['name']}.npy"))
            width = len(values) // shape[0]
            taps[tap["name"]] = {
                tap["first"] + i: values[i * width : (i + 1) * width] for i in range(shape[0])
            }
    return about, ids, taps


def expected_by_transformers(path, ids):
    """{tap: {position: row}}, computed now."""
    import reference
    from transformers_taps import run

    config, weights, _ = reference.load(path)
    taps, _, _ = run(config, weights, ids)
    return {name: dict(enumerate(rows.tolist())) for name, rows in taps.items()}


def load_golden(path, ids):
    """The same as make_tap_fixtures.py has kept it, of some positions."""
    about = json.loads(path.read_text())
    if about["ids"] != ids:
        raise SystemExit(f"{path} is of other tokens than the trace")
    values = values_of(path.with_suffix(".f32").read_bytes(), "f")
    taps = {}
    for tap in about["taps"]:
        first, width = tap["offset"], tap["width"]
        taps[tap["name"]] = {
            position: values[first + i * width : first + (i + 1) * width]
            for i, position in enumerate(about["positions"])
        }
    return ROOT / about["model"], taps


def compare(actual, expected):
    """-> (how many positions, largest difference, NMSE) of what both have of a tap"""
    positions = actual.keys() & expected.keys()
    largest = squares = scale = 0.0
    for position in positions:
        row, wanted = actual[position], expected[position]
        if len(row) != len(wanted):
            return len(positions), math.inf, math.inf
        for x, y in zip(row, wanted):
            largest = max(largest, abs(x - y)) if x == x else math.inf
            squares += (x - y) ** 2
            scale += y**2
    nmse = squares / scale if scale > 0 else math.inf
    return len(positions), largest, nmse if nmse == nmse else math.inf


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model", type=pathlib.Path, help="or a .json of make_tap_fixtures.py")
    parser.add_argument("trace", type=pathlib.Path)
    parser.add_argument("--most", type=float, default=1e-4, help="largest NMSE of a tap")
    args = parser.parse_args()

    about, ids, taps = load_trace(args.trace)
    golden = args.model.suffix == ".json"
    model, expected = load_golden(args.model, ids) if golden else (args.model, None)
    if (size := model.stat().st_size) != about["model"]["file_bytes"]:
        wanted = about["model"]["file_bytes"]
        raise SystemExit(f"the trace is of a file of {wanted} bytes, {model} has {size}")
    if edits := about["experiment"].get("edits"):
        print(f"{len(edits)} edits were in the list: transformers computes without them")
    if expected is None:
        expected = expected_by_transformers(model, ids)

    worst, compared = 0.0, 0
    print(f"{'tap':<20} {'positions':>9} {'max |diff|':>11} {'NMSE':>9}")
    for name, rows in taps.items():
        n, largest, nmse = compare(rows, expected[name])
        if n == 0:
            print(f"{name:<20} none of them is in {args.model.name}")
            continue
        worst, compared = max(worst, nmse), compared + 1
        print(f"{name:<20} {n:>9} {largest:11.3g} {nmse:9.1e}")
    print(f"largest NMSE of {compared} taps: {worst:.1e}, at most {args.most:.1e} allowed")
    raise SystemExit(0 if compared > 0 and worst <= args.most else 1)


if __name__ == "__main__":
    main()
