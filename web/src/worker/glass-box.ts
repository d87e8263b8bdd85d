// What the page may look at and change in a pass: names become ops, and what an edit makes stale is
// found. The engine's own checks stand behind these.
import type {
  Break,
  Calls,
  Edit,
  Kept,
  LogitsFrom,
  PassState,
  Plan,
  Rerun,
  TapInfo,
  TapValues,
} from '../protocol.ts';
import { onePerOp } from '../tap-pattern.ts';
import { breathe } from './breathe.ts';
import { type CompiledEdit, compileEdit, wholeIn } from './edits.ts';
import { EngineTrace } from './engine-trace.ts';
import { Failure } from './failure.ts';
import type { Ready } from './load-model.ts';
import type { Model } from './model.ts';
import { tapsOf, viewsOf } from './schema.ts';
import type { Logits, Session } from './session.ts';
import { tapNamed, tapsNamed, widthOf } from './tap-names.ts';
import { Views } from './views.ts';

const sliceMs = 40;

export class GlassBox {
  readonly #session: Session;
  readonly #trace: EngineTrace;
  readonly #model: Model;
  readonly plan: Plan;
  readonly views: Views;
  #norms = new Set<number>(); // ops of which the norm alone is kept
  #breakIndex: number[] = []; // which entry of the page's list each of the engine's breaks is for
  #edits: Edit[] = [];
  #compiled: CompiledEdit[] = [];

