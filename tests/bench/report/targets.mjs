// What was aimed at, and how far each measured cell is from it.
import { spread } from './numbers.mjs';
import { cellsOf, isBeyondCaches, overheadOf, ratioOf, shareOfReadRate } from './ratios.mjs';

const megabytes = 1024 ** 2;

/** Medians of a group's ratios against a peer, named by their cells. */
const against = (group, peer, key) => (report) =>
  cellsOf(report, group).flatMap((cell) => {
    const ratio = ratioOf(cell, peer, key);
    return ratio ? [{ id: cell.id, value: ratio.median }] : [];
  });

/** The same, but a file beyond the caches may also come near to what memory gives. */
const decodeAgainst = (peer) => (report) =>
  against(
    'native',
    peer,
    'decodeMs',
  )(report).map((figure) => {
    const cell = cellsOf(report, 'native').find(({ id }) => id === figure.id);
    const share = isBeyondCaches(cell, report.machine) ? shareOfReadRate(cell)?.median : undefined;
    return { ...figure, enough: share !== undefined && share >= 0.9 };
  });

const atContexts = (peer) => (report) =>
  cellsOf(report, 'contexts').flatMap((cell) =>
    cell.contexts.flatMap(({ context, entrants }) => {
      const ratio = ratioOf({ entrants }, peer, 'decodeMs');
      return ratio ? [{ id: `${cell.file} at ${context}`, value: ratio.median }] : [];
    }),
  );

const together = (report) =>
  cellsOf(report, 'together').map((cell) => ({
    id: cell.id,
    value: spread(cell.alone.map((ms, i) => (cell.sequences * ms) / cell.together[i])).median,
  }));

const twoThreads = (report) =>
  cellsOf(report, 'threads').flatMap((cell) => {
    const ratio = ratioOf(cell, 'ours, 1 thread', 'prefillMs', 'ours, 2 threads');
    return ratio ? [{ id: cell.id, value: ratio.median }] : [];
  });

const files = (key) => (report) =>
  cellsOf(report, 'sizes').flatMap(({ files: all }) =>
    all
      .filter(({ name }) => name.startsWith('nanoinfer'))
      .map((file) => ({ id: file.name, value: file[key] / 1000 })),
  );

const traceSize = (report) =>
  cellsOf(report, 'sizes').map(({ id, traceBytes }) => ({ id, value: traceBytes / 1000 }));

const overhead = (report) =>
  cellsOf(report, 'native').flatMap((cell) => {
    const bytes = overheadOf(cell);
    return bytes === null ? [] : [{ id: cell.id, value: bytes / megabytes }];
  });

const dispatchShare = (report) =>
  cellsOf(report, 'dispatch').map(({ id, wasm }) => ({
    id,
    value: 100 * wasm.share,
  }));

const keepingCost = (name) => (report) =>
  cellsOf(report, 'watching').map((cell) => ({
    id: cell.id,
    value: 100 * (1 - ratioOf(cell, 'off', 'decodeMs', name).median),
  }));

const least = (name, unit, atLeast, goal, figures) => ({ name, unit, atLeast, goal, figures });
const most = (...args) => ({ ...least(...args), lowerIsBetter: true });

export const targets = [
  least('prefill against llama.cpp', 'x', 0.7, 1, against('native', 'llama.cpp', 'prefillMs')),
  least('decode against llama.cpp', 'x', 1, 1.3, decodeAgainst('llama.cpp')),
  least(
    'prefill against its AVX2 build',
    'x',
    0.7,
    1,
    against('native', 'llama.cpp-avx2', 'prefillMs'),
  ),
  least('decode against its AVX2 build', 'x', 1, 1.3, decodeAgainst('llama.cpp-avx2')),
  least('prefill against wllama 2.3.1', 'x', 3, 6, against('wllama', 'wllama-2.3.1', 'prefillMs')),
  least(
    'decode against wllama 2.3.1',
    'x',
    1.7,
    2.5,
    against('wllama', 'wllama-2.3.1', 'decodeMs'),
  ),
  least('decode at long contexts against llama.cpp', 'x', 0.9, 1.2, atContexts('llama.cpp')),
  least('the same against its AVX2 build', 'x', 0.9, 1.2, atContexts('llama.cpp-avx2')),
  least('8 sequences together against one alone', 'x', 1.8, 2.5, together),
  least('2 threads against 1, prefill', 'x', 1.7, 1.9, twoThreads),
  most('an engine wasm file', ' KB', 300, 200, files('bytes')),
  most('the same, brotli', ' KB', 100, 75, files('brotliBytes')),
  most('what the glass box adds to it', ' KB', 10, 10, traceSize),
  most('linear memory beyond weights + KV', ' MB', 64, 16, overhead),
  least(
    'first token against wllama 2.3.1',
    'x',
    5,
    10,
    against('first token', 'wllama-2.3.1', 'ms'),
  ),
  most('dispatch, share of a token', ' %', 0.5, 0.1, dispatchShare),
  most('cost of keeping norms', ' %', 2, 0, keepingCost('lite')),
  most('cost of keeping a layer and all queries', ' %', 5, 0, keepingCost('focus')),
];

/** [{name, unit, atLeast, goal, worst, best, nMet, nAll, missed: [id...]}] of what was measured. */
export function judged(report) {
  return targets.flatMap(({ figures, ...target }) => {
    const all = figures(report);
    if (all.length === 0) return [];
    const meets = ({ value, enough }) =>
      enough || (target.lowerIsBetter ? value <= target.atLeast : value >= target.atLeast);
    const sorted = all.toSorted((a, b) =>
      target.lowerIsBetter ? b.value - a.value : a.value - b.value,
    );
    return [
      {
        ...target,
        worst: sorted[0].value,
        best: sorted.at(-1).value,
        nMet: all.filter(meets).length,
        nAll: all.length,
        missed: all.filter((figure) => !meets(figure)).map(({ id }) => id),
      },
    ];
  });
}
