// Measures the loaded model on this machine, with one thread and with as many as the page uses unless
// others are asked for, or with several kernel sets, each in a session of its own that is freed
// afterwards: the conversation's context is not touched.
import { clockTick } from '../clock-tick.ts';
import { type PassRows, workOf } from '../op-work.ts';
import type {
  BenchmarkOptions,
  BenchmarkProgress,
  BenchmarkResult,
  BenchmarkRun,
  KindTime,
  ModelInfo,
  OpInfo,
  Spread,
} from '../protocol.ts';
import { breathe } from './breathe.ts';
import { freeing } from './engine.ts';
import { Failure } from './failure.ts';
import type { Ready } from './load-model.ts';
import type { Model } from './model.ts';
import { Sampler } from './sampler.ts';
import { Session } from './session.ts';
import { forward, prefill } from './token-loop.ts';

const usual = { prompt: 512, generate: 64 };
const warmUp = { prompt: 128, generate: 16, ms: 1000 }; // Browsers compile hot functions better then.
const rounds = { most: 5, fewest: 3, enoughMs: 60_000 };
const readingMs = 20; // Of memory and of multipliers: long beside any clock's step.
const startMs = 10_000;

interface Counts {
  prompt: number;
  generate: number;
}

/** One run, in milliseconds, and right after it what bounds it. */
interface Reading {
  prefill: number;
  firstToken: number;
  decode: number;
  readBytesPerSecond: number;
  macsPerSecond: number;
}

/** A session of one number of threads and one kernel set, and what has been read of it. */
interface Lane {
  session: Session;
  nThreads: number;
  kernels: string;
  readings: Reading[];
  /** What a run takes; null before it has warmed up. */
  runMs: number | null;
}

export async function benchmark(
  ready: Ready,
  options: BenchmarkOptions,
  signal: AbortSignal,
  emit: (progress: BenchmarkProgress) => void,
): Promise<BenchmarkResult> {
  const counts = checkedCounts(options, ready.model.info);
  const threads = checkedThreads(options, ready.loaded.choice.nThreads);
  const sets = checkedKernels(options, ready);
  const greedy = new Sampler(ready.model, { temperature: 0 });
  const owned: { free(): void }[] = [greedy];
  return freeing(owned, async () => {
    const lanes: Lane[] = [];
    for (const n of threads) {
      for (const set of sets) {
        const lane = await openLane(ready, counts, n, set);
        lanes.push(lane);
        owned.push(lane.session);
      }
    }
    const measuring = new Measuring(lanes, greedy, counts, ids(counts, ready.model), signal, emit);
    return describe(ready, counts, await measuring.run(), lanes);
  });
}

function checkedCounts(options: BenchmarkOptions, { n_ctx_train }: ModelInfo): Counts {
  const generate = options.generate ?? Math.min(usual.generate, n_ctx_train >> 2);
  const prompt = options.prompt ?? Math.min(usual.prompt, n_ctx_train - generate);
  const whole = [prompt, generate].every((n) => Number.isInteger(n) && n > 0);
  if (whole && prompt + generate <= n_ctx_train) return { prompt, generate };
  const message = 'These numbers of tokens cannot be measured with this model.';
  throw new Failure('bad_argument', message, {
    place: 'benchmark',
    expected: `whole numbers from 1, together at most ${n_ctx_train}`,
    actual: `prompt ${prompt}, generate ${generate}`,
  });
}

function checkedThreads({ threads }: BenchmarkOptions, most: number): readonly number[] {
  if (!threads) return most > 1 ? [1, most] : [1];
  const usable = threads.every((n) => Number.isInteger(n) && n >= 1 && n <= most);
  if (usable && threads.length > 0) return threads;
  throw new Failure('bad_argument', 'These numbers of threads cannot be measured with.', {
    place: 'threads',
    expected: `whole numbers from 1 to ${most}`,
    actual: threads.join(', '),
  });
}

function checkedKernels({ kernels }: BenchmarkOptions, ready: Ready): readonly string[] {
  if (!kernels) return [ready.session.info().kernels];
  const there = ready.loaded.build.kernels;
  if (kernels.length > 0 && kernels.every((name) => there.includes(name))) return kernels;
  throw new Failure('bad_argument', 'This build has no such kernel set.', {
    place: 'kernels',
    expected: there.join(', '),
    actual: kernels.join(', '),
  });
}

/** Tokens from all over the vocabulary: which they are makes no difference to the work. */
function ids({ prompt, generate }: Counts, { info }: Model): number[] {
  const nVocab = Math.min(info.n_vocab, 1 << 15);
  return Array.from({ length: prompt + generate }, (_, i) => (i * 7919 + 1) % nVocab);
}

