// The lab's run: what can be done with its text, its passes and its changes, one thing after another. What it
// is at a moment is in lab-state.ts, what panels read of it in lab-values.ts. No DOM.
import type {
  BenchmarkProgress,
  Break,
  Edit,
  PassState,
  Plan,
  Recording,
  Resampled,
  SamplingParams,
  TapValues,
  TokenPiece,
} from '../protocol.ts';
import type { Client } from './client.ts';
import { EngineError } from './errors.ts';
import { commonLength } from './lab-branches.ts';
import { editsOf, type Intervention, withEdits } from './interventions.ts';
import { LabHooks } from './lab-hooks.ts';
import { LabState, nothingYet, type Place, type Prompt, type StepUnit } from './lab-state.ts';
import { type Held, LabValues } from './lab-values.ts';
import { PassTimes } from './pass-times.ts';
import { notRecorded } from './recorded-engine.ts';
import type { RecordedRun } from './recorded-run.ts';

export type { Place, Prompt, Selection, StepUnit } from './lab-state.ts';
export type { Held } from './lab-values.ts';

const machineTokens = { prompt: 128, generate: 32 };

/** @fires change - anything of the run has changed: where it stands, its text, what is looked at */
export class LabRun extends LabState {
  readonly #values = new LabValues(this);
  #past: Place[] = [];
  #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();
  /** Actions that run or wait for their turn. */
  #waiting = 0;
  /** Random numbers that the engine's sampler has used up. */
  #draws = 0;

  constructor(client: Client) {
    super(client);
    client.addEventListener('load', () => void this.#useModel());
    client.addEventListener('lost', () => void this.#useModel());
  }

  /** The engine is at work for this run. */
  get busy(): boolean {
    return this.#waiting > 0;
  }

  get canGoBack(): boolean {
    return this.#past.length > 0;
  }

  // ---- the text

  /** Begins anew with this text. */
  setPrompt(prompt: Prompt): Promise<void> {
    return this.#alter(async () => {
      const ids = await this.idsOf(prompt);
      this.prompt = prompt;
      await this.#setTokens(ids, ids.length);
    });
  }

  /** Begins anew with these tokens, of which the first nPrompt are the prompt. */
  setIds(ids: readonly number[], nPrompt = ids.length): Promise<void> {
    return this.#alter(() => this.#setTokens(ids, nPrompt));
  }

