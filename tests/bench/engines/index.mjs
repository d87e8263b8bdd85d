// Every engine that can be measured. `open` loads the model; what it returns can at least
// `run({ids, prompt, text})`: from an empty cache the first `prompt` tokens at once, then the others
// one by one, a forward pass with logits each; it gives {prefillMs, decodeMs}. Nothing is sampled,
// but by wllama-latest and llama.cpp-npm, whose APIs offer only greedy generation of as many tokens.
import * as llamaCpp from './llama-cpp.mjs';
import * as llamaCppNpm from './llama-cpp-npm.mjs';
import * as nanoinferNative from './nanoinfer-native.mjs';
import * as ours from './ours.mjs';
import * as wllama2 from './wllama-2.mjs';
import * as wllama3 from './wllama-3.mjs';

const engines = {
  ours: ours.open,
  'ours-native': nanoinferNative.open,
  'llama.cpp-pypi': llamaCpp.open,
  'llama.cpp-avx2': ({ avx2, ...where }) => llamaCpp.open({ ...where, pythonPath: avx2 }),
  'llama.cpp-npm': llamaCppNpm.open,
  'wllama-2.3.1': wllama2.open,
  'wllama-latest': wllama3.open,
};

/** 'llama.cpp' is the faster of llama.cpp-pypi and llama.cpp-npm. */
export const engineNames = [...Object.keys(engines), 'llama.cpp'];

export const openEngine = (name, where) => engines[name](where);
