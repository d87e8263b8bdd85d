// Native llama.cpp as npm's node-llama-cpp brings it: a binary for each kind of processor.
import { join } from 'node:path';
import { root } from '../../../scripts/setup/process.mjs';
import { peersFolder } from '../peers.mjs';
import { openProcess } from './process.mjs';

const script = join(root, 'tests/bench/engines/node-llama-cpp.mjs');

export async function open({ model, threads, nCtx }) {
  const args = [script, peersFolder, model, `${threads}`, `${nCtx}`];
  const engine = await openProcess(process.execPath, args);
  return {
    about: engine.about,
    close: engine.close,
    run: ({ ids, prompt }) => engine.call({ ids, prompt }),
  };
}