async function openLane(
  ready: Ready,
  { prompt, generate }: Counts,
  n: number,
  kernels: string,
): Promise<Lane> {
  const session = new Session(ready.model, prompt + generate, ready.session.nBatch, n);
  session.useKernels(kernels);
  // Its threads begin while this worker is idle. Freeing it before that would wait for them for ever.
  const started = performance.now();
  while (!session.started) {
    if (performance.now() - started > startMs) {
      throw new Failure('threads', 'The browser has not started the threads to measure with.');
    }
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { session, nThreads: session.info().n_threads, kernels, readings: [], runMs: null };
}

class Measuring {
  readonly #lanes: Lane[];
  readonly #greedy: Sampler;
  readonly #counts: Counts;
  readonly #ids: number[];
  readonly #signal: AbortSignal;
  readonly #emit: (progress: BenchmarkProgress) => void;
  #step = 0;

  constructor(
    lanes: Lane[],
    greedy: Sampler,
    counts: Counts,
    all: number[],
    signal: AbortSignal,
    emit: (progress: BenchmarkProgress) => void,
  ) {
    this.#lanes = lanes;
    this.#greedy = greedy;
    this.#counts = counts;
    this.#ids = all;
    this.#signal = signal;
    this.#emit = emit;
  }

  async run(): Promise<BenchmarkRun[]> {
    for (const lane of this.#lanes) await this.#warmUp(lane);
    const started = performance.now();
    for (let round = 1; round <= rounds.most; ++round) {
      // In turns, A B and then B A, so that what slows the machine down slows all of them.
      for (const lane of round % 2 === 1 ? this.#lanes : this.#lanes.toReversed()) {
        this.#report(lane, `run ${round} of ${rounds.most}`);
        const reading = await this.#once(lane, this.#counts);
        lane.readings.push(reading);
        lane.runMs = reading.firstToken + reading.decode;
      }
      if (round >= rounds.fewest && performance.now() - started > rounds.enoughMs) break;
    }
    this.#step = this.#lanes.length * (1 + rounds.most);
    const runs: BenchmarkRun[] = [];
    for (const lane of this.#lanes) runs.push(await this.#finish(lane));
    return runs;
  }

  async #warmUp(lane: Lane): Promise<void> {
    this.#report(lane, 'warming up');
    const { prompt, generate } = this.#counts;
    const less = {
      prompt: Math.min(prompt, warmUp.prompt),
      generate: Math.min(generate, warmUp.generate),
    };
    const started = performance.now();
    let last: Reading;
    do last = await this.#once(lane, less);
    while (performance.now() - started < warmUp.ms);
    lane.runMs =
      (last.firstToken * prompt) / less.prompt + (last.decode * generate) / less.generate;
  }

  /** A prompt and the tokens after it, from an empty context. */
  async #once({ session }: Lane, { prompt, generate }: Counts): Promise<Reading> {
    session.truncate(0);
    const started = performance.now();
    const logits = await this.#prefill(session, prompt);
    const prefilled = performance.now();
    this.#greedy.sample(logits);
    const chosen = performance.now();
    await this.#decode(session, generate);
    return {
      prefill: prefilled - started,
      firstToken: chosen - started,
      decode: performance.now() - chosen,
      readBytesPerSecond: await this.#rate(() => session.readWeights()),
      macsPerSecond: await this.#rate(() => session.multiply()),
    };
  }

  #prefill(session: Session, n: number) {
    return prefill(session, this.#ids.slice(0, n), this.#signal, () => undefined);
  }

  async #decode(session: Session, n: number): Promise<void> {
    const { prompt } = this.#counts;
    for (const id of this.#ids.slice(prompt, prompt + n))
      await forward(session, [id], this.#signal);
  }

  /** Where its time goes, and the figures of its runs. */
  async #finish(lane: Lane): Promise<BenchmarkRun> {
    const { session, nThreads, kernels, readings } = lane;
    const { prompt, generate } = this.#counts;
    const of = (figure: (reading: Reading) => number) => spread(readings.map(figure));
    this.#report(lane, 'time of each kind of op');
    return {
      nThreads,
      kernels,
      repeats: readings.length,
      prefillPerSecond: of(({ prefill: ms }) => (prompt / ms) * 1000),
      decodePerSecond: of(({ decode: ms }) => (generate / ms) * 1000),
      firstTokenMs: of(({ firstToken }) => firstToken),
      readBytesPerSecond: of(({ readBytesPerSecond }) => readBytesPerSecond),
      macsPerSecond: of(({ macsPerSecond }) => macsPerSecond),
      ...(await this.#kinds(session)),
    };
  }

  /** What `work` says it did, per second. */
  async #rate(work: () => number): Promise<number> {
    const started = performance.now();
    let done = 0;
    let ms: number;
    do {
      done += work();
      ms = performance.now() - started;
    } while (ms < readingMs);
    await breathe();
    this.#signal.throwIfAborted();
    return (done / ms) * 1000;
  }

  // A clock that steps in tenths of a millisecond cannot time one op, but each kind's sum over layers
  // and tokens is right: what one reading loses the next one gains.
  async #kinds(session: Session): Promise<Pick<BenchmarkRun, 'prefillKinds' | 'decodeKinds'>> {
    const { prompt, generate } = this.#counts;
    const { ops } = session.info();
    session.truncate(0);
    session.measureOps(true);
    session.resetOpMs();
    await this.#prefill(session, prompt);
    const prefillKinds = byKind(ops, session.opMs(), chunks(prompt, session.nBatch));
    session.resetOpMs();
    await this.#decode(session, generate);
    const tokens = Array.from({ length: generate }, (_, i) => ({
      first: prompt + i,
      rows: 1,
      wantsLogits: true,
    }));
    return { prefillKinds, decodeKinds: byKind(ops, session.opMs(), tokens) };
  }

  #report({ nThreads, kernels }: Lane, doing: string): void {
    const n = this.#lanes.length;
    const step = this.#step++;
    const steps = n * (1 + rounds.most + 1); // warming up, runs, and one with every op timed
    const known = this.#lanes.every(({ runMs }) => runMs !== null);
    const runMs = this.#lanes.reduce((sum, lane) => sum + (lane.runMs ?? 0), 0) / n;
    const msLeft = known ? (steps - step) * runMs : null;
    const threads = `${nThreads} thread${nThreads === 1 ? '' : 's'}`;
    const ofSeveral = this.#lanes.some((lane) => lane.kernels !== kernels);
    const who = ofSeveral ? `${threads}, ${kernels}` : threads;
    this.#emit({ doing: `${who}: ${doing}`, step, steps, msLeft });
  }
}

