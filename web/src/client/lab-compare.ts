// Two runs from one checkpoint: what the first one came to is kept, the second one is held against it.
import type { Edit, LoadedModel, SamplingParams, TapValues, TokenPiece } from '../protocol.ts';
import { EngineError } from './errors.ts';
import { keptPositions, readRows } from './lab-kept.ts';
import type { LabRun } from './lab-run.ts';

/** A run that is over. */
export interface KeptRun {
  model: LoadedModel;
  tokens: readonly TokenPiece[];
  nPrompt: number;
  /** The checkpoint: tokens before this position were given, those from it on drawn. */
  from: number;
  edits: readonly Edit[];
  sampling: SamplingParams;
  /** The reader's own, which took part; '': none. */
  code: string;
  /** Logits (n_vocab) behind which the tokens at positions from, from + 1, ... were drawn. */
  logits: readonly Float32Array[];
  /** What was kept of every tap, in the order of the plan: rows of all their values, or of norms. */
  taps: readonly TapValues[];
}

/** One value that is not the same in both. */
export interface Difference {
  position: number;
  tap: string;
  /** null: the norms of the two rows differ, which are all that is kept of them. */
  element: number | null;
  a: number;
  b: number;
}

export interface RunDifference {
  /** Of all kept values, the first in the order of positions, then of ops; null: none differs. */
  first: Difference | null;
  /** First position whose token differs; null: none does as far as both go. */
  token: number | null;
  /** (steps) nats: KL(A || B) of what the tokens at positions from, from + 1, ... were drawn from. */
  kl: Float64Array;
}

/** What `recordRun` is to do. */
export interface RunRequest {
  /** Given tokens: they come as they are, also behind `from`. */
  ids: readonly number[];
  nPrompt: number;
  from: number;
  /** Tokens at positions from, from + 1, ... */
  steps: number;
}

/** Runs from the beginning with the edits and the sampling in force, and keeps what there is. */
export async function recordRun(run: LabRun, request: RunRequest): Promise<KeptRun> {
  const { ids, nPrompt, from, steps } = request;
  await run.setIds(ids, nPrompt);
  const logits: Float32Array[] = [];
  while (!(run.complete && run.place.end >= from + steps)) {
    await stepToken(run);
    if (!run.complete || run.place.end < from) continue;
    if (logits.length < steps) logits.push(await run.client.logits());
    if (run.ended && run.place.end === run.tokens.length) break;
  }
  return {
    model: run.model!,
    tokens: run.tokens.slice(0, run.place.end),
    nPrompt,
    from,
    edits: [...run.edits],
    sampling: run.sampling,
    code: run.hooks?.code.source ?? '',
    logits: logits.slice(0, run.place.end - from),
    taps: await readTaps(run),
  };
}

function readTaps(run: LabRun): Promise<TapValues[]> {
  const { first, end } = keptPositions(run);
  const { values = [], norms = [] } = run.kept ?? {};
  const names = [...values, ...norms].filter((name) => name !== 'logits');
  return readRows(run, names, first, end);
}

async function stepToken(run: LabRun): Promise<void> {
  const { place } = run;
  await run.step('token');
  if (run.error) throw run.error;
  if (run.place === place) throw EngineError.of('changed', 'The run was moved meanwhile.');
}

export function compareRuns(a: KeptRun, b: KeptRun): RunDifference {
  const both = Math.min(a.tokens.length, b.tokens.length);
  let token: number | null = 0;
  while (token < both && a.tokens[token]!.id === b.tokens[token]!.id) ++token;
  const first = firstDifference(a, b, token);
  if (token === both && a.tokens.length === b.tokens.length) token = null;
  const steps = Math.min(a.logits.length, b.logits.length);
  const kl = Float64Array.from({ length: steps }, (_, i) => klOf(a.logits[i]!, b.logits[i]!));
  return { first, token, kl };
}