  constructor({ session, model }: Ready) {
    this.#session = session;
    this.#model = model;
    this.#trace = new EngineTrace(session);
    const { ops } = session.info();
    this.plan = { ops, taps: tapsOf(ops, model.info), views: viewsOf(model.info) };
    this.views = new Views(model, session, this.#trace, this.plan);
  }

  // ---- transport

  /** `complete`: the last pass has left its logits. */
  state(complete: boolean): PassState {
    const { cursor, nOps, length } = this.#session;
    const hit = this.#trace.hit();
    return {
      cursor: cursor ?? (complete ? nOps : 0),
      nOps,
      complete: complete && cursor === null,
      begun: cursor !== null,
      length,
      hit: hit && {
        ...hit,
        index: this.#breakIndex[hit.index] ?? -1,
        tap: this.plan.taps.find(({ op }) => op === hit.op)?.name ?? null,
      },
    };
  }

  /** Until `until` ops have run, to a break, or until the signal says stop; true at the end. */
  async run(until: number, signal: AbortSignal): Promise<boolean> {
    const { nOps } = this.#session;
    const end = until === Infinity ? nOps : until;
    wholeIn(end, 0, nOps, 'until');
    for (;;) {
      const cursor = this.#session.runTo(end, sliceMs);
      if (cursor >= end || this.#trace.hit()) return cursor === nOps;
      await breathe();
      if (signal.aborted) return false;
    }
  }

  setBreaks(breaks: readonly Break[]): number {
    const wanted = breaks.flatMap((one, index) =>
      this.#opsAt(one.at, `breaks[${index}].at`).map((op) => ({
        index,
        op,
        ...conditionOf(one, index),
      })),
    );
    this.#trace.setBreaks(wanted);
    this.#breakIndex = wanted.map(({ index }) => index);
    return wanted.length;
  }

  #opsAt(at: number | string, place: string): number[] {
    if (typeof at === 'string') return tapsNamed(this.plan.taps, at, place).map(({ op }) => op);
    wholeIn(at, 0, this.plan.ops.length - 1, place);
    return [at];
  }

  // ---- taps

  /** Where all that is kept lies; 0: nothing is. */
  get tapsAddress(): number {
    return this.#trace.tapsAddress;
  }

  keep({ request, measureOnly }: Calls['traceKeep']['args']): Kept {
    const { taps } = this.plan;
    const named = (patterns: readonly string[], key: string) =>
      patterns.flatMap((pattern, i) => tapsNamed(taps, pattern, `${key}[${i}]`));
    const values = onePerOp(named(request.values, 'values'));
    const kept = new Set(values.map(({ op }) => op));
    const norms = onePerOp(named(request.norms, 'norms')).filter(({ op }) => !kept.has(op));
    // Each row comes with its position.
    const bytesPerPosition =
      values.reduce((sum, tap) => sum + 4 * (widthOf(tap) + 1), 0) + 8 * norms.length;
    const fitting = bytesPerPosition > 0 ? Math.floor(request.maxBytes / bytesPerPosition) : 0;
    let positions = Math.min(this.#session.nCtx, fitting);
    if (!measureOnly) {
      const wanted = [
        ...values.map(({ op }) => ({ op, normOnly: false })),
        ...norms.map(({ op }) => ({ op, normOnly: true })),
      ];
      positions = this.#trace.keep(wanted, request.maxBytes);
      this.#norms = new Set(norms.map(({ op }) => op));
    }
    const names = (list: TapInfo[]) => list.map(({ name }) => name);
    const bytes = positions * bytesPerPosition;
    return { values: names(values), norms: names(norms), bytesPerPosition, positions, bytes };
  }

  read({ name, first, end }: Calls['traceRead']['args']): TapValues {
    const tap = tapNamed(this.plan.taps, name);
    const { nCtx } = this.#session;
    wholeIn(first, 0, nCtx - 1, 'first');
    wholeIn(end, first + 1, nCtx, 'end');
    const norm = this.#norms.has(tap.op);
    const width = norm ? 1 : widthOf(tap);
    const data = new Float32Array((end - first) * width);
    for (let position = first; position < end; ++position) {
      data.set(this.#trace.row(tap.op, position), (position - first) * width);
    }
    const axes = norm ? tap.axes.slice(0, 1) : tap.axes;
    return { name, first, positions: end - first, width, axes, unit: tap.unit, data };
  }

  /** Rows of a pass are its positions, except those of the logits, which only the last one has. */
  live({ name }: Calls['traceLive']['args']): TapValues {
    const tap = tapNamed(this.plan.taps, name);
    const data = this.#trace.live(tap.op);
    const { axes, unit } = tap;
    const width = widthOf(tap);
    const positions = data.length / width;
    const first = this.#session.length + (axes[0]?.name === 'logit_row' ? this.passLength - 1 : 0);
    return { name, first, positions, width, axes, unit, data };
  }

  /** `rows`: all rows of the pass that stands directly behind the tap; of logits the last pass's one. */
  write({ name, rows }: Calls['traceWrite']['args']): void {
    const tap = tapNamed(this.plan.taps, name);
    const nRows = tap.axes[0]?.name === 'logit_row' ? 1 : this.passLength;
    const n = nRows * widthOf(tap);
    if (!(rows instanceof Float32Array) || rows.length !== n) {
      throw new Failure('bad_argument', 'This is not what the tap holds.', {
        place: tap.name,
        expected: `${n} values as a Float32Array`,
        actual: String((rows as Float32Array | undefined)?.length),
      });
    }
    this.#trace.write(tap.op, rows);
  }

  /**
   * Where the logits of a position lie, until the next pass or product: the kept ones, or from what the
   * last layer left there.
   */
  logitsAt(position: number): { logits: Logits; from: LogitsFrom } {
    const { taps } = this.plan;
    const { op } = tapNamed(taps, 'logits');
    const kept = this.#norms.has(op) ? null : this.#trace.keptLogits(op, position);
    if (kept !== null) return { logits: kept, from: 'kept' };
    const norm = tapNamed(taps, 'final_norm').op;
    const edit = this.#compiled.find((one) => one.edits.some((each) => each.op >= norm));
    if (edit) {
      throw new Failure('not_kept', 'Logits that an edit has changed are not kept here.', {
        place: `position ${position}`,
        actual: edit.text,
      });
    }
    const last = tapNamed(taps, `L.${this.#model.info.n_layers - 1}.resid_post`);
    return { logits: this.#trace.lensLogits(last.op, position), from: 'residual' };
  }

  /** Tokens of the pass begun. */
  passLength = 0;

  // ---- edits

  /**
   * Puts new edits in the place of those in force, or leaves all as it is and throws. Returns from
   * where the context has to be computed again, and why; a begun pass that has run past a changed
   * edit is dropped. `logitsFrom`: the first position whose logits matter; null: the last one's alone.
   */
  setEdits(edits: readonly Edit[], logitsFrom: number | null): Rerun | null {
    const compiled = edits.map((edit, index) => compileEdit(edit, index, this.plan.taps));
    const changed = this.#difference(edits, compiled);
    const theta = compiled.findLast(({ ropeTheta }) => ropeTheta !== undefined)?.ropeTheta;
    this.#trace.setEdits(
      compiled.flatMap((edit) => edit.edits),
      theta ?? this.#model.info.rope_theta,
    );
    this.#edits = [...edits];
    this.#compiled = compiled;
    const cursor = this.#session.cursor;
    if (cursor !== null && changed.some(({ op }) => op < cursor)) this.#session.abandon();
    return this.#rerun(changed, logitsFrom ?? this.#session.length - 1);
  }

  /** The edits that are not both before and after, at the same place in the order. */
  #difference(edits: readonly Edit[], compiled: readonly CompiledEdit[]): CompiledEdit[] {
    const same = (a: Edit | undefined, b: Edit | undefined) =>
      a?.do !== 'patch' && textOf(a) === textOf(b);
    const before = this.#edits;
    const shorter = Math.min(before.length, edits.length);
    let head = 0;
    while (head < shorter && same(before[head], edits[head])) ++head;
    let tail = 0;
    while (tail < shorter - head && same(before.at(-1 - tail), edits.at(-1 - tail))) ++tail;
    return [
      ...this.#compiled.slice(head, before.length - tail),
      ...compiled.slice(head, edits.length - tail),
    ];
  }

  #rerun(changed: readonly CompiledEdit[], logitsFrom: number): Rerun | null {
    const to = this.#session.length;
    const firstOf = ({ first, logitsOnly }: CompiledEdit) =>
      logitsOnly ? Math.max(first, logitsFrom) : first;
    const stale = changed.filter((edit) => firstOf(edit) < to);
    if (stale.length === 0) return null;
    const from = Math.min(...stale.map(firstOf));
    const texts = [...new Set(stale.map(({ text }) => text))].join(', ');
    return {
      from,
      to,
      because: `What was computed from position ${from} on depends on: ${texts}.`,
    };
  }
}

function conditionOf({ when = 'always', limit = 0 }: Break, index: number) {
  if (!['always', 'norm_above', 'non_finite'].includes(when)) {
    throw new Failure('bad_argument', 'There is no such condition.', {
      place: `breaks[${index}].when`,
      expected: 'always, norm_above or non_finite',
      actual: when,
    });
  }
  if (typeof limit !== 'number') {
    throw new Failure('bad_argument', 'A limit is a number.', { place: `breaks[${index}].limit` });
  }
  return { when, limit };
}

/** JSON has no NaN and no infinities: they would all be null, and so the same. */
function textOf(edit: Edit | undefined): string {
  return JSON.stringify(edit, (_, x: unknown) =>
    typeof x === 'number' && !Number.isFinite(x) ? String(x) : x,
  );
}
