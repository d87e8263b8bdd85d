// Native llama.cpp as PyPI's llama-cpp-python builds it on this machine.
import { join } from 'node:path';
import { root } from '../../../scripts/setup/process.mjs';
import { openProcess } from './process.mjs';

const script = join(root, 'tests/bench/engines/llama_cpp_engine.py');

/** `pythonPath`: the folder of another build than the one that `python` has. */
export async function open({ model, threads, nCtx, python, pythonPath }) {
  const env = pythonPath ? { PYTHONPATH: pythonPath } : {};
  const engine = await openProcess(python, [script, model, `${threads}`, `${nCtx}`], env);
  return {
    about: engine.about,
    close: engine.close,
    run: ({ ids, prompt }) => engine.call({ call: 'run', ids, prompt }),
    hold: (ids) => engine.call({ call: 'hold', ids }),
    decode: async (ids) => (await engine.call({ call: 'decode', ids })).ms,
  };
}
