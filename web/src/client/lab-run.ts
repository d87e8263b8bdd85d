// The lab's run: all that can be done with it, one thing after another. What it is at a moment is in
// lab-state.ts, how it moves in lab-passes.ts, what edits and code change in lab-changes.ts, what panels
// read of it in lab-values.ts. No DOM.
import type {
  Break,
  Edit,
  Plan,
  Recording,
  Resampled,
  SamplingParams,
  TapValues,
  TokenPiece,
} from '../protocol.ts';
import type { Client } from './client.ts';
import { EngineError } from './errors.ts';
import { editsOf, type Intervention, withEdits } from './interventions.ts';
import { LabChanges } from './lab-changes.ts';
import { keptPositions, readRows } from './lab-kept.ts';
import { measureMachine, raceKernels } from './lab-machine.ts';
import { LabPasses } from './lab-passes.ts';
import { LabState, nothingYet, type Prompt, promptOf, type StepUnit } from './lab-state.ts';
import { type Held, LabValues } from './lab-values.ts';
import { PassTimes } from './pass-times.ts';
import { notRecorded } from './recorded-engine.ts';
import type { RecordedRun } from './recorded-run.ts';
import { mergedParts } from './token-parts.ts';

export type { Place, Prompt, Selection, StepUnit } from './lab-state.ts';
export type { Held } from './lab-values.ts';

/** What is to be, or what makes it of what is when its turn comes: acts before it may still run. */
export type Next<T> = T | ((now: T) => T);

const nextOf = <T>(next: Next<T>, now: T): T =>
  typeof next === 'function' ? (next as (now: T) => T)(now) : next;

