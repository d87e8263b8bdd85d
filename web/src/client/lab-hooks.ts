// Where a reader's own code takes part in a run: behind which ops a pass stops for it, what it is
// shown there, and what it leaves in the pass.
import type { Edit, ModelInfo, PassState, Plan, TapInfo, TapValues } from '../protocol.ts';
import { isNamed, onePerOp } from '../tap-pattern.ts';
import type { Client } from './client.ts';
import { joined } from './joined.ts';
import { codeError, type Piece, StudentCode } from './student-code.ts';

/** A pass over positions [first, end), behind `cursor` ops. */
interface Pass {
  first: number;
  end: number;
  cursor: number;
}

/** What a piece does, and what that has cost. */
export interface HookUse {
  /** "lab.on('L.*.z')" */
  call: string;
  line: number;
  /** Behind how many ops of a pass it runs; 0: a sampler, which runs between passes. */
  ops: number;
  /** Spent in it and on the way there and back, over so many tokens. */
  ms: number;
  tokens: number;
  /** The largest difference of its own attention from the engine's; null: it is none, or has not run. */
  off: number | null;
}

interface Step {
  piece: Piece;
  tap: TapInfo;
}

/** The reader's code, bound to the plan of a model. */
export class LabHooks {
  readonly code: StudentCode;
  readonly uses: readonly HookUse[];
  readonly #client: Client;
  readonly #plan: Plan;
  readonly #info: ModelInfo;
  /** What runs behind each op, in the code's order. */
  readonly #steps = new Map<number, Step[]>();

  private constructor(code: StudentCode, client: Client, plan: Plan, info: ModelInfo) {
    this.code = code;
    this.#client = client;
    this.#plan = plan;
    this.#info = info;
    this.uses = code.pieces.map((piece) => {
      const taps = onePerOp(this.#tapsOf(piece));
      for (const tap of taps) {
        this.#steps.set(tap.op, [...(this.#steps.get(tap.op) ?? []), { piece, tap }]);
      }
      const { line } = piece;
      return { call: callOf(piece), line, ops: taps.length, ms: 0, tokens: 0, off: null };
    });
  }

  /** Starts the code; refuses it, naming its line, where it asks for what the model does not have. */
  static async start(
    source: string,
    client: Client,
    plan: Plan,
    info: ModelInfo,
  ): Promise<LabHooks> {
    const code = await StudentCode.start(source);
    try {
      return new LabHooks(code, client, plan, info);
    } catch (thrown) {
      code.end();
      throw thrown;
    }
  }

  /** Its sampler, if it has one. */
  get #sampler(): Piece | undefined {
    return this.code.pieces.findLast(({ kind }) => kind === 'sampler');
  }

  get draws(): boolean {
    return this.#sampler !== undefined;
  }

