#!/usr/bin/env python3
"""Makes other quantisations of the default model from its Q4_1 file, for tests and benchmarks.

They are rounded twice, so they say nothing about the quality of a quantisation; they are real files
with real structure. llama.cpp quantises (PyPI llama-cpp-python); the float32 file holds the Q4_1
weights as `reference.py` reads them. All land beside the Q4_1 file in the cache folder.

    requantise.py [F32 Q8_0 Q4_0 ...]      those that are missing are made
"""

import ctypes
import os
import pathlib
import sys

STEM = "SmolLM2-135M-Instruct"
DEFAULT = ["F32", "Q8_0", "Q4_0", "Q5_0", "Q4_K_M", "Q6_K"]


def models_folder():
    cache = os.environ.get("XDG_CACHE_HOME") or pathlib.Path.home() / ".cache"
    return pathlib.Path(cache) / "nanoinfer/models"


def write_f32(source, target):
    """The same header with every tensor widened to float32."""
    import gguf

    import reference

    reader = gguf.GGUFReader(source)
    writer = gguf.GGUFWriter(target, reader.fields["general.architecture"].contents())
    for key, field in reader.fields.items():
        if key.startswith("GGUF.") or key == "general.architecture":
            continue
        item_type = field.types[-1] if field.types[0] == gguf.GGUFValueType.ARRAY else None
        value = gguf.LlamaFileType.ALL_F32 if key == "general.file_type" else field.contents()
        writer.add_key_value(key, value, field.types[0], sub_type=item_type)
    for t in reader.tensors:
        shape = [int(n) for n in t.shape[::-1]]
        writer.add_tensor(
            t.name, reference.dequantise(t.tensor_type.name, t.data.tobytes(), shape)
        )
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


def quantise(source, target, type_name):
    import llama_cpp

    params = llama_cpp.llama_model_quantize_default_params()
    params.nthread = 1
    params.ftype = getattr(llama_cpp, f"LLAMA_FTYPE_MOSTLY_{type_name}")
    params.allow_requantize = True
    silent = llama_cpp.llama_log_callback(lambda level, text, user_data: None)
    llama_cpp.llama_log_set(silent, ctypes.c_void_p())
    failed = llama_cpp.llama_model_quantize(
        str(source).encode(), str(target).encode(), ctypes.byref(params)
    )
    if failed:
        raise SystemExit(f"llama.cpp could not make {target}")


def main():
    folder = models_folder()
    source = folder / f"{STEM}.Q4_1.gguf"
    if not source.exists():
        raise SystemExit(f"{source} is missing: `npm run model` fetches it")
    for type_name in sys.argv[1:] or DEFAULT:
        target = folder / f"{STEM}.{type_name}.gguf"
        if not target.exists():
            partial = target.with_suffix(".part")
            if type_name == "F32":
                write_f32(source, partial)
            else:
                quantise(source, partial, type_name)
            partial.rename(target)
        print(f"{target}  {target.stat().st_size} B", flush=True)


if __name__ == "__main__":
    main()
