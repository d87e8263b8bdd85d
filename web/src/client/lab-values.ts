// What panels read of a run: values that are kept, or still lie in the pass that stands; each is asked
// for once until the run is computed again.
import type { Resampled, SamplingParams, TapInfo, TapValues, TokenPiece } from '../protocol.ts';
import { EngineError } from './errors.ts';
import { keepWhatFits } from './lab-keep.ts';
import type { LabState } from './lab-state.ts';
import { bufferOf } from './live-taps.ts';

/**
 * What a tap holds at a position: its values are kept, or why they are not to be had. 'no row': it has
 * the last position of each pass alone.
 */
export type Held = 'kept' | 'not yet' | 'not kept' | 'no row';

const maxCached = 4000;

export class LabValues {
  readonly #run: LabState;
  /** Ops whose values, or norms alone, are kept. */
  #keptOps = new Set<number>();
  #normOps = new Set<number>();
  /** Taps that are kept besides what fits anyway. */
  #besides: readonly string[] = [];
  #cache = new Map<string, Promise<unknown>>();
  /** The run's, when what is in the cache was read. */
  #epoch = 0;
  #readings = new Set<Promise<unknown>>();

  constructor(run: LabState) {
    this.#run = run;
  }

  /** Keeps what fits of all passes from now on, and these taps besides. */
  async keep(besides: readonly string[]): Promise<void> {
    const run = this.#run;
    this.#besides = besides;
    const kept = await keepWhatFits(run.trace, run.model!.session.n_ctx, besides);
    const opsOf = (names: readonly string[]) => new Set(names.map((name) => run.tap(name)!.op));
    this.#keptOps = opsOf(kept.values);
    this.#normOps = opsOf(kept.norms);
    run.kept = kept;
  }

  keepAlso(names: readonly string[]): Promise<void> {
    return this.keep([...new Set([...this.#besides, ...names])]);
  }

  /**
   * What the sampler makes of a position's logits, stage by stage, with the number that the draw of
   * the token behind it takes, and how long it took. No forward pass.
   */
  resample(position: number, sampling: SamplingParams): Promise<Resampled & { ms: number }> {
    if (this.#run.hooks?.changesLogits && this.held('logits', position) === 'not kept') {
      const message = 'Logits that your code has changed are not kept here.';
      return Promise.reject(EngineError.of('not_kept', message, `position ${position}`));
    }
    const nth = position - this.#run.nPrompt + 2;
    return this.once(`resample ${position} ${JSON.stringify(sampling)}`, async () => {
      const began = performance.now();
      const stages = await this.#run.trace.resample(sampling, { position, nth });
      return { ...stages, ms: performance.now() - began };
    });
  }

  /** What these tokens of the vocabulary stand for. */
  async pieces(ids: readonly number[]): Promise<ReadonlyMap<number, TokenPiece>> {
    const unique = [...new Set(ids)];
    const found = await this.once(`pieces ${unique.join()}`, () => this.#run.client.pieces(unique));
    return new Map(found.map((piece) => [piece.id, piece]));
  }

  /** This tap's values are kept, of as many positions as there is room for. */
  keeps(name: string): boolean {
    return this.#keptOps.has(this.#run.tap(name)?.op ?? -1);
  }

  /** Whether `read` would find this tap's values at this position. */
  held(name: string, position: number): Held {
    return this.#held(name, position, (op) => this.#keptOps.has(op));
  }

  /** Whether `norms` would find this tap's norm at this position. */
  heldNorm(name: string, position: number): Held {
    return this.#held(name, position, (op) => this.#keptOps.has(op) || this.#normOps.has(op));
  }

  #held(name: string, position: number, isKept: (op: number) => boolean): Held {
    const run = this.#run;
    const tap = run.tap(name);
    const { first, end, cursor } = run.place;
    if (!tap || position >= end) return 'not yet';
    if (position >= first && tap.op >= cursor) return 'not yet';
    if (run.ops[tap.op]!.logit_rows && run.passOf(position).end - 1 !== position) return 'no row';
    if (position >= first && !run.recorded && this.#isLive(tap)) return 'kept';
    const oldest = end - (run.kept?.positions ?? 0);
    return isKept(tap.op) && position >= oldest ? 'kept' : 'not kept';
  }

  /** Values of positions [first, end) of a tap: kept ones, or those of the pass that stands still. */
  read(name: string, first: number, end = first + 1): Promise<TapValues> {
    const run = this.#run;
    const tap = run.tap(name);
    const isKept = this.keeps(name);
    const isNewest = run.complete && tap?.op === run.ops.length - 1 && first === run.place.end - 1;
    return this.once(`read ${name} ${first} ${end}`, () => {
      if (!isKept && isNewest) return this.#newest(tap, first);
      return isKept || run.complete
        ? run.trace.read(name, first, end)
        : this.#live(name, first, end);
    });
  }

  /** The logits of a pass that is complete stay until the next one. */
  async #newest({ name, axes, unit }: TapInfo, first: number): Promise<TapValues> {
    const data = await this.#run.client.logits();
    return { name, first, positions: 1, width: data.length, axes, unit, data };
  }

  /** Its buffer still holds it: no later op of the pass that stands still has written there. */
  #isLive({ name, op }: TapInfo): boolean {
    const { cursor } = this.#run.place;
    if (this.#run.complete) return op === cursor - 1;
    const buffer = bufferOf(name);
    return !this.#run.plan!.taps.some(
      (other) => other.op > op && other.op < cursor && bufferOf(other.name) === buffer,
    );
  }

  /** (end - first) norms of a tap's rows: the roots of their sums of squares. */
  norms(name: string, first: number, end: number): Promise<Float32Array> {
    return this.once(`norms ${name} ${first} ${end}`, async () => {
      const { data, width } = await this.#run.trace.read(name, first, end);
      if (this.#normOps.has(this.#run.tap(name)?.op ?? -1)) return data;
      const norm = (row: Float32Array) => Math.sqrt(row.reduce((sum, x) => sum + x * x, 0));
      return Float32Array.from({ length: end - first }, (_, i) =>
        norm(data.subarray(i * width, (i + 1) * width)),
      );
    });
  }

  /** What `read` gives for this key, asked for once until the run is computed again. */
  once<T>(key: string, read: () => Promise<T>): Promise<T> {
    if (this.#epoch !== this.#run.epoch) this.#cache.clear();
    this.#epoch = this.#run.epoch;
    const found = this.#cache.get(key) as Promise<T> | undefined;
    if (found) return found;
    if (this.#cache.size >= maxCached) this.#cache.clear();
    const reading = read();
    this.#cache.set(key, reading);
    reading.catch(() => this.#cache.delete(key));
    return reading;
  }

  /** Playing waits for this. */
  waitFor(reading: Promise<unknown>): void {
    this.#readings.add(reading);
    const forget = () => this.#readings.delete(reading);
    reading.then(forget, forget);
  }

  async #live(name: string, first: number, end: number): Promise<TapValues> {
    const values = await this.#run.trace.live(name);
    const from = (first - values.first) * values.width;
    const data = values.data.subarray(from, from + (end - first) * values.width);
    return { ...values, first, positions: end - first, data };
  }

  /** Something that is to be waited for is still being read. */
  get reading(): boolean {
    return this.#readings.size > 0;
  }

  /** All that was to be waited for has been read, or has failed. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#readings]);
  }
}