  /**
   * The first position whose values depend on it, in a run that keeps logits from `logitsFrom` on: code
   * before the logits changes what the cache holds of all positions.
   */
  firstChanged(logitsFrom: number): number {
    const ops = [...this.#steps.keys()];
    if (ops.length === 0) return Infinity;
    return ops.every((op) => this.#plan.ops[op]!.logit_rows) ? logitsFrom : 0;
  }

  /** It takes part in passes, and not only between them. */
  get runsInPass(): boolean {
    return this.#steps.size > 0;
  }

  /** Logits cannot be had again from what the last layer has left. */
  get changesLogits(): boolean {
    return [...this.#steps.keys()].some((op) => this.#plan.ops[op]!.logit_rows);
  }

  /** Whether its own attention takes the place of this layer's. */
  replacesAttention(layer: number): boolean {
    return this.code.pieces.some(
      ({ kind, layers }) => kind === 'replace' && (layers?.includes(layer) ?? true),
    );
  }

  end(): void {
    this.code.end();
  }

  /** A token id from these logits, behind the tokens `ids`. */
  async draw(logits: Float32Array, ids: number[], seed: number): Promise<number> {
    const piece = this.#sampler!;
    const { length } = logits;
    const asks = { logits, ids, seed };
    const { id } = await this.#timed(piece, 1, () => this.code.ask(piece, 'sampler', asks));
    if (Number.isInteger(id) && (id as number) >= 0 && (id as number) < length) return id as number;
    const actual = typeof id === 'number' ? `${id}` : typeof id;
    throw this.code.refuse(piece, 'A sampler gives a token id.', actual, `0 to ${length - 1}`);
  }

  /** `Trace.run`, with the reader's code behind its ops. `ids`: the tokens up to the pass's end. */
  async run(pass: Pass, ids: number[], until: number, signal?: AbortSignal): Promise<PassState> {
    let { cursor } = pass;
    for (;;) {
      const stop = this.#nextStop(cursor, until);
      const state = await this.#client.trace.run({ until: stop, ...(signal ? { signal } : {}) });
      const op = state.cursor - 1;
      if (state.cursor > cursor && this.#steps.has(op)) await this.#apply(op, pass.first, ids);
      if (state.cursor >= until || state.hit || state.cursor < stop) return state;
      if (signal?.aborted) return state;
      ({ cursor } = state);
    }
  }

  /** Behind the next op with code, or `until` if that comes first. */
  #nextStop(cursor: number, until: number): number {
    for (let op = cursor; op < until; ++op) if (this.#steps.has(op)) return op + 1;
    return until;
  }

  /** The tap's values go through all that stands behind its op, and back into the pass. */
  async #apply(op: number, first: number, ids: number[]): Promise<void> {
    const steps = this.#steps.get(op)!;
    const { tap } = steps[0]!;
    const values = await this.#valuesOf(tap, ids.length - 1);
    const engine = values.data;
    for (const step of steps) {
      values.data = await this.#timed(
        step.piece,
        this.#isFirstOf(step) ? ids.length - first : 0,
        () => this.#changed(step, values, ids, engine),
      );
    }
    await this.#client.trace.write(tap.name, values.data);
  }

  /** Behind a complete pass the logits are where a sampler finds them. */
  async #valuesOf({ name, op, axes, unit }: TapInfo, last: number): Promise<TapValues> {
    if (op < this.#plan.ops.length - 1) return this.#client.trace.live(name);
    const data = await this.#client.logits();
    return { name, first: last, positions: 1, width: data.length, axes, unit, data };
  }

  /** `engine`: the values before any code. */
  async #changed(
    step: Step,
    values: TapValues,
    ids: number[],
    engine: Float32Array,
  ): Promise<Float32Array> {
    const { piece, tap } = step;
    const data =
      piece.kind === 'logits'
        ? (await this.code.ask(piece, 'logits', { ids, data: values.data })).data
        : piece.kind === 'on'
          ? await this.#hooked(step, values, ids)
          : await this.#attended(step, { ...values, data: engine }, ids);
    const fault = faultOf(data, values.data.length, tap.name === 'logits');
    if (fault === null) return data;
    const { message, at, actual, expected } = fault;
    const position = values.first + Math.floor(at / values.width);
    const place = `${actual} in ${tap.name}, element ${at % values.width} of position ${position}`;
    throw this.code.refuse(piece, message, at < 0 ? actual : place, expected);
  }

  async #hooked({ piece, tap }: Step, values: TapValues, ids: number[]): Promise<Float32Array> {
    const { name, unit, axes } = tap;
    const sizes = axes.slice(1).map(({ size }) => size ?? 1);
    const cols = sizes.at(-1) ?? 1;
    const { data } = await this.code.ask(piece, 'on', {
      tap: { name, unit, rows: values.width / cols, cols },
      layer: this.#plan.ops[tap.op]!.layer,
      data: values.data,
      first: values.first,
      ids,
    });
    return data;
  }