function chunks(n: number, nBatch: number): PassRows[] {
  const passes: PassRows[] = [];
  for (let first = 0; first < n; first += nBatch) {
    const rows = Math.min(nBatch, n - first);
    passes.push({ first, rows, wantsLogits: first + rows === n });
  }
  return passes;
}

function byKind(ops: OpInfo[], opMs: Float64Array, passes: PassRows[]): KindTime[] {
  const kinds = new Map<string, KindTime>();
  ops.forEach((op, index) => {
    const kind = kinds.get(op.kind) ?? { kind: op.kind, ms: 0, bytes: 0, macs: 0 };
    kind.ms += opMs[index] ?? 0;
    for (const pass of passes) {
      const { bytes, macs } = workOf(op, pass);
      kind.bytes += bytes;
      kind.macs += macs;
    }
    kinds.set(op.kind, kind);
  });
  return [...kinds.values()].sort((a, b) => b.ms - a.ms);
}

function spread(values: number[]): Spread {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part: number) => {
    const place = (sorted.length - 1) * part;
    const below = sorted[Math.floor(place)]!;
    return below + (sorted[Math.ceil(place)]! - below) * (place % 1);
  };
  return { low: at(0.25), median: at(0.5), high: at(0.75) };
}

function describe(
  { engine, model, session, loaded }: Ready,
  counts: Counts,
  runs: BenchmarkRun[],
  lanes: Lane[],
): BenchmarkResult {
  const { info } = model;
  const sessions = [session, ...lanes.map((lane) => lane.session)].map((each) => each.info());
  const weightsBytes = info.weights_bytes;
  const kvBytes = sessions.reduce((sum, { kv_bytes_used }) => sum + kv_bytes_used, 0);
  return {
    model: {
      name: info.name,
      origin: loaded.origin,
      fileBytes: info.file_bytes,
      types: info.types,
    },
    ...counts,
    runs,
    kernels: sessions[0]!.kernels,
    build: loaded.build,
    isolated: loaded.choice.isolated,
    memory: { weightsBytes, kvBytes, restBytes: engine.memoryBytes - weightsBytes - kvBytes },
    loadMs: loaded.loadMs,
    tickMs: clockTick(),
    hardwareConcurrency: navigator.hardwareConcurrency,
    userAgent: navigator.userAgent,
    at: new Date().toISOString(),
  };
}
