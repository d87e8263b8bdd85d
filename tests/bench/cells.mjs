// The table: every cell is one thing to measure, in plain data. measure/ holds the kinds.
import { basename } from 'node:path';

const smolTypes = ['Q4_0', 'Q4_1', 'Q8_0', 'Q4_K_M'];
const smol = smolTypes.map((type) => `SmolLM2-135M ${type}`);
const qwen = ['Q4_0', 'Q8_0', 'Q4_K_M'].map((type) => `Qwen2.5-0.5B-shape ${type}`);
const llama = ['Llama-3.2-1B-shape Q4_K_M'];

const on = (threads, ...engines) => engines.map((engine) => ({ engine, threads }));

/** ours beside native llama.cpp, the ratios of the first two targets. */
const besideNative = (file, threads, counts) => ({
  id: `${file}, ${threads} thread${threads === 1 ? '' : 's'}`,
  group: 'native',
  kind: 'speed',
  file,
  entrants: on(threads, 'ours', 'llama.cpp', 'llama.cpp-avx2'),
  readRate: true, // what memory gives, for the decode target of files beyond the caches
  ...counts,
});

const besideWllama = (file) => ({
  id: `${file}, beside wllama`,
  group: 'wllama',
  kind: 'speed',
  file,
  entrants: on(2, 'ours', 'wllama-2.3.1', 'wllama-latest'),
  prompt: 128,
  generate: 32,
  repeats: 3,
});

const atContexts = (file) => ({
  id: `${file}, contexts`,
  group: 'contexts',
  kind: 'contexts',
  file,
  entrants: on(2, 'ours', 'llama.cpp', 'llama.cpp-avx2'),
  contexts: [2048, 4096],
  generate: 32,
  repeats: 5,
});

/** Two threads against one, in turns. */
const threadsAgainstOne = (file) => ({
  id: `${file}, 2 threads against 1`,
  group: 'threads',
  kind: 'speed',
  file,
  entrants: [...on(2, 'ours'), ...on(1, 'ours')],
  prompt: 512,
  generate: 8,
  repeats: 5,
});

/** The same kernels compiled natively, in the command-line program. */
const nativeProgram = (file) => ({
  id: `${file}, native program`,
  group: 'program',
  kind: 'speed',
  file,
  entrants: on(2, 'ours-native', 'llama.cpp', 'llama.cpp-avx2'),
  prompt: 512,
  generate: 64,
  repeats: 3,
});

/** Which llama.cpp is "native llama.cpp" in the rest of the table: the faster. */
const choice = {
  id: 'which llama.cpp',
  group: 'choice',
  kind: 'speed',
  file: qwen[0],
  entrants: on(2, 'llama.cpp-pypi', 'llama.cpp-npm'),
  prompt: 512,
  generate: 64,
  repeats: 3,
};

const together = {
  id: '8 sequences together',
  group: 'together',
  kind: 'together',
  file: qwen[0],
  entrants: on(2, 'ours'),
  sequences: 8,
  context: 128,
  generate: 32,
  repeats: 5,
};

const firstToken = {
  id: 'first token',
  group: 'first token',
  kind: 'first token',
  file: smol[1],
  entrants: on(2, 'ours', 'wllama-2.3.1'),
  prompt: 8,
  repeats: 5,
};

const dispatch = (threads) => ({
  id: `dispatch, ${threads} thread${threads === 1 ? '' : 's'}`,
  group: 'dispatch',
  kind: 'dispatch',
  file: smol[0],
  entrants: on(threads, 'ours'),
});

/** Long runs in many turns: what is to be seen are single per cents. */
const watching = {
  id: 'values kept',
  group: 'watching',
  kind: 'watching',
  file: smol[0],
  entrants: on(2, 'ours'),
  context: 128,
  generate: 128,
  repeats: 9,
};

const sizes = { id: 'wasm sizes', group: 'sizes', kind: 'sizes', entrants: [] };

function fullTable(counts) {
  const one = (threads) => (file) => besideNative(file, threads, counts);
  return [
    sizes,
    choice,
    dispatch(1),
    dispatch(2),
    watching,
    firstToken,
    together,
    ...[smol[1], smol[2], qwen[0]].map(besideWllama),
    ...[smol[0], qwen[0]].map(threadsAgainstOne),
    ...[...smol, ...qwen, ...llama].flatMap((file) => [one(2)(file), one(1)(file)]),
    ...[smol[0], qwen[0]].map(atContexts),
    ...[smol[0], qwen[0]].map(nativeProgram),
  ];
}

/** One cell with every engine, small enough for a look. */
const quickTable = (threads, counts) => [
  sizes,
  {
    ...besideNative(smol[1], threads, counts),
    entrants: on(threads, 'ours', 'llama.cpp', 'wllama-2.3.1', 'wllama-latest'),
  },
];

/** The cells that the options ask for: [{id, group, kind, file, entrants: [{engine, threads}]}]. */
export function cellsFor({ quick, model, threads, only, prompt, generate, repeats }) {
  const usual = quick
    ? { prompt: 128, generate: 32, repeats: 3 }
    : { prompt: 512, generate: 128, repeats: 5 };
  const ofFile = (path) =>
    (threads ? [threads] : [2, 1]).map((n) => besideNative(basename(path), n, { ...usual, path }));
  const table = () => (quick ? quickTable(threads ?? 2, usual) : fullTable(usual));
  const cells = model ? model.flatMap(ofFile) : table();
  const given = Object.entries({ prompt, generate, repeats });
  return cells
    .map((cell) => ({
      ...cell,
      ...Object.fromEntries(given.filter(([key, n]) => key in cell && n !== undefined)),
      entrants: cell.entrants.filter(
        (entrant) =>
          (!only || only.includes(entrant.engine)) && (!threads || entrant.threads === threads),
      ),
    }))
    .filter(({ kind, entrants }) => kind === 'sizes' || entrants.length > 0);
}
