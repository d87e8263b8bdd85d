// A recorded run in an engine's place: it is moved as an engine is, and what was recorded is its
// answer. Nothing is computed; what is not there is said to be so.
import type { CallName, Calls, KvState, Lens, PassState, TapValues } from '../protocol.ts';
import { EngineError } from './errors.ts';
import {
  type Answer,
  keyOf,
  type RecordedCall,
  type RecordedCalls,
  type RecordedRun,
} from './recorded-run.ts';

type EngineCall = Extract<RecordedCall, CallName>;

const toSave = 'To have it, save the run again with it.';

/** What is missing where there is no answer, and what can be done. */
const missing: { [K in EngineCall]: (args: Calls[K]['args']) => string } = {
  tensors: () => `Where the file’s tensors lie is not in the recording. ${toSave}`,
  tokenMerges: ({ id }) => `The merges of token ${id} are not in the recording.`,
  traceRead: ({ name, first }) =>
    `${name} at position ${first} is not in the recording. Keep it in the lab, and save the run again.`,
  traceAttention: ({ layer, head, position }) =>
    `The attention of layer ${layer}, head ${head} at position ${position} is not in the recording. ${toSave}`,
  traceLens: ({ name, position }) =>
    `The lens on ${name} at position ${position} is not in the recording. ${toSave}`,
  resample: ({ at }) =>
    `The recording holds draws as the run made them, and not this one behind position ${at?.position}. The model draws again with any settings.`,
  kvSlot: ({ layer, kvHead, position }) =>
    `The keys and values of layer ${layer}, KV head ${kvHead} at position ${position} are not in the recording. ${toSave}`,
  traceCell: ({ name, position, element }) =>
    `How element ${element} of ${name} comes about at position ${position} is not in the recording: it holds element 0 at most. The model has them all.`,
  matrixRow: ({ row }) =>
    `Row ${row} of this matrix is not in the recording: it holds row 0 and the tokens’ rows at most. The model has them all.`,
  vector: ({ name }) => `${name} is not in the recording. ${toSave}`,
  matrixBlock: ({ row, block }) =>
    `Block ${block} of row ${row} of this matrix is not in the recording: it holds the first one at most. The model has them all.`,
};

export function notRecorded(message: string): EngineError {
  return EngineError.of('not_recorded', message);
}

const needsEngine = 'This is a recorded run, and this needs the model. Load it to go on from here.';

type Handlers = { [K in CallName]?: (args: Calls[K]['args']) => Calls[K]['result'] };

export class RecordedEngine {
  readonly run: RecordedRun;
  readonly #answers: ReadonlyMap<string, Answer>;
  readonly #pieces: ReadonlyMap<number, RecordedRun['pieces'][number]>;
  /** By op, the name under which its rows are recorded: a tap may have two. */
  readonly #names = new Map<number | undefined, string>();
  /** Positions in the context, those of the pass at hand, and its ops that have run. */
  #length = 0;
  #rows = 0;
  #cursor = 0;

  constructor(run: RecordedRun) {
    this.run = run;
    this.#answers = new Map(run.answers.map((one) => [keyOf(one.call, one.args), one]));
    this.#pieces = new Map([...run.pieces, ...run.tokens].map((piece) => [piece.id, piece]));
    for (const { call, args } of run.answers) {
      if (call === 'traceRead') this.#names.set(this.#tap(args.name)?.op, args.name);
    }
  }

  call<K extends CallName>(call: K, args: Calls[K]['args']): Promise<Calls[K]['result']> {
    return Promise.resolve().then(() => {
      const handler: ((args: Calls[K]['args']) => Calls[K]['result']) | undefined =
        this.#handlers[call];
      if (!handler) throw notRecorded(needsEngine);
      return handler(args);
    });
  }

  /** As of a worker: there is nothing to end. */
  end(): void {}

