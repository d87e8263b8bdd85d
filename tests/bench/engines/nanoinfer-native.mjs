// The native program beside llama.cpp as PyPI's llama-cpp-python builds it on this machine.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { cache, capture, root, SetupError } from '../../scripts/setup/process.mjs';

const program = join(root, 'build/release/nanoinfer');
const python = join(cache, 'oracle/bin/python');

/** The native engines that are here: {name, measure()}. */
export function nativeEngines(model, { threads, prompt, generate }) {
  if (!existsSync(program)) throw new SetupError('npm run build:native builds the native program');
  const numbers = { threads, prompt, generate };
  const engines = [{ name: 'ours', measure: () => measureOurs(model, numbers) }];
  if (existsSync(python) && capture(python, ['-c', 'import llama_cpp']) !== null) {
    engines.push({ name: 'llama.cpp', measure: () => measureLlamaCpp(model, numbers) });
  } else {
    console.log(`   no llama.cpp beside it: ${python} has no llama_cpp`);
  }
  return engines;
}

function measureOurs(model, { threads, prompt, generate }) {
  const counts = ['-p', `${prompt}`, '-n', `${generate}`, '-r', '1'];
  const args = ['bench', '--model', model, '--threads', `${threads}`, ...counts, '--json'];
  const result = printedJson(program, args);
  return {
    prefillMs: (prompt * 1000) / result.prefill_tokens_per_s.median,
    decodeMs: (generate * 1000) / result.decode_tokens_per_s.median,
  };
}

function measureLlamaCpp(model, { threads, prompt, generate }) {
  const script = join(root, 'tests/bench/llama_cpp_bench.py');
  return printedJson(python, [script, model, `${threads}`, `${prompt}`, `${generate}`]);
}

function printedJson(command, args) {
  const text = capture(command, args);
  if (text === null) throw new SetupError(`${command} ${args.join(' ')} failed`);
  return JSON.parse(text);
}