  /** What it is given is what the pass's own attention has: the turned queries, and the cache. */
  async #attended({ piece, tap }: Step, values: TapValues, ids: number[]): Promise<Float32Array> {
    const { trace } = this.#client;
    const { layer } = this.#plan.ops[tap.op]!;
    const { head_dim: headDim } = this.#info;
    const { first, data: z } = values;
    const [q, cached, k, v] = await Promise.all([
      trace.live(`L.${layer}.q_rot`),
      trace.kvRows(layer, first),
      trace.live(`L.${layer}.k_rot`), // The pass's own positions join the context at its end.
      trace.live(`L.${layer}.v`),
    ]);
    const { data } = await this.code.ask(piece, 'replace', {
      layer,
      first,
      ids,
      q: q.data,
      k: joined([cached.k, k.data], Float32Array),
      v: joined([cached.v, v.data], Float32Array),
      z,
      headDim,
      scale: Math.fround(1 / Math.sqrt(headDim)),
      masks: masksOf(trace.edits, layer),
    });
    const use = this.uses[piece.index]!;
    use.off = z.reduce((most, x, i) => Math.max(most, Math.abs(x - data[i]!)), use.off ?? 0);
    return data;
  }

  /** A pass's tokens are counted once for each piece. */
  #isFirstOf({ piece, tap }: Step): boolean {
    for (const [op, steps] of this.#steps) {
      if (op < tap.op && steps.some((step) => step.piece === piece)) return false;
    }
    return true;
  }

  async #timed<T>(piece: Piece, tokens: number, action: () => Promise<T>): Promise<T> {
    const use = this.uses[piece.index]!;
    const began = performance.now();
    const result = await action();
    use.ms += performance.now() - began;
    use.tokens += tokens;
    return result;
  }

  #tapsOf(piece: Piece): TapInfo[] {
    const { taps } = this.#plan;
    const named = (pattern: string) => taps.filter(({ name }) => isNamed(name, pattern));
    if (piece.kind === 'sampler') return [];
    if (piece.kind === 'logits') return named('logits');
    if (piece.kind === 'on') {
      const found = named(piece.pattern);
      if (found.length > 0) return found;
      const expected = "a name of plan().taps, or one with '*': L.2.z, L.*.q_rot";
      throw codeError('No tap has this name.', piece.line, piece.pattern, expected);
    }
    const { n_layers: nLayers } = this.#info;
    const wrong = piece.layers?.find((layer) => !named(`L.${layer}.z`).length);
    if (wrong === undefined)
      return piece.layers?.flatMap((layer) => named(`L.${layer}.z`)) ?? named('L.*.z');
    const expected = `0 to ${nLayers - 1}`;
    throw codeError('There is no such layer.', piece.line, String(wrong), expected);
  }
}

/** Edits that hide scores of this layer. */
function masksOf(edits: readonly Edit[], layer: number) {
  return edits.flatMap((edit) => {
    if (edit.do !== 'mask' || !isNamed(`L.${layer}.scores`, edit.site)) return [];
    const { keys, head = null, from = 0, to = Infinity } = edit;
    return [{ keys, head, from, to }];
  });
}

function callOf({ kind, pattern, layers }: Piece): string {
  if (pattern !== '') return `lab.on('${pattern}')`;
  if (kind !== 'replace') return `lab.${kind}`;
  return layers ? `lab.replace('attn', layers ${layers.join(', ')})` : "lab.replace('attn')";
}

/** Why these values cannot go on; `at`: which of them. */
function faultOf(data: unknown, length: number, isLogits: boolean) {
  if (!(data instanceof Float32Array) || data.length !== length) {
    const actual = data instanceof Float32Array ? `${data.length}` : typeof data;
    return {
      message: 'The code changes the number of values.',
      at: -1,
      actual,
      expected: `${length}`,
    };
  }
  const isSound = isLogits ? (x: number) => x < Infinity : Number.isFinite;
  const at = data.findIndex((x) => !isSound(x));
  if (at >= 0) {
    const expected = isLogits
      ? 'a number, or -Infinity for a token that is banned'
      : 'a finite number';
    return {
      message: 'The code leaves what is no number.',
      at,
      actual: String(data[at]),
      expected,
    };
  }
  if (isLogits && data.every((x) => x === -Infinity)) {
    const expected = 'at least one logit above -Infinity';
    return { message: 'The code bans every token.', at: -1, actual: 'none', expected };
  }
  return null;
}
