// How a run gets on and comes back: passes over its text, with the reader's code in them.
import type { PassState, TokenPiece } from '../protocol.ts';
import { EngineError } from './errors.ts';
import { editsOf } from './interventions.ts';
import { commonLength } from './lab-branches.ts';
import type { LabState, Place, StepUnit } from './lab-state.ts';
import { movedEdits } from './moved-edits.ts';

export class LabPasses {
  readonly #run: LabState;
  /** Where the run stood before each step. */
  #past: Place[] = [];
  /** When progress was told of last. */
  #toldAt = 0;

  constructor(run: LabState) {
    this.#run = run;
  }

  get canGoBack(): boolean {
    return this.#past.length > 0;
  }

  /** Throws where there is no room for a token. */
  refuseFull(position: number): void {
    const nCtx = this.#run.model!.session.n_ctx;
    if (position < nCtx) return;
    throw EngineError.of('context_full', `The context of ${nCtx} tokens is full.`, 'the run');
  }

  /** To before the last step, or before the pass at hand began. */
  async back(unit: 'step' | 'token'): Promise<void> {
    const { length: nOps } = this.#run.ops;
    let place = this.#past.pop();
    if (unit === 'token') while (this.canGoBack && place?.cursor !== nOps) place = this.#past.pop();
    if (!place) return;
    await this.#orAnew(this.goTo(place));
    this.#run.lookAtCursor(true);
  }

  /** To the beginning of the text, behind nothing. */
  async toStart(): Promise<void> {
    this.#past = [];
    this.#run.note = '';
    const place = { first: 0, end: this.#run.passEnd(0), cursor: 0 };
    await this.#orAnew(this.goTo(place));
    this.#run.select({ position: place.end - 1, op: 0 });
  }

  /** One op, layer or token on. A pass that is complete is followed by drawing the next token. */
  async step(unit: StepUnit, signal: AbortSignal): Promise<void> {
    const run = this.#run;
    const { place } = run;
    if (run.hooks?.code.failure) throw run.hooks.code.failure;
    const follows = run.selection.position >= place.end - 1;
    run.hit = null;
    run.note = '';
    if (run.complete) {
      await this.#beginNext();
      if (unit === 'op') {
        this.#past.push(place);
        run.lookAtCursor(follows);
        return;
      }
    }
    const from = run.place.cursor;
    const state = await this.#orAnew(this.#advance(this.#until(unit), signal));
    this.#past.push(place);
    run.place = { ...run.place, cursor: state.cursor };
    // What is recorded was timed before.
    if (!run.recorded)
      run.times?.add(await run.trace.opMs({ reset: true }), run.place, from, state.cursor);
    run.hit = state.hit;
    run.lookAtCursor(follows);
  }

  #until(unit: StepUnit): number {
    const { ops } = this.#run;
    const { cursor } = this.#run.place;
    if (unit === 'op') return cursor + 1;
    if (unit === 'token') return ops.length;
    const next = ops.findIndex(({ layer }, i) => i > cursor && layer !== ops[cursor]!.layer);
    return next < 0 ? ops.length : next;
  }

