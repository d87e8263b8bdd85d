// A benchmark's result as tables of text: the page shows them and the copied text holds them, so that
// both say the same.
import type { BenchmarkResult, BenchmarkRun, KindTime, Spread } from '../protocol.ts';
import { bytes, count, duration, rate, threads } from './format.ts';

export interface Table {
  title: string;
  head: string[];
  rows: string[][];
}

export function benchmarkTables(result: BenchmarkResult): Table[] {
  const { runs, prompt, generate } = result;
  return [
    speedTable(result),
    ...runs
      .toReversed()
      .flatMap((run) => [
        kindTable(run, 'prefill', run.prefillKinds, prompt),
        kindTable(run, 'decode', run.decodeKinds, generate),
      ]),
    memoryTable(result),
    machineTable(result),
  ];
}

/** The same tables in Markdown. */
export function benchmarkText(result: BenchmarkResult): string {
  const line = (cells: string[]) => `| ${cells.join(' | ')} |`;
  const tables = benchmarkTables(result).map(({ title, head, rows }) => {
    const rule = `|${head.map((_, column) => (column === 0 ? '---' : '---:')).join('|')}|`;
    return [`**${title}**`, '', line(head), rule, ...rows.map(line)].join('\n');
  });
  return `${tables.join('\n\n')}\n`;
}

function speedTable({ runs, prompt, generate }: BenchmarkResult): Table {
  const row = (name: string, figure: (run: BenchmarkRun) => string) => [name, ...runs.map(figure)];
  return {
    title: 'Speed, median (quartiles)',
    head: ['', ...runs.map(({ nThreads }) => threads(nThreads))],
    rows: [
      row(`Prefill of ${prompt} tokens, tokens/s`, (run) => withSpread(run.prefillPerSecond, rate)),
      row(`Decode of ${generate} after them, tokens/s`, (run) =>
        withSpread(run.decodePerSecond, rate),
      ),
      row(`First token after ${prompt}, ms`, (run) => withSpread(run.firstTokenMs, rate)),
      row('Memory gives, GB/s', (run) => withSpread(run.readBytesPerSecond, giga)),
      row('Kernels in cache, GMAC/s', (run) => withSpread(run.macsPerSecond, giga)),
      row('Runs', ({ repeats }) => `${repeats}`),
    ],
  };
}

/** Time, rates and the share of the roofline of each kind of op in one phase of n tokens. */
function kindTable(run: BenchmarkRun, phase: string, kinds: KindTime[], n: number): Table {
  const all = kinds.reduce(
    (sum, { ms, bytes: read, macs }) => ({
      kind: 'all',
      ms: sum.ms + ms,
      bytes: sum.bytes + read,
      macs: sum.macs + macs,
    }),
    { kind: 'all', ms: 0, bytes: 0, macs: 0 },
  );
  const row = ({ kind, ms, bytes: read, macs }: KindTime) => [
    kind,
    ((ms / n) * 1000).toFixed(1),
    read > 0 && ms > 0 ? giga((read / ms) * 1000) : '',
    macs > 0 && ms > 0 ? giga((macs / ms) * 1000) : '',
    macs > 0 && ms > 0 ? ((leastMs(run, read, macs) / ms) * 100).toFixed(0) : '',
  ];
  return {
    title: `Time by kind of op: ${phase}, ${threads(run.nThreads)}`,
    head: ['Op', 'µs/token', 'GB/s', 'GMAC/s', '% of roof'],
    rows: [...kinds, all].map(row),
  };
}

/** The roofline: no machine with these two rates, here their upper quartiles, takes less time. */
function leastMs(run: BenchmarkRun, read: number, macs: number): number {
  const reading = read / run.readBytesPerSecond.high;
  const multiplying = macs / run.macsPerSecond.high;
  return Math.max(reading, multiplying) * 1000;
}

function memoryTable({ memory }: BenchmarkResult): Table {
  const { weightsBytes, kvBytes, restBytes } = memory;
  return {
    title: 'WebAssembly memory, the benchmark’s own sessions included',
    head: ['', 'Size'],
    rows: [
      ['Weights', bytes(weightsBytes)],
      ['Keys and values', bytes(kvBytes)],
      ['The rest', bytes(restBytes)],
      ['All', bytes(weightsBytes + kvBytes + restBytes)],
    ],
  };
}

function machineTable(result: BenchmarkResult): Table {
  const { model, build, kernels, isolated, hardwareConcurrency, userAgent, tickMs } = result;
  const types = Object.entries(model.types)
    .sort(([, a], [, b]) => b - a)
    .map(([type]) => type);
  return {
    title: 'Measured with',
    head: ['', ''],
    rows: [
      ['Model', model.name],
      ['File', `${model.origin.split('/').at(-1)!}, ${count(model.fileBytes)} bytes`],
      ['Types', types.join(', ')],
      ['Loaded in', duration(result.loadMs)],
      ['Engine', `nanoinfer ${build.version}`],
      ['Build', `${build.simd} SIMD, ${build.threads ? 'threads' : 'one thread'}`],
      ['Kernels', kernels],
      ['Cross-origin isolated', isolated ? 'yes' : 'no'],
      ['Processors', `${hardwareConcurrency}`],
      ['Clock step', `${Number((tickMs * 1000).toPrecision(2))} µs`],
      ['Browser', userAgent],
      ['At', result.at],
    ].map((row) => row.map(oneCell)),
  };
}

/** Names come from files: none may end a cell or a row, or be very long. */
function oneCell(text: string): string {
  return text.replace(/[|\s]+/g, ' ').slice(0, 200);
}

/** Two decimals at most: a column's figures are to be compared, and many ops read next to nothing. */
function giga(perSecond: number): string {
  const value = perSecond / 1e9;
  return value < 10 ? value.toFixed(2) : rate(value);
}

function withSpread({ low, median, high }: Spread, words: (value: number) => string): string {
  return `${words(median)} (${words(low)}–${words(high)})`;
}