/** @fires change - anything of the run has changed: where it stands, its text, what is looked at */
export class LabRun extends LabState {
  readonly #passes = new LabPasses(this);
  readonly #changes = new LabChanges(this, this.#passes);
  readonly #values = new LabValues(this);
  #abort = new AbortController();
  #work: Promise<void> = Promise.resolve();
  /** Actions that run or wait for their turn. */
  #waiting = 0;
  /** Counts the times that playing began. */
  #plays = 0;

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
    return this.#passes.canGoBack;
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
      this.branches.reset(this.tokens, this.nPrompt);
      await this.#passes.toStart();
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
    this.branches.reset(this.tokens, nPrompt);
    await this.#passes.toStart();
  }

  // ---- transport

  /** One op, layer or token on. A pass that is complete is followed by drawing the next token. */
  step(unit: StepUnit): Promise<void> {
    if (this.busy || !this.plan) return Promise.resolve();
    if (this.recorded && this.ended && this.complete) return Promise.resolve();
    return this.#inTurn(() => this.#passes.step(unit, this.#abort.signal));
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
    return this.#interrupt(() => this.#passes.back(unit));
  }

  setBreaks(next: Next<readonly Break[]>): Promise<void> {
    return this.#alter(async () => {
      const breaks = nextOf(next, this.breaks);
      await this.trace.setBreaks([...breaks]);
      this.breaks = breaks;
    });
  }

  async #play(unit: StepUnit, msPerStep: () => number, done: () => boolean): Promise<void> {
    if (this.playing) return;
    this.playing = unit;
    const nth = ++this.#plays;
    // It may be paused, and played anew, while a step or the time behind it is not over.
    const isOver = () => !this.playing || this.#plays !== nth || done();
    await this.#steps(unit, msPerStep, isOver);
    if (this.#plays !== nth) return;
    this.playing = null;
    this.changed();
  }

  async #steps(unit: StepUnit, msPerStep: () => number, isOver: () => boolean): Promise<void> {
    for (;;) {
      while (this.busy) await this.#work;
      if (isOver()) return;
      const began = performance.now();
      const { place } = this;
      await this.step(unit);
      await this.#values.settled();
      if (this.place === place || this.hit || this.error || (this.ended && this.complete)) return;
      const rest = msPerStep() - (performance.now() - began);
      if (rest > 0) await new Promise((resolve) => setTimeout(resolve, rest));
    }
  }

  // ---- time

  /**
   * From now on steps are timed, op by op; what was timed before is forgotten. Between two steps it
   * takes no turn: who steps on need not know of a panel that begins to time.
   */
  timeOps(): Promise<void> {
    const begin = async () => {
      this.times = new PassTimes(this.ops, this.recorded?.times);
      await this.trace.opMs({ reset: true });
    };
    return this.busy ? this.#inTurn(begin) : begin().then(() => this.changed());
  }

  /**
   * Measures this machine with the model, from one thread to all of the page's, in sessions apart: the
   * run stands where it is meanwhile. `pause` ends it.
   */
  measureMachine(): Promise<void> {
    return this.#alter(() => measureMachine(this, this.#abort.signal));
  }

  /** The same by two kernel sets, in turns. */
  raceKernels(a: string, b: string): Promise<void> {
    return this.#alter(() => raceKernels(this, [a, b], this.#abort.signal));
  }

  // ---- changes

  /** Other sampling from here on: what was drawn behind this place is forgotten. */
  setSampling(next: Next<SamplingParams>): Promise<void> {
    return this.#alter(() => {
      this.sampling = nextOf(next, this.sampling);
      this.forgetTail();
      return Promise.resolve();
    });
  }

  /**
   * From now on this code takes part in the run; null: none. What depends on the code before or on
   * this one is computed again. Code that is refused, or fails there, leaves things as they were.
   */
  setCode(source: string | null): Promise<void> {
    return this.#alter(() => this.#changes.setCode(source));
  }

  setTokenByToken(on: boolean): Promise<void> {
    return this.#alter(async () => {
      this.tokenByToken = on;
      await this.#passes.toStart();
    });
  }

  /** What the run holds is computed again with these edits; what follows will be drawn anew. */
  setEdits(next: Next<readonly Edit[]>): Promise<void> {
    return this.setInterventions((now) => withEdits(now, nextOf(next, this.edits)));
  }

  /** The same, with those that are switched off. A list that the engine refuses changes nothing. */
  setInterventions(next: Next<readonly Intervention[]>): Promise<void> {
    return this.#alter(() => this.#changes.setInterventions(nextOf(next, this.interventions)));
  }

  /** Saves all rows that are kept of these taps. */
  record(names: readonly string[]): Promise<void> {
    return this.#inTurn(async () => {
      const { first, end } = keptPositions(this);
      if (end === first) throw EngineError.of('not_computed', 'No position is computed yet.');
      const rows = await readRows(this, names, first, end);
      const recording: Recording = Object.fromEntries(rows.map((tap) => [tap.name, tap]));
      const label = `${names.join(', ')} at ${first} to ${end - 1} of “${this.prompt.text.slice(0, 24)}”`;
      this.recordings = [...this.recordings, { label, recording }];
    });
  }

  /** Keeps these taps as well; the run is computed again from position 0 to have them all. */
  keepAlso(names: readonly string[]): Promise<void> {
    return this.#alter(async () => {
      await this.#values.keepAlso(names);
      await this.trace.truncate(0);
      await this.#passes.goTo(this.place);
      this.note = `Kept ${names.join(', ')} as well: computed again from position 0.`;
    });
  }

  // ---- branches

  /** Puts another token behind `position` and computes it; what followed stays a branch. */
  fork(position: number, id: number): Promise<void> {
    return this.#alter(async () => {
      this.#passes.refuseFull(position + 1);
      if (!this.tokens[position]) {
        const message = `There is no token at position ${position} to fork behind.`;
        throw EngineError.of('bad_argument', message, 'the run');
      }
      const [piece] = await this.client.pieces([id]);
      const tokens = [...this.tokens.slice(0, position + 1), piece!];
      this.branches.fork(this.tokens, tokens, Math.min(this.nPrompt, position + 1));
      this.nPrompt = this.branches.nPrompt;
      await this.#passes.takeUp(this.branches.tokens, position + 1);
    });
  }

  /**
   * Puts the two tokens that a token's last merge joins in its place, and computes to the end of the
   * text, whose bytes are the same; the tokens as they were stay a branch.
   */
  splitToken(position: number): Promise<void> {
    return this.#alter(async () => {
      this.#passes.refuseFull(this.tokens.length);
      const ids = this.tokens.map(({ id }) => id);
      const parts = await this.#partsAt(position);
      // All are new pieces: what was drawn behind the token was not drawn behind its parts.
      const tokens = await this.client.pieces(ids.toSpliced(position, 1, ...parts));
      this.branches.fork(this.tokens, tokens, this.nPrompt + (position < this.nPrompt ? 1 : 0));
      this.nPrompt = this.branches.nPrompt;
      await this.#passes.takeUp(this.branches.tokens, tokens.length - 1);
      this.select({ position });
      this.note = `Token ${position} is two tokens now, what follows is kept, and all is computed again; the tokens as they were are another branch. ${this.note}`;
    });
  }

  async #partsAt(position: number): Promise<[number, number]> {
    const id = this.tokens[position]?.id ?? -1;
    const parts = mergedParts(id, await this.trace.merges(id));
    if (parts) return parts;
    throw EngineError.of('bad_argument', `No merges lead to token ${position}.`, 'the run');
  }

  /** To the end of a branch. */
  goToBranch(branch: number): Promise<void> {
    return this.#interrupt(async () => {
      this.branches.goTo(this.tokens, branch);
      this.nPrompt = this.branches.nPrompt;
      await this.#passes.takeUp(this.branches.tokens, this.branches.tokens.length - 1);
    });
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

  keeps(name: string): boolean {
    return this.#values.keeps(name);
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

  /** Panels still read: what they show may be of before. */
  get reading(): boolean {
    return this.#values.reading;
  }

  // ---- order

  async #useModel(): Promise<void> {
    this.playing = null;
    this.#abort.abort();
    this.plan = null;
    this.times = null;
    this.machine = this.race = null;
    this.kept = null;
    this.tokens = [];
    this.place = nothingYet;
    this.breaks = [];
    this.hooks?.end();
    this.hooks = null;
    this.interventions = [];
    this.rerun = null;
    this.passRerun = false;
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
    this.prompt = 'ids' in prompt ? promptOf(tokens.slice(0, nPrompt)) : prompt;
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
    while (!this.complete || !this.ended) await this.#passes.step('token', this.#abort.signal);
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
    this.error = null; // Of an action before; whoever asked for that one has read it.
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
    await this.#passes.drop().catch(() => undefined);
  }
}