  /** Begins the pass over what follows; if nothing does, the sampler draws a token first. */
  async #beginNext(): Promise<void> {
    const run = this.#run;
    const first = run.place.end;
    this.refuseFull(first);
    if (first === run.tokens.length) {
      const [piece] = await run.client.pieces([await this.draw()]);
      run.drawn.add(piece!, run);
      run.tokens = [...run.tokens, piece!];
    }
    await this.#begin({ first, end: run.passEnd(first), cursor: 0 });
  }

  /** The n-th token drawn takes the seed's n-th number, however often the run went back. */
  async draw(): Promise<number> {
    const run = this.#run;
    if (run.hooks?.draws) {
      const ids = run.tokens.map(({ id }) => id);
      return run.hooks.draw(await run.client.logits(), ids, run.sampling.seed);
    }
    const nth = run.tokens.length - run.nPrompt + 1;
    return (await run.client.sample(run.sampling, nth)).id;
  }

  async #begin(place: Place): Promise<void> {
    const ids = this.#run.tokens.slice(place.first, place.end).map(({ id }) => id);
    const { length } = await this.#run.trace.begin(ids);
    if (length !== place.first) {
      throw EngineError.of('changed', 'The context was changed from outside. Begin again.');
    }
    this.#run.place = place;
  }

  /** The pass at hand goes on, and the reader's code takes part in it. */
  async #advance(until: number, signal?: AbortSignal): Promise<PassState> {
    const { hooks, place, tokens, trace } = this.#run;
    if (!hooks?.runsInPass) return trace.run({ until, ...(signal ? { signal } : {}) });
    const ids = tokens.slice(0, place.end).map(({ id }) => id);
    return hooks.run(place, ids, until, signal);
  }

  /** A pass that the engine has given up, since a number was none, begins anew. */
  async #orAnew<T>(passes: Promise<T>): Promise<T> {
    try {
      return await passes;
    } catch (thrown) {
      if (EngineError.from(thrown).code === 'non_finite') await this.drop();
      throw thrown;
    }
  }

  /** Positions [from, to) again as they came, so that every row that was kept is kept again. */
  async #passesOver(from: number, to: number): Promise<void> {
    const run = this.#run;
    for (let first = from; first < to; first = run.place.end) {
      await this.#begin({ first, end: Math.min(to, run.passEnd(first)), cursor: 0 });
      await this.#advance(run.ops.length);
      this.#progressed(run.place.end, to);
    }
  }

  /** Makes the run stand there again; breaks do not stop it on the way. */
  async goTo(place: Place): Promise<void> {
    const run = this.#run;
    run.epoch += 1;
    run.hit = null;
    const { trace, breaks } = run;
    const { length } = await trace.abandon();
    const from = length < place.first ? run.passStart(length) : place.first;
    await trace.truncate(from);
    run.epoch += 1; // What was read since then, too.
    if (breaks.length > 0) await trace.setBreaks([]);
    try {
      await this.#passesOver(from, place.first);
      await this.#begin({ ...place, cursor: 0 });
      if (place.cursor > 0) await this.#advance(place.cursor);
    } finally {
      if (breaks.length > 0) await trace.setBreaks([...breaks]);
    }
    if (run.times) await trace.opMs({ reset: true }); // What comes again is not timed.
    run.place = place;
  }

  /** Told a few times a second: a page takes longer to draw than a pass of one token takes. */
  #progressed(done: number, tokens: number) {
    this.#run.progress = { done, tokens };
    const now = performance.now();
    if (now - this.#toldAt < 100) return;
    this.#toldAt = now;
    this.#run.changed();
  }

  /** The engine holds nothing of the text from this position on any more. */
  async forgetFrom(position: number): Promise<void> {
    const { length } = await this.#run.trace.abandon();
    await this.#run.trace.truncate(Math.min(length, position));
  }

  /** The reader's code has failed, or what came of it: the pass at hand is dropped, and begins anew. */
  async drop(): Promise<void> {
    const run = this.#run;
    const { length } = await run.trace.abandon();
    if (run.complete && length === run.place.end) return;
    const first = Math.min(length, run.place.first);
    await run.trace.truncate(first);
    run.epoch += 1;
    this.#past = this.#past.filter(({ end }) => end <= first);
    await this.#begin({ first, end: run.passEnd(first), cursor: 0 });
    run.lookAtCursor(true);
    run.note = `The pass from position ${first} was dropped, and begins anew.`;
  }

  /** Behind the pass over `position` of the branch at hand, as if the run had come there by itself. */
  async takeUp(tokens: readonly TokenPiece[], position: number): Promise<void> {
    const run = this.#run;
    const shared = Math.min(position, commonLength(run.tokens, tokens));
    const moved = movedEdits(run.interventions, run.tokens, tokens);
    const stay = moved === run.interventions;
    const { length } = await run.trace.abandon();
    await run.trace.truncate(stay ? Math.min(length, shared) : 0);
    if (!stay) await run.trace.exchangeEdits(editsOf(moved), 0);
    this.#past = [...this.#past, run.place].filter(({ end }) => end <= shared);
    run.interventions = moved;
    run.tokens = tokens;
    run.note = stay ? '' : 'Edits have moved along with their tokens.';
    const rows = position < run.nPrompt && !run.tokenByToken ? run.model!.session.n_batch : 1;
    const first = position - (position % rows);
    await this.#orAnew(this.goTo({ first, end: run.passEnd(first), cursor: run.ops.length }));
    run.lookAtCursor(true);
  }
}