  readonly #handlers: Handlers = {
    plan: () => this.run.plan,
    pieces: ({ ids }) => Array.from(ids, (id) => this.#piece(id)),
    memory: () => ({ ...this.run.memory, contextTokens: this.#length }),
    kv: () => this.#kv(),
    traceKeep: () => this.run.kept,
    context: () => this.#ids(0, this.#length),
    opMs: () => new Float64Array(this.run.plan.ops.length),
    logits: () => this.#logits(),

    passBegin: ({ ids }) => this.#begin(ids),
    passRun: ({ until }) => this.#run(until),
    passAbandon: () => this.#stand(this.#length),
    truncate: ({ length }) => this.#stand(Math.min(length, this.#length)),
    prefill: ({ ids }) => {
      this.#follow(0, ids);
      this.#stand(ids.length);
      return { tokens: ids.length, reused: 0, ms: 0 };
    },
    sample: () => {
      const next = this.run.tokens[this.#length];
      if (!next) throw notRecorded('The recording ends here. Load the model to go on.');
      return { id: next.id, text: new TextDecoder().decode(next.bytes) };
    },
    traceBreaks: ({ breaks }) => {
      if (breaks.length > 0) throw notRecorded(needsEngine);
      return 0;
    },
    // Those of the recording: LabRun asks for no others.
    traceEdits: () => ({ rerun: null, state: this.#state() }),

    tokenMerges: (args) => this.#answer('tokenMerges', args),
    traceRead: (args) => this.#rowsOf(args),
    traceAttention: (args) => this.#answer('traceAttention', args),
    traceLens: (args) => this.#lens(args),
    resample: (args) => this.#answer('resample', args),
    kvSlot: (args) => this.#answer('kvSlot', args),
    traceCell: (args) => this.#answer('traceCell', args),
    matrixRow: (args) => this.#answer('matrixRow', args),
    matrixBlock: (args) => this.#answer('matrixBlock', args),
    vector: (args) => this.#answer('vector', args),
    tensors: (args) => this.#answer('tensors', args),
    reference: () => null, // Nothing to compare weights with.
  };

  // ---- where it stands

  #begin(ids: Int32Array): PassState {
    this.#follow(this.#length, ids);
    this.#rows = ids.length;
    this.#cursor = 0;
    return this.#state();
  }

  #run(until: number): PassState {
    const { length: nOps } = this.run.plan.ops;
    this.#cursor = Math.min(nOps, Math.max(this.#cursor, until));
    if (this.#cursor === nOps) {
      this.#length += this.#rows;
      this.#rows = 0;
    }
    return this.#state();
  }

  #stand(length: number): PassState {
    this.#length = length;
    this.#rows = 0;
    this.#cursor = 0;
    return this.#state();
  }

  #state(): PassState {
    const { length: nOps } = this.run.plan.ops;
    const begun = this.#rows > 0;
    const complete = !begun && this.#cursor === nOps;
    return { cursor: this.#cursor, nOps, complete, begun, length: this.#length, hit: null };
  }

  #follow(first: number, ids: Int32Array): void {
    if (ids.some((id, i) => id !== this.run.tokens[first + i]?.id)) throw notRecorded(needsEngine);
  }

  #ids(first: number, end: number): Int32Array {
    return Int32Array.from(this.run.tokens.slice(first, end), ({ id }) => id);
  }

  // ---- what it answers

  #answer<K extends EngineCall>(call: K, args: Calls[K]['args']): RecordedCalls[K] {
    const found = this.#answers.get(keyOf(call, args));
    if (!found) throw notRecorded(missing[call](args));
    return found.result as RecordedCalls[K];
  }

  #piece(id: number) {
    const piece = this.#pieces.get(id);
    if (!piece) throw notRecorded(`Token ${id} of the vocabulary is not in the recording.`);
    return piece;
  }

  #tap(name: string) {
    return this.run.plan.taps.find((tap) => tap.name === name);
  }

  #rowsOf(args: Calls['traceRead']['args']): TapValues {
    const { name, first, end } = args;
    const tap = this.#tap(name);
    const all = this.#answer('traceRead', { ...args, name: this.#names.get(tap?.op) ?? name });
    const from = (first - all.first) * all.width;
    const data = all.data.subarray(Math.max(0, from), (end - all.first) * all.width);
    if (from < 0 || data.length !== (end - first) * all.width) {
      throw notRecorded(missing.traceRead(args));
    }
    const { unit } = tap!;
    const axes = tap!.axes.slice(0, all.axes.length);
    return { ...all, name, axes, unit, first, positions: end - first, data: data.slice() };
  }

  #logits(): Float32Array {
    if (this.#length === 0) throw EngineError.of('no_logits', 'Nothing is computed yet.');
    const position = this.#length - 1;
    return this.#rowsOf({ name: 'logits', first: position, end: position + 1 }).data;
  }

  /** Logits that are not recorded are no numbers. */
  #lens(args: Calls['traceLens']['args']): Lens {
    const { name, position, top, ids, logits } = this.#answer('traceLens', args);
    if (!args.all) return { name, position, top, logits: null };
    const all = new Float32Array(this.run.model.info.n_vocab).fill(NaN);
    ids.forEach((id, i) => (all[id] = logits[i]!));
    return { name, position, top, logits: all };
  }

  #kv(): KvState {
    const { kv } = this.run;
    const blocks = Math.ceil(this.#length / kv.blockPositions);
    return { ...kv, table: kv.table.slice(0, blocks), length: this.#length };
  }
}