/** Behind the first token that differs all does, and says nothing more. */
function firstDifference(a: KeptRun, b: KeptRun, end: number): Difference | null {
  // More may have been kept in one of them.
  const others = new Map(b.taps.map((tap) => [tap.name, tap]));
  for (let position = 0; position < end; ++position) {
    for (const tap of a.taps) {
      const other = others.get(tap.name);
      if (other?.width !== tap.width) continue;
      const found = differenceIn(rowAt(tap, position), rowAt(other, position));
      if (!found) continue;
      const element = tap.width === 1 ? null : found.element;
      return { position, tap: tap.name, ...found, element };
    }
    const step = position + 1 - a.from;
    const found = differenceIn(a.logits[step], b.logits[step]);
    if (found) return { position, tap: 'logits', ...found };
  }
  return null;
}

function rowAt({ first, positions, width, data }: TapValues, at: number): Float32Array | undefined {
  if (at < first || at >= first + positions) return undefined;
  return data.subarray((at - first) * width, (at - first + 1) * width);
}

function differenceIn(a: Float32Array | undefined, b: Float32Array | undefined) {
  if (!a || !b) return null;
  for (let element = 0; element < a.length; ++element) {
    if (!Object.is(a[element], b[element])) return { element, a: a[element]!, b: b[element]! };
  }
  return null;
}

/** Sum of p_a (log p_a - log p_b), in nats, in double precision. */
export function klOf(a: Float32Array, b: Float32Array): number {
  const [zA, zB] = [logSum(a), logSum(b)];
  let sum = 0;
  for (let i = 0; i < a.length; ++i) {
    const logP = a[i]! - zA;
    if (logP > -Infinity) sum += Math.exp(logP) * (logP - (b[i]! - zB));
  }
  return Math.max(0, sum); // Rounding alone may leave it a little below.
}

/** The log of the sum of exp. */
export function logSum(logits: Float32Array): number {
  const most = logits.reduce((m, x) => Math.max(m, x), -Infinity);
  return most + Math.log(logits.reduce((sum, x) => sum + Math.exp(x - most), 0));
}

const comparisons = new WeakMap<LabRun, Comparison>();

/**
 * The two runs of a lab. They stay while panels come and go.
 * @fires change
 */
export class Comparison extends EventTarget {
  readonly #run: LabRun;
  #a: KeptRun | null = null;
  #b: KeptRun | null = null;
  difference: RunDifference | null = null;
  running: 'A' | 'B' | null = null;
  error: EngineError | null = null;

  static of(run: LabRun): Comparison {
    const found = comparisons.get(run) ?? new Comparison(run);
    comparisons.set(run, found);
    return found;
  }

  private constructor(run: LabRun) {
    super();
    this.#run = run;
  }

  /** null: none is kept of the model that is loaded. */
  get a(): KeptRun | null {
    return this.#a?.model === this.#run.model ? this.#a : null;
  }

  get b(): KeptRun | null {
    return this.a && this.#b?.model === this.#run.model ? this.#b : null;
  }

  /** Runs `steps` tokens from the checkpoint before position `from`, as the lab is set now. */
  keepA(from: number, steps: number): Promise<void> {
    return this.#record('A', async () => {
      const { tokens, nPrompt } = this.#run;
      const ids = tokens.slice(0, from).map(({ id }) => id);
      this.#b = this.difference = null;
      this.#a = await recordRun(this.#run, { ids, nPrompt: Math.min(nPrompt, from), from, steps });
    });
  }

  /** From the same checkpoint, as the lab is set now. `follow`: A's tokens, and none is drawn. */
  runB(follow: boolean): Promise<void> {
    return this.#record('B', async () => {
      const a = this.a!;
      const { nPrompt, from } = a;
      const steps = a.tokens.length - from;
      const ids = a.tokens.slice(0, follow ? undefined : from).map(({ id }) => id);
      this.#b = await recordRun(this.#run, { ids, nPrompt, from, steps });
      this.difference = compareRuns(a, this.#b);
    });
  }

  async #record(running: 'A' | 'B', action: () => Promise<void>): Promise<void> {
    this.running = running;
    this.error = null;
    this.#changed();
    try {
      await action();
    } catch (thrown) {
      this.error = EngineError.from(thrown);
    }
    this.running = null;
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}
