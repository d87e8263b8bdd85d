"""One warm run of llama.cpp: llama_cpp_bench.py MODEL THREADS PROMPT GENERATE prints ms as JSON.

What the tokens are makes no difference to the work, so nothing is sampled.
"""

import ctypes
import json
import sys
import time

import llama_cpp as llama


def main():
    path, threads, n_prompt, n_generate = sys.argv[1], *map(int, sys.argv[2:5])
    silent = llama.llama_log_callback(lambda level, text, data: None)
    llama.llama_log_set(silent, ctypes.c_void_p(0))
    llama.llama_backend_init()
    model = llama.llama_model_load_from_file(path.encode(), llama.llama_model_default_params())
    params = llama.llama_context_default_params()
    params.n_ctx = n_prompt + n_generate
    params.n_batch = n_prompt
    params.n_threads = params.n_threads_batch = threads
    context = llama.llama_init_from_model(model, params)
    n_vocab = llama.llama_vocab_n_tokens(llama.llama_model_get_vocab(model))
    ids = [(i * 7919 + 1) % n_vocab for i in range(n_prompt + n_generate)]

    def decode(tokens):
        array = (llama.llama_token * len(tokens))(*tokens)
        if llama.llama_decode(context, llama.llama_batch_get_one(array, len(tokens))) != 0:
            sys.exit("llama_decode failed")

    for _ in range(2):  # the first run warms up
        llama.llama_memory_clear(llama.llama_get_memory(context), True)
        start = time.perf_counter()
        decode(ids[:n_prompt])
        llama.llama_synchronize(context)
        prefilled = time.perf_counter()
        for i in range(n_prompt, n_prompt + n_generate):
            decode(ids[i : i + 1])
        llama.llama_synchronize(context)
        end = time.perf_counter()
    print(json.dumps({"prefillMs": (prefilled - start) * 1e3, "decodeMs": (end - prefilled) * 1e3}))


if __name__ == "__main__":
    main()
