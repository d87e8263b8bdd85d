// What a lab's run is at a moment: its text, the pass over it and where that stands, what is looked at,
// and what follows from these. Nothing here asks the engine. Who changes it says so with `changed`.
import type {
  BenchmarkProgress,
  BenchmarkResult,
  Break,
  BreakHit,
  Edit,
  Kept,
  LoadedModel,
  OpInfo,
  Plan,
  Rerun,
  SamplingParams,
  TapInfo,
  TokenPiece,
} from '../protocol.ts';
import type { Client } from './client.ts';
import { defaultSampling } from './defaults.ts';
import { DrawnTokens } from './drawn-tokens.ts';
import type { EngineError } from './errors.ts';
import type { Intervention, SavedRecording } from './interventions.ts';
import { joined } from './joined.ts';
import { Branches } from './lab-branches.ts';
import type { LabHooks } from './lab-hooks.ts';
import type { PassTimes } from './pass-times.ts';
import type { RecordedRun } from './recorded-run.ts';
import type { Trace } from './trace.ts';

export type StepUnit = 'op' | 'layer' | 'token';

/** Where a run stands: in the pass over positions [first, end), behind `cursor` ops. */
export interface Place {
  first: number;
  end: number;
  cursor: number;
}

/** What all panels look at. */
export interface Selection {
  position: number;
  layer: number;
  head: number;
  op: number;
}

export interface Prompt {
  text: string;
  /** In the model's chat template, as a message to it. */
  asChat: boolean;
}

/** Tokens that did not come of a text, as the text that they are. */
export function promptOf(tokens: readonly TokenPiece[]): Prompt {
  const bytes = joined(
    tokens.map((token) => token.bytes),
    Uint8Array,
  );
  return { text: new TextDecoder().decode(bytes), asChat: false };
}

export const nothingYet: Place = { first: 0, end: 0, cursor: 0 };

/** @fires change - anything of the run has changed: where it stands, its text, what is looked at */
export class LabState extends EventTarget {
  readonly client: Client;
  /** null: no model is there, or its plan has not been read yet. */
  plan: Plan | null = null;
  model: LoadedModel | null = null;
  prompt: Prompt = { text: 'Once upon a time', asChat: false };
  /** The prompt's tokens and those that followed. Positions from `place.end` on come again. */
  tokens: readonly TokenPiece[] = [];
  nPrompt = 0;
  place: Place = nothingYet;
  /** The break at which the run stands. */
  hit: BreakHit | null = null;
  breaks: readonly Break[] = [];
  kept: Kept | null = null;
  sampling: SamplingParams = { ...defaultSampling };
  /** All edits of the reader; those that are on are `edits`. */
  interventions: readonly Intervention[] = [];
  /** What the last change of the edits made the engine compute again; null: nothing. */
  rerun: Rerun | null = null;
  /** It made the pass at hand run again to where it stands. */
  passRerun = false;
  /** Values of runs before, for edits that patch. */
  recordings: readonly SavedRecording[] = [];
  /** Code of the reader's own, which takes part in the run. */
  hooks: LabHooks | null = null;
  /** The prompt goes in one token a pass, and not in one pass of many rows. */
  tokenByToken = false;
  selection: Selection = { position: 0, layer: 0, head: 0, op: 0 };
  playing: StepUnit | null = null;
  /** Steps a second; Infinity: as fast as panels can show. */
  speed = 2;
  /** Of tokens that are computed again. */
  progress: { done: number; tokens: number } | null = null;
  /** The texts that forking has left, and the one at hand. */
  readonly branches = new Branches();
  readonly drawn = new DrawnTokens();
  /** What has happened besides a step, in a sentence. */
  note = '';
  error: EngineError | null = null;
  /** Counts the times that values read before have become stale. */
  epoch = 0;
  /** What steps took, op by op, since `timeOps`; null: nothing is timed. */
  times: PassTimes | null = null;
  /** What was measured of this machine with this model; null: nothing yet. */
  machine: BenchmarkResult | null = null;
  /** The same by two kernel sets. */
  race: BenchmarkResult | null = null;
  /** How far what is being measured has come. */
  measuring: (BenchmarkProgress & { what: 'machine' | 'kernels' }) | null = null;
  protected taps = new Map<string, TapInfo>();

  constructor(client: Client) {
    super();
    this.client = client;
  }

  get trace(): Trace {
    return this.client.trace;
  }

  get ops(): readonly OpInfo[] {
    return this.plan?.ops ?? [];
  }

  /** What plays in a model's place: it moves, and nothing of it can be changed. */
  get recorded(): RecordedRun | null {
    return this.client.recorded;
  }

  get edits(): readonly Edit[] {
    return this.model ? this.trace.edits : [];
  }

  /** All ops of the pass have run: its last token's logits are there. */
  get complete(): boolean {
    return this.place.end > 0 && this.place.cursor === this.ops.length;
  }

  /** The newest token ends the text, by the model's own word or since no more is recorded. */
  get ended(): boolean {
    if (this.recorded) return this.place.end === this.recorded.tokens.length;
    const last = this.tokens.at(-1);
    const eot = this.model?.info.tokenizer.eot_ids ?? [];
    const isLast = this.place.end === this.tokens.length && this.tokens.length > this.nPrompt;
    return last !== undefined && isLast && eot.includes(last.id);
  }

  tap(name: string): TapInfo | undefined {
    return this.taps.get(name);
  }

  /** Positions [first, end) of the pass that computes a position. */
  passOf(position: number): { first: number; end: number } {
    const { first, end } = this.place;
    if (position >= first && position < end) return { first, end };
    const at = this.passStart(position);
    return { first: at, end: this.passEnd(at) };
  }

  /** The first position that has logits: the first pass's last. */
  get logitsFrom(): number {
    return this.passEnd(0) - 1;
  }

  /** Where the pass begins that computes a position, however far the run has come. */
  passStart(position: number): number {
    let at = 0;
    while (this.passEnd(at) <= position) at = this.passEnd(at);
    return at;
  }

  /** Where a pass ends that begins at `first`. */
  passEnd(first: number): number {
    // What followed the prompt comes again as it came: token by token.
    if (this.tokenByToken || first >= this.nPrompt) return first + 1;
    return Math.min(this.nPrompt, first + this.model!.session.n_batch);
  }

  select(change: Partial<Selection>): void {
    const { info } = this.model ?? {};
    const within = (value: number, size: number) =>
      Math.max(0, Math.min(size - 1, Math.trunc(value) || 0));
    const next = { ...this.selection, ...change };
    this.selection = {
      position: within(next.position, this.tokens.length),
      layer: within(next.layer, info?.n_layers ?? 1),
      head: within(next.head, info?.n_heads ?? 1),
      op: within(next.op, this.ops.length),
    };
    this.changed();
  }

  /** Selects the op that has run last; `follows`: and the position of the pass. */
  lookAtCursor(follows: boolean): void {
    const op = Math.max(0, this.place.cursor - 1);
    const layer = this.ops[op]!.layer;
    this.select({
      op,
      ...(layer >= 0 ? { layer } : {}),
      ...(follows ? { position: this.place.end - 1 } : {}),
    });
  }

  /** What was drawn behind this place is forgotten. */
  forgetTail(): void {
    this.tokens = this.tokens.slice(0, Math.max(this.nPrompt, this.place.end));
  }

  changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}
