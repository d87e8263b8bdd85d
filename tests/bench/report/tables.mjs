// Markdown tables of each group of cells.
import { asRatio, spread, table, withSpread } from './numbers.mjs';
import {
  cellsOf,
  entrantOf,
  isBeyondCaches,
  overheadOf,
  ratioOf,
  shareOfReadRate,
  speedOf,
} from './ratios.mjs';
import { judged } from './targets.mjs';

/** One row an engine: speeds, and how many times faster the first is. */
export function speedTable(cell) {
  const [first] = cell.entrants;
  const rows = cell.entrants.map((entrant) => {
    const cells = ['prefill', 'decode'].flatMap((phase) => {
      const ratio = ratioOf(cell, entrant.name, `${phase}Ms`, first.name);
      return [withSpread(speedOf(cell, entrant, phase)), entrant === first ? '' : asRatio(ratio)];
    });
    return [entrant.name, ...cells];
  });
  const ratio = `${first.name} / it`;
  return table(['', 'prefill, tokens/s', ratio, 'decode, tokens/s', ratio], rows);
}

const peers = ['llama.cpp', 'llama.cpp-avx2'];

/** One row a cell, ours beside native llama.cpp in one phase. */
function besideNative(report, phase) {
  const cells = cellsOf(report, 'native').filter((cell) => entrantOf(cell, 'ours'));
  const there = peers.filter((peer) => cells.some((cell) => entrantOf(cell, peer)));
  const isDecode = phase === 'decode';
  const rows = cells.map((cell) => {
    const speed = (name) => {
      const entrant = entrantOf(cell, name);
      return entrant ? withSpread(speedOf(cell, entrant, phase)) : '';
    };
    const ratio = (peer) => {
      const value = ratioOf(cell, peer, `${phase}Ms`);
      return value ? asRatio(value) : '';
    };
    const share = shareOfReadRate(cell);
    const ofMemory = share ? `${(share.median * 100).toFixed(0)} %` : '';
    const beyond = isBeyondCaches(cell, report.machine) ? ', beyond the caches' : '';
    return [
      cell.file,
      `${cell.entrants[0].about.threads}`,
      speed('ours'),
      ...there.flatMap((peer) => [speed(peer), ratio(peer)]),
      ...(isDecode ? [ofMemory + beyond] : []),
    ];
  });
  const head = ['file', 'threads', `ours, ${phase} tokens/s`];
  const columns = there.flatMap((peer) => [peer, 'ours / it']);
  return table([...head, ...columns, ...(isDecode ? ['of the memory-read rate'] : [])], rows);
}

function contexts(report) {
  const rows = cellsOf(report, 'contexts').flatMap((cell) =>
    cell.contexts.flatMap(({ context, entrants }) =>
      entrants.map((entrant) => [
        cell.file,
        `${context}`,
        `${entrant.name} (KV ${entrant.about.kv})`,
        withSpread(speedOf(cell, entrant, 'decode')),
        entrant.name === 'ours' ? '' : asRatio(ratioOf({ entrants }, entrant.name, 'decodeMs')),
      ]),
    ),
  );
  return table(['file', 'context', '', 'decode, tokens/s', 'ours / it'], rows);
}

function together(report) {
  const rows = cellsOf(report, 'together').map(({ file, sequences, generate, ...cell }) => {
    const speed = (n, times) => withSpread(spread(times.map((ms) => (n * generate * 1000) / ms)));
    const ratios = cell.alone.map((ms, i) => (sequences * ms) / cell.together[i]);
    return [file, speed(1, cell.alone), speed(sequences, cell.together), asRatio(spread(ratios))];
  });
  return table(['file', 'one alone, tokens/s', '8 together, tokens/s', ''], rows);
}