  /** Back to the beginning; what followed the prompt is forgotten. */
  restart(): Promise<void> {
    return this.#interrupt(async () => {
      this.tokens = this.tokens.slice(0, this.nPrompt);
      this.branches.reset(this.tokens);
      await this.#toStart();
    });
  }

  /** The tokens that a prompt becomes. */
  async idsOf({ text, asChat }: Prompt): Promise<number[]> {
    if (asChat) return [...(await this.client.render([{ role: 'user', content: text }]))];
    const { add_bos, bos_id } = this.model!.info.tokenizer;
    const ids = [...(await this.client.tokenize(text))];
    if (bos_id >= 0 && (add_bos || ids.length === 0)) ids.unshift(bos_id);
    return ids;
  }

  async #setTokens(ids: readonly number[], nPrompt: number): Promise<void> {
    const nCtx = this.model!.session.n_ctx;
    if (ids.length === 0) throw EngineError.of('bad_argument', 'There is no token to begin with.');
    if (ids.length > nCtx) {
      const message = `${ids.length} tokens do not fit into a context of ${nCtx}.`;
      throw EngineError.of('context_full', message, 'the prompt');
    }
    this.tokens = await this.client.pieces(ids);
    this.nPrompt = nPrompt;
    this.branches.reset(this.tokens);
    await this.#toStart();
  }

  async #toStart(): Promise<void> {
    this.#past = [];
    const place = { first: 0, end: this.passEnd(0), cursor: 0 };
    await this.#goTo(place);
    this.select({ position: place.end - 1, op: 0 });
  }

  // ---- transport

  /** One op, layer or token on. A pass that is complete is followed by drawing the next token. */
  step(unit: StepUnit): Promise<void> {
    if (this.busy || !this.plan) return Promise.resolve();
    if (this.recorded && this.ended && this.complete) return Promise.resolve();
    return this.#inTurn(() => this.#step(unit));
  }

  /** Steps until a break, the end of the text or `pause`, and never before panels have read. */
  play(unit: StepUnit): Promise<void> {
    return this.#play(
      unit,
      () => 1000 / this.speed,
      () => false,
    );
  }

  /** Plays at full speed until n more tokens are there. */
  runTokens(n: number): Promise<void> {
    const wanted = this.tokens.length + n;
    const done = () => this.complete && this.tokens.length >= wanted;
    return this.#play('token', () => 0, done);
  }

  /** Stops at once, wherever the pass is. */
  pause(): void {
    this.playing = null;
    this.#abort.abort();
    this.changed();
  }

  /**
   * To where the run stood before the last step, or before the pass at hand began: computed again
   * from what is in the cache.
   */
  back(unit: 'step' | 'token' = 'step'): Promise<void> {
    return this.#interrupt(async () => {
      let place = this.#past.pop();
      const isBetweenPasses = () => place?.cursor === this.ops.length;
      if (unit === 'token') while (this.canGoBack && !isBetweenPasses()) place = this.#past.pop();
      if (!place) return;
      await this.#goTo(place);
      this.lookAtCursor(true);
    });
  }

  setBreaks(breaks: readonly Break[]): Promise<void> {
    return this.#alter(async () => {
      await this.trace.setBreaks([...breaks]);
      this.breaks = breaks;
    });
  }

  async #play(unit: StepUnit, msPerStep: () => number, done: () => boolean): Promise<void> {
    if (this.playing) return;
    this.playing = unit;
    await this.#steps(unit, msPerStep, done);
    this.playing = null;
    this.changed();
  }

  async #steps(unit: StepUnit, msPerStep: () => number, done: () => boolean): Promise<void> {
    while (this.playing && !done()) {
      const began = performance.now();
      const { place } = this;
      await this.step(unit);
      await this.#values.settled();
      if (this.place === place || this.hit || this.error || (this.ended && this.complete)) return;
      const rest = msPerStep() - (performance.now() - began);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  async #step(unit: StepUnit): Promise<void> {
    const { place } = this;
    if (this.hooks?.code.failure) throw this.hooks.code.failure;
    const follows = this.selection.position >= place.end - 1;
    this.hit = null;
    this.note = '';
    if (this.complete) {
      await this.#beginNext();
      if (unit === 'op') {
        this.#past.push(place);
        this.lookAtCursor(follows);
        return;
      }
    }
    const from = this.place.cursor;
    const state = await this.#run(this.#until(unit), this.#abort.signal);
    this.#past.push(place);
    this.place = { ...this.place, cursor: state.cursor };
    // What is recorded was timed before.
    if (!this.recorded)
      this.times?.add(await this.trace.opMs({ reset: true }), this.place, from, state.cursor);
    this.hit = state.hit;
    this.lookAtCursor(follows);
  }

  #until(unit: StepUnit): number {
    const { ops } = this;
    const { cursor } = this.place;
    if (unit === 'op') return cursor + 1;
    if (unit === 'token') return ops.length;
    const next = ops.findIndex(({ layer }, i) => i > cursor && layer !== ops[cursor]!.layer);
    return next < 0 ? ops.length : next;
  }

  /** Begins the pass over what follows; if nothing does, the sampler draws a token first. */
  async #beginNext(): Promise<void> {
    const first = this.place.end;
    const nCtx = this.model!.session.n_ctx;
    if (first >= nCtx) {
      throw EngineError.of('context_full', `The context of ${nCtx} tokens is full.`, 'the run');
    }
    if (first === this.tokens.length) {
      const [piece] = await this.client.pieces([await this.#draw()]);
      this.tokens = [...this.tokens, piece!];
    }
    await this.#begin({ first, end: this.passEnd(first), cursor: 0 });
  }

  /** The n-th token drawn takes the seed's n-th number, however often the run went back. */
  async #draw(): Promise<number> {
    if (this.hooks?.draws) {
      const ids = this.tokens.map(({ id }) => id);
      return this.hooks.draw(await this.client.logits(), ids, this.sampling.seed);
    }
    const nth = this.tokens.length - this.nPrompt + 1;
    let id = 0;
    for (; this.#draws < nth; ++this.#draws) ({ id } = await this.client.sample(this.sampling));
    return id;
  }

  async #begin(place: Place): Promise<void> {
    const ids = this.tokens.slice(place.first, place.end).map(({ id }) => id);
    const { length } = await this.trace.begin(ids);
    if (length !== place.first) {
      throw EngineError.of('changed', 'The context was changed from outside. Begin again.');
    }
    this.place = place;
  }

  /** The pass at hand goes on, and the reader's code takes part in it. */
  async #run(until: number, signal?: AbortSignal): Promise<PassState> {
    const { hooks, place, tokens, trace } = this;
    if (!hooks?.runsInPass) return trace.run({ until, ...(signal ? { signal } : {}) });
    const ids = tokens.slice(0, place.end).map(({ id }) => id);
    return hooks.run(place, ids, until, signal);
  }

  /** Positions from `from` on, as far as the passes that lead to `to`. */
  async #prefill(from: number, to: number): Promise<void> {
    if (!this.hooks?.runsInPass) {
      const before = this.tokens.slice(0, to).map(({ id }) => id);
      await this.client.prefill(before, { onProgress: this.#progressed });
      return;
    }
    for (let first = from; first < to; first = this.place.end) {
      await this.#begin({ first, end: Math.min(to, this.passEnd(first)), cursor: 0 });
      await this.#run(this.ops.length);
      this.#progressed(this.place.end, to);
    }
  }

  /** Makes the run stand there again; breaks do not stop it on the way. */
  async #goTo(place: Place): Promise<void> {
    this.epoch += 1;
    this.hit = null;
    const { trace, breaks } = this;
    const { length } = await trace.abandon();
    await trace.truncate(Math.min(length, place.first));
    this.#draws = 0;
    if (breaks.length > 0) await trace.setBreaks([]);
    try {
      if (length < place.first) await this.#prefill(length, place.first);
      await this.#begin({ ...place, cursor: 0 });
      if (place.cursor > 0) await this.#run(place.cursor);
    } finally {
      if (breaks.length > 0) await trace.setBreaks([...breaks]);
    }
    if (this.times) await trace.opMs({ reset: true }); // What comes again is not timed.
    this.place = place;
  }

  #progressed = (done: number, tokens: number) => {
    this.progress = { done, tokens };
    this.changed();
  };

  // ---- time

  /** From now on steps are timed, op by op; what was timed before is forgotten. */
  timeOps(): Promise<void> {
    return this.#inTurn(async () => {
      await this.trace.opMs({ reset: true });
      this.times = new PassTimes(this.ops, this.recorded?.times);
    });
  }

  /**
   * Measures this machine with the model, from one thread to all of the page's, in sessions apart: the
   * run stands where it is meanwhile. `pause` ends it.
   */
  measureMachine(): Promise<void> {
    return this.#alter(async () => {
      const { signal } = this.#abort;
      const { info, choice } = this.model!;
      this.#measured({ doing: 'getting ready', step: 0, steps: 1, msLeft: null });
      try {
        this.machine = await this.client.benchmark({
          prompt: Math.min(machineTokens.prompt, info.n_ctx_train >> 1),
          generate: Math.min(machineTokens.generate, info.n_ctx_train >> 2),
          threads: doublings(choice.nThreads),
          signal,
          onProgress: (progress) => this.#measured(progress),
        });
      } catch (thrown) {
        if (!signal.aborted) throw thrown;
      } finally {
        this.#measured(null);
      }
    });
  }

  #measured(progress: BenchmarkProgress | null): void {
    this.measuring = progress;
    this.changed();
  }

  // ---- changes

  /** Other sampling from here on: what was drawn behind this place is forgotten. */
  setSampling(sampling: SamplingParams): Promise<void> {
    return this.#alter(() => {
      this.sampling = sampling;
      this.#draws = 0;
      this.forgetTail();
      return Promise.resolve();
    });
  }

  /**
   * From now on this code takes part in the run; null: none. What depends on the code before or on
   * this one is computed again. Code that is refused, or fails there, leaves things as they were.
   */
  setCode(source: string | null): Promise<void> {
    return this.#alter(async () => {
      const { hooks: before, place, client, plan, model } = this;
      const hooks =
        source === null ? null : await LabHooks.start(source, client, plan!, model!.info);
      this.forgetTail();
      try {
        await this.#useHooks(hooks);
        if (hooks?.draws && this.complete) await this.#draw();
      } catch (thrown) {
        hooks?.end();
        this.place = place;
        await this.#useHooks(before?.code.failure ? null : before);
        throw thrown;
      }
      before?.end();
    });
  }

  async #useHooks(hooks: LabHooks | null): Promise<void> {
    const { first, end, cursor } = this.place;
    const changed = [this.hooks, hooks].map((each) => each?.firstChanged(first) ?? Infinity);
    const from = Math.min(...changed);
    this.hooks = hooks;
    this.note = '';
    if (from > first) return;
    if (from < first) await this.#forgetContext();
    await this.#goTo(this.place);
    if (first + cursor === 0) return;
    const whose = hooks ? 'with your code' : 'without your code';
    this.note = `Computed again ${whose}: positions ${from} to ${end - 1}.`;
  }

  async #forgetContext(): Promise<void> {
    await this.trace.abandon();
    await this.trace.truncate(0);
  }

  /** The reader's code has failed, or what came of it: the pass at hand is dropped, and begins anew. */
  async #dropPass(): Promise<void> {
    const { length } = await this.trace.abandon();
    if (this.complete && length === this.place.end) return;
    const first = Math.min(length, this.place.first);
    await this.trace.truncate(first);
    this.epoch += 1;
    this.#past = this.#past.filter(({ end }) => end <= first);
    await this.#begin({ first, end: this.passEnd(first), cursor: 0 });
    this.lookAtCursor(true);
    this.note = `The pass from position ${first} was dropped, and begins anew.`;
  }

  setTokenByToken(on: boolean): Promise<void> {
    return this.#alter(async () => {
      this.tokenByToken = on;
      await this.#toStart();
    });
  }

  /** What the run holds is computed again with these edits; what follows will be drawn anew. */
  setEdits(edits: Edit[]): Promise<void> {
    return this.setInterventions(withEdits(this.interventions, edits));
  }

  /** The same, with those that are switched off. A list that the engine refuses changes nothing. */
  setInterventions(interventions: readonly Intervention[]): Promise<void> {
    return this.#alter(async () => {
      const { rerun, state } = await this.#tryEdits(editsOf(interventions));
      const dropped = this.place.cursor > 0 && !state.begun && !state.complete;
      this.interventions = interventions;
      this.rerun = rerun;
      this.forgetTail();
      if (!this.hooks?.runsInPass) await this.#goTo(this.place);
      this.note = rerun
        ? `Computed again: positions ${rerun.from} to ${rerun.to - 1}. ${rerun.because}`
        : dropped
          ? 'The pass at hand depends on this edit: it was run again to this op.'
          : 'Nothing computed so far depends on this edit.';
    });
  }

  /** Numbers that are none may come of an edit: then those before are in force again. */
  async #tryEdits(edits: Edit[]) {
    const before = [...this.trace.edits];
    const { place } = this;
    const inPass = this.hooks?.runsInPass ?? false;
    // The engine would compute again without the reader's code: it is left nothing to compute.
    if (inPass) await this.#forgetContext();
    try {
      const result = await this.trace.setEdits(edits, { onProgress: this.#progressed });
      if (!inPass) return result;
      await this.#goTo(place);
      const because = 'Your code takes part in every pass.';
      return { ...result, rerun: { from: 0, to: place.end, because } };
    } catch (thrown) {
      this.place = place;
      await this.trace.setEdits(before);
      await this.#goTo(this.place);
      throw thrown;
    }
  }

  /** Saves all rows that are kept of these taps. */
  record(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const end = this.complete ? this.place.end : this.place.first;
      const oldest = Math.max(0, end - (this.kept?.positions ?? 0));
      if (end === oldest) throw EngineError.of('not_computed', 'No position is computed yet.');
      const taps = names.map((name) => this.tap(name)!);
      const recording: Recording = await this.trace.record(taps, oldest, end);
      const label = `${names.join(', ')} at ${oldest} to ${end - 1} of “${this.prompt.text.slice(0, 24)}”`;
      this.recordings = [...this.recordings, { label, recording }];
    });
  }

  /** Keeps these taps as well; the run is computed again from position 0 to have them all. */
  keepAlso(names: readonly string[]): Promise<void> {
    return this.#alter(async () => {
      await this.#values.keepAlso(names);
      await this.trace.truncate(0);
      await this.#goTo(this.place);
      this.note = `Kept ${names.join(', ')} as well: computed again from position 0.`;
    });
  }

  // ---- branches

  /** Puts another token behind `position` and computes it; what followed stays a branch. */
  fork(position: number, id: number): Promise<void> {
    return this.#alter(async () => {
      const nCtx = this.model!.session.n_ctx;
      if (position + 1 >= nCtx) {
        throw EngineError.of('context_full', `The context of ${nCtx} tokens is full.`, 'the run');
      }
      const [piece] = await this.client.pieces([id]);
      this.branches.fork(this.tokens, [...this.tokens.slice(0, position + 1), piece!]);
      await this.#goToBranch(position + 1);
    });
  }

  /** To the end of a branch. */
  goToBranch(branch: number): Promise<void> {
    return this.#interrupt(async () => {
      this.branches.goTo(this.tokens, branch);
      await this.#goToBranch(this.branches.tokens.length - 1);
    });
  }

  /** Behind the pass over `position` of the branch at hand, as if the run had come there by itself. */
  async #goToBranch(position: number): Promise<void> {
    const { tokens } = this.branches;
    const shared = Math.min(position, commonLength(this.tokens, tokens));
    const { length } = await this.trace.abandon();
    await this.trace.truncate(Math.min(length, shared));
    this.#past = [...this.#past, this.place].filter(({ end }) => end <= shared);
    this.tokens = tokens;
    const rows = position < this.nPrompt && !this.tokenByToken ? this.model!.session.n_batch : 1;
    const first = position - (position % rows);
    await this.#goTo({ first, end: this.passEnd(first), cursor: this.ops.length });
    this.lookAtCursor(true);
  }

  dismissError(): void {
    this.error = null;
    this.changed();
  }

  // ---- what panels read

  /** See LabValues, also of what follows. */
  resample(position: number, sampling = this.sampling): Promise<Resampled & { ms: number }> {
    return this.#values.resample(position, sampling);
  }

  pieces(ids: readonly number[]): Promise<ReadonlyMap<number, TokenPiece>> {
    return this.#values.pieces(ids);
  }

  held(name: string, position: number): Held {
    return this.#values.held(name, position);
  }

  heldNorm(name: string, position: number): Held {
    return this.#values.heldNorm(name, position);
  }

  read(name: string, first: number, end = first + 1): Promise<TapValues> {
    return this.#values.read(name, first, end);
  }

  norms(name: string, first: number, end: number): Promise<Float32Array> {
    return this.#values.norms(name, first, end);
  }

  once<T>(key: string, read: () => Promise<T>): Promise<T> {
    return this.#values.once(key, read);
  }

  waitFor(reading: Promise<unknown>): void {
    this.#values.waitFor(reading);
  }

  // ---- order

  async #useModel(): Promise<void> {
    this.playing = null;
    this.#abort.abort();
    this.plan = null;
    this.times = null;
    this.machine = null;
    this.kept = null;
    this.tokens = [];
    this.place = nothingYet;
    this.breaks = [];
    this.hooks?.end();
    this.hooks = null;
    this.interventions = [];
    this.rerun = null;
    this.recordings = [];
    this.error = null;
    this.model = this.client.model;
    if (!this.model) {
      this.changed();
      return;
    }
    await this.#interrupt(async () => {
      const plan = await this.trace.plan();
      this.taps = new Map(plan.taps.map((tap) => [tap.name, tap]));
      await this.#values.keep([]);
      if (this.recorded) {
        await this.#useRecorded(this.recorded, plan);
        return;
      }
      const ids = await this.idsOf(this.prompt);
      this.plan = plan;
      await this.#setTokens(ids, ids.length);
    });
  }

  /** Begins where the recording was made: at its end. */
  async #useRecorded(recorded: RecordedRun, plan: Plan): Promise<void> {
    const { experiment, tokens, nPrompt } = recorded;
    const { prompt, sampling, tokenByToken, interventions, selection } = experiment;
    const bytes = tokens.slice(0, nPrompt).map((token) => new TextDecoder().decode(token.bytes));
    this.prompt = 'ids' in prompt ? { text: bytes.join(''), asChat: false } : prompt;
    this.sampling = sampling;
    this.tokenByToken = tokenByToken;
    this.interventions = interventions;
    this.times = recorded.times && new PassTimes(plan.ops, recorded.times);
    this.hooks?.end();
    this.hooks = null;
    await this.trace.setEdits(editsOf(interventions));
    this.plan = plan;
    const ids = tokens.map(({ id }) => id);
    await this.#setTokens(ids, nPrompt);
    while (!this.complete || !this.ended) await this.#step('token');
    this.select(selection);
  }

  /** Stops what runs, then does this. */
  #interrupt(action: () => Promise<void>): Promise<void> {
    this.playing = null;
    this.#abort.abort();
    return this.#inTurn(action);
  }

  /** The same of what only an engine can do. */
  #alter(action: () => Promise<void>): Promise<void> {
    return this.#interrupt(() => {
      if (!this.recorded) return action();
      throw notRecorded('A recorded run cannot be changed. Load its model to go on from here.');
    });
  }

  #inTurn(action: () => Promise<void>): Promise<void> {
    this.#waiting += 1;
    this.#work = this.#work.then(async () => {
      await this.#act(action);
      this.#waiting -= 1;
      this.changed();
    });
    return this.#work;
  }

  async #act(action: () => Promise<void>): Promise<void> {
    const { model } = this;
    if (!model) return;
    this.#abort = new AbortController();
    this.changed();
    try {
      await action();
    } catch (thrown) {
      // A model that is gone is told of by the client.
      if (this.client.model === model) await this.#failed(EngineError.from(thrown));
    }
    this.progress = null;
  }

  async #failed(error: EngineError): Promise<void> {
    this.error = error;
    const { hooks } = this;
    if (!hooks?.code.failure && !(hooks?.runsInPass && error.code === 'non_finite')) return;
    // If even that fails, the next step says why.
    await this.#dropPass().catch(() => undefined);
  }
}

/** 1, 2, 4 ... and n. */
function doublings(n: number): number[] {
  const found: number[] = [];
  for (let each = 1; each < n; each *= 2) found.push(each);
  return [...found, Math.max(1, n)];
}
