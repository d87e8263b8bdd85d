// The command line of `npm run bench`.
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { SetupError } from '../../scripts/setup/process.mjs';
import { engineNames } from './engines/index.mjs';

export const usage = `npm run bench -- [options]
  (none)          the full table; goes on where an earlier run of the same commit ended
  --quick         under 3 minutes: the default model beside whatever peers are there
  --model FILE    this file beside llama.cpp instead of the table's files; may be given again
  --threads N     only what runs on N threads
  --only NAME     ${engineNames.join(', ')}; may be given again
  --cells TEXT    only the cells with this in their name
  --prompt N      tokens of the prompt (512)
  --generate N    tokens decoded after it (128)
  --repeats N     runs of each engine that count, after warming up (5)
  --no-avx2       without llama.cpp's second build, limited to AVX2 (15 minutes to make)
  --again         measures what was measured before
  --list          names the cells and measures nothing
  --kernels       the kernels alone, natively and in Chromium
  --no-build      measures what was built before`;

const text = { type: 'string' };
const several = { type: 'string', multiple: true };
const flag = { type: 'boolean' };
const known = {
  quick: flag,
  model: several,
  threads: text,
  only: several,
  cells: text,
  prompt: text,
  generate: text,
  repeats: text,
  again: flag,
  list: flag,
  kernels: flag,
  'no-avx2': flag,
  'no-build': flag,
  help: flag,
};

export function readOptions() {
  let values;
  try {
    ({ values } = parseArgs({ options: known }));
  } catch (error) {
    throw new SetupError(`${error.message}\n${usage}`);
  }
  for (const name of values.only ?? []) {
    if (!engineNames.includes(name)) throw new SetupError(`--only ${name}: no such engine`);
  }
  for (const path of values.model ?? []) {
    if (!existsSync(path)) throw new SetupError(`--model ${path}: no such file`);
  }
  const count = (name) => {
    const value = Number(values[name]);
    if (values[name] === undefined) return undefined;
    if (Number.isInteger(value) && value > 0) return value;
    throw new SetupError(`--${name} ${values[name]}: expected a whole number above 0`);
  };
  return {
    ...values,
    threads: count('threads'),
    prompt: count('prompt'),
    generate: count('generate'),
    repeats: count('repeats'),
    build: !values['no-build'],
  };
}
