"""llama.cpp as a process that measures what it is told to: llama_cpp_engine.py MODEL THREADS N_CTX.

Prints a line of JSON about itself when the model is loaded. Then every line of JSON that it reads
gets one back; times are in ms. Nothing is sampled: the tokens are given, and each pass ends with
the logits of its last token.
"""

import ctypes
import json
import sys
import time

import llama_cpp as llama

N_BATCH = 512


class Engine:
    def __init__(self, path, n_threads, n_ctx):
        self.silent = llama.llama_log_callback(lambda level, text, data: None)
        llama.llama_log_set(self.silent, ctypes.c_void_p(0))
        llama.llama_backend_init()
        start = time.perf_counter()
        params = llama.llama_model_default_params()
        params.n_gpu_layers = 0
        self.model = llama.llama_model_load_from_file(path.encode(), params)
        if not self.model:
            sys.exit(f"llama.cpp does not load {path}")
        self.load_ms = (time.perf_counter() - start) * 1e3
        params = llama.llama_context_default_params()
        params.n_ctx = n_ctx
        params.n_batch = params.n_ubatch = N_BATCH
        params.n_threads = params.n_threads_batch = n_threads
        self.context = llama.llama_init_from_model(self.model, params)
        if not self.context:
            sys.exit("llama.cpp makes no context")
        self.memory = llama.llama_get_memory(self.context)
        self.n_threads = n_threads
        self.held = []

    def about(self):
        flags = llama.llama_print_system_info().decode().strip(" |").split(" | ")
        return {
            "threads": self.n_threads,
            "build": f"llama-cpp-python {llama.__version__}",
            "units": [flag.split(" = ")[0].split(" : ")[-1] for flag in flags],
            "kv": "f16",
            "nVocab": llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(self.model)),
            "loadMs": self.load_ms,
        }

    def forward(self, ids):
        """Passes over at most N_BATCH tokens each, after what the context holds; ms."""
        start = time.perf_counter()
        for i in range(0, len(ids), N_BATCH):
            part = ids[i : i + N_BATCH]
            array = (llama.llama_token * len(part))(*part)
            batch = llama.llama_batch_get_one(array, len(part))
            if llama.llama_decode(self.context, batch) != 0:
                sys.exit("llama_decode failed")
        llama.llama_synchronize(self.context)
        self.held += ids
        return (time.perf_counter() - start) * 1e3

    def cut(self, n_tokens):
        llama.llama_memory_seq_rm(self.memory, 0, n_tokens, -1)
        del self.held[n_tokens:]

    def run(self, ids, prompt):
        self.cut(0)
        prefill_ms = self.forward(ids[:prompt])
        return {"prefillMs": prefill_ms, **self.decode(ids[prompt:], key="decodeMs")}

    def hold(self, ids):
        """Makes the context hold exactly these tokens; those that are there stay."""
        n_same = 0
        while n_same < min(len(ids), len(self.held)) and ids[n_same] == self.held[n_same]:
            n_same += 1
        self.cut(n_same)
        return {"ms": self.forward(ids[n_same:])}

    def decode(self, ids, key="ms"):
        return {key: sum(self.forward([token]) for token in ids)}


def main():
    engine = Engine(sys.argv[1], *map(int, sys.argv[2:4]))
    print(json.dumps(engine.about()), flush=True)
    for line in sys.stdin:
        message = json.loads(line)
        answer = getattr(engine, message.pop("call"))(**message)
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