function firstToken(report) {
  const rows = cellsOf(report, 'first token').flatMap((cell) =>
    cell.entrants.map(({ name, runs }) => {
      const ratio = name === 'ours' ? null : ratioOf(cell, name, 'ms');
      return [name, withSpread(spread(runs.map(({ ms }) => ms))), ratio ? asRatio(ratio) : ''];
    }),
  );
  return table(['', 'navigation to first token, ms', 'ours faster'], rows);
}

function dispatch(report) {
  const rows = cellsOf(report, 'dispatch').flatMap((cell) =>
    ['wasm', 'native'].map((where) => {
      const { ops, nsPerOp, share } = cell[where];
      const ofToken = `${(100 * share).toFixed(2)} %`;
      return [`${cell.id}, ${where}`, nsPerOp.toFixed(0), `${ops}`, ofToken];
    }),
  );
  return table(['', 'ns per op', 'ops', 'of a token'], rows);
}

function watching(report) {
  const rows = cellsOf(report, 'watching').flatMap((cell) =>
    cell.entrants.map((entrant) => {
      const ratio = ratioOf(cell, 'off', 'decodeMs', entrant.name);
      const speed = withSpread(speedOf(cell, entrant, 'decode'));
      return [entrant.name, speed, entrant.name === 'off' ? '' : asRatio(ratio)];
    }),
  );
  return table(['kept', 'decode, tokens/s', 'it / off'], rows);
}

function sizes(report) {
  const kb = (bytes) => (bytes / 1000).toFixed(1);
  const rows = cellsOf(report, 'sizes').flatMap(({ files, traceBytes }) => [
    ...files.map(({ name, bytes, brotliBytes }) => [name, kb(bytes), kb(brotliBytes)]),
    ['of the largest, the glass box', kb(traceBytes), ''],
  ]);
  return table(['', 'KB', 'brotli, KB'], rows);
}

function memory(report) {
  const cells = cellsOf(report, 'native').filter((cell) => overheadOf(cell) !== null);
  const mb = (bytes) => (bytes / 1024 ** 2).toFixed(1);
  const rows = cells.map((cell) => [
    cell.id,
    mb(cell.memory.weightsBytes),
    mb(cell.memory.kvBytesUsed),
    mb(cell.memory.totalBytes),
    mb(overheadOf(cell)),
  ]);
  return table(['linear memory, MiB', 'weights', 'KV', 'peak', 'beyond'], rows);
}

function targets(report) {
  const rows = judged(report).map(({ name, unit, atLeast, goal, worst, best, nMet, nAll }) => [
    name,
    `${atLeast}${unit}`,
    `${goal}${unit}`,
    `${worst.toFixed(2)}${unit}`,
    `${best.toFixed(2)}${unit}`,
    `${nMet} of ${nAll}`,
  ]);
  return table(['target', 'bound', 'goal', 'worst', 'best', 'met'], rows);
}

const sideBySide = (group) => (report) =>
  cellsOf(report, group)
    .map((cell) => `${cell.id}\n\n${speedTable(cell)}`)
    .join('\n\n');

/** Groups of cells, their titles, and what makes their tables. */
export const sections = [
  ['choice', 'Native llama.cpp is the faster of these two', sideBySide('choice')],
  ['native', 'Prefill in Chromium beside native llama.cpp', (r) => besideNative(r, 'prefill')],
  ['native', 'Decode in Chromium beside native llama.cpp', (r) => besideNative(r, 'decode')],
  ['wllama', 'Beside wllama, all in Chromium', sideBySide('wllama')],
  ['contexts', 'Decode at long contexts, 2 threads', contexts],
  ['together', 'Sequences decoded together', together],
  ['threads', '2 threads against 1', sideBySide('threads')],
  ['program', 'The native program', sideBySide('program')],
  ['first token', 'First token, the file in the origin private file system', firstToken],
  ['dispatch', 'The plan without its kernels', dispatch],
  ['watching', 'Values kept while decoding', watching],
  ['native', 'Linear memory', memory],
  ['sizes', 'wasm files', sizes],
].map(([group, title, make]) => ({ group, title, make }));

export const targetTable = targets;
