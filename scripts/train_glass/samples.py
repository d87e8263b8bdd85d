#!/usr/bin/env python3
"""Asks a Glass model, through the native program, and reads its answers by the grammar.

    samples.py MODEL [--program P] [--stories N] [--others N] [--temperature T]

prints how many of N stories, and of N answers to other questions, are in the language with every
reference right, and what is wrong in the rest. Needs nothing but Python.
"""

import argparse
import json
import pathlib
import random
import subprocess

from chats import Said, ask_story, ask_story_about, question
from walk import fault

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
SEED = 1 << 20  # far from what train.py learns from


def chooser(seed):
    rng = random.Random(seed)
    return lambda options: options[rng.randrange(len(options))]


def run(program, *args):
    """The last line that the program writes, which is JSON."""
    done = subprocess.run([program, *args, "--json"], capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


def story_question(seed):
    choose = chooser(seed)
    return choose([ask_story, ask_story_about])(choose)


def other_question(seed):
    choose = chooser(seed)
    while True:
        asked, grammar = question(choose, Said())
        if "story" not in asked.lower():
            return asked, grammar


def wrong(program, model, new_question, n, temperature):
    """-> what is wrong in the answers to n questions: (asked, answered, fault)."""
    faults = []
    for seed in range(SEED, SEED + n):
        asked, grammar = new_question(seed)
        # The model's own distribution: only the temperature changes it.
        sampling = f"--temperature {temperature} --top-k 0 --top-p 1 --min-p 0 --seed {seed}"
        end = run(program, "run", "--model", model, f"--chat={asked}", *sampling.split(), "-n", "400")
        found = fault(grammar, end["text"].removeprefix(" "))
        if found or end["stop"] != "end_token":
            faults.append((asked, end["text"], found or f"it ended by {end['stop']}"))
    return faults


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("model")
    parser.add_argument("--program", default=str(ROOT / "build/release/nanoinfer"))
    parser.add_argument("--stories", type=int, default=100)
    parser.add_argument("--others", type=int, default=100)
    parser.add_argument("--temperature", type=float, default=0.8)
    args = parser.parse_args()
    for name, new_question, n in [
        ("stories", story_question, args.stories),
        ("others", other_question, args.others),
    ]:
        faults = wrong(args.program, args.model, new_question, n, args.temperature)
        for asked, text, found in faults:
            print(f"> {asked}\n{text}\n  {found}\n")
        print(f"{name}: {n - len(faults)} of {n} right")


if __name__ == "__main__":
    main()
