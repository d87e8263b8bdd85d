// What the worker does for each call, with the model that is loaded. protocol.ts has the types.
import type {
  CallName,
  Calls,
  LoadChoice,
  LogitsFrom,
  Memory,
  OpTime,
  Resampled,
  SamplingParams,
} from '../protocol.ts';
import { benchmark } from './benchmark.ts';
import { chat } from './chat.ts';
import { wholeIn } from './edits.ts';
import { freeing } from './engine.ts';
import { GlassBox } from './glass-box.ts';
import { chooseKernels } from './kernel-choice.ts';
import { Failure } from './failure.ts';
import { loadModel, type Ready } from './load-model.ts';
import { promptIds } from './prompt.ts';
import { Reference } from './reference.ts';
import { Sampler } from './sampler.ts';
import type { Logits, Session } from './session.ts';
import { TextStream } from './text-stream.ts';
import { forward, prefill } from './token-loop.ts';

/** What a handler may use besides its arguments. */
interface Context<K extends CallName> {
  emit: (event: Calls[K]['event']) => void;
  signal: AbortSignal;
  proceed: () => Promise<LoadChoice>;
}

type Handlers = {
  [K in CallName]: (
    args: Calls[K]['args'],
    context: Context<K>,
  ) => Promise<Calls[K]['result']> | Calls[K]['result'];
};

let loaded: Ready | null = null;
let choosing: Promise<void> = Promise.resolve();
let logitsAreThere = false;
/** What prefill and step have put into the context: a new sampler's history. */
let history: number[] = [];
let sampler: { key: string; sampler: Sampler } | null = null;
/** How often it has sampled. */
let draws = 0;

/** A file that the loaded model is compared with. */
let reference: Reference | null = null;
let glassBox: GlassBox | null = null;
/** The tokens of a pass that `passBegin` has begun. */
let passIds: number[] = [];

function glass(): GlassBox {
  return (glassBox ??= new GlassBox(ready()));
}

function ready(): Ready {
  if (!loaded) throw new Failure('no_model', 'No model is loaded.');
  return loaded;
}

/** By the engine's number. */
const tokenKinds = [
  'normal',
  'normal',
  'unknown',
  'control',
  'user_defined',
  'unused',
  'byte',
] as const;

export const handlers: Handlers = {
  async load(args, { emit, proceed }) {
    loaded = await loadModel(args, emit, proceed);
    glassBox = null;
    reference = null; // Its memory is the engine's before.
    const { session } = loaded;
    choosing = chooseKernels(session, loaded.loaded.build, args.engineUrl, () => busy);
    return loaded.loaded;
  },

  tokenize: ({ text, special }) => Int32Array.from(ready().tokenizer.encode(text, special)),

  pieces: ({ ids }) =>
    [...ids].map((id) => {
      const { model } = ready();
      const bytes = model.tokenText(id);
      return { id, bytes, kind: tokenKinds[model.tokenKind(id)]! };
    }),

  tokenMerges({ id }) {
    const { model, tokenizer } = ready();
    return tokenKinds[model.tokenKind(id)] === 'normal' ? tokenizer.merges(id) : [];
  },

  detokenize({ ids, special }) {
    const stream = new TextStream(ready().model, special);
    return freeing([stream], () => {
      let text = '';
      for (const id of ids) text += stream.push(id);
      return text + stream.flush();
    });
  },

  render({ messages }) {
    const { model, tokenizer } = ready();
    return Int32Array.from(promptIds(messages, '', model.info, tokenizer.encode));
  },

  prefill: (args, { emit, signal }) =>
    exclusively(async () => {
      const { session } = ready();
      const ids = [...args.ids];
      if (ids.length === 0) throw new Failure('bad_argument', 'There is no token to prefill.');
      if (ids.length > session.nCtx) {
        const message = `${ids.length} tokens do not fit into a context of ${session.nCtx}.`;
        throw new Failure('context_full', message, { place: 'prefill' });
      }
      const started = performance.now();
      const reused = Math.min(session.commonPrefix(ids), ids.length - 1);
      forgetLogits();
      await prefill(session, ids, signal, (done) =>
        emit({ type: 'prefill', done, tokens: ids.length }),
      );
      logitsAreThere = true;
      history = ids;
      return { tokens: session.length, reused, ms: performance.now() - started };
    }),

  step: ({ id }, { signal }) =>
    exclusively(async () => {
      const { session } = ready();
      const started = performance.now();
      logitsAreThere = false;
      await forward(session, [id], signal);
      appendToHistory([id]);
      logitsAreThere = true;
      return { tokens: session.length, ms: performance.now() - started };
    }),

  logits: () => withLogits(({ session }) => session.copyLogits()),

  sample: ({ sampling, nth }) =>
    withLogits(({ session, model }) => {
      const sampler = samplerFor(sampling);
      if (nth !== null) {
        sampler.seek(nth);
        draws = nth - 1;
      }
      const id = sampler.sample(session.logits());
      ++draws;
      return { id, text: new TextDecoder().decode(model.tokenText(id).slice()) };
    }),

  chat: (args, { emit, signal }) =>
    exclusively(() => {
      forgetLogits();
      return chat(ready(), args, signal, emit);
    }),

  async kernels() {
    const { session } = ready();
    await choosing;
    return session.info().kernels;
  },

  async benchmark(args, { emit, signal }) {
    ready();
    refuseBusy();
    await choosing;
    return exclusively(() => benchmark(ready(), args, signal, emit));
  },

  memory(): Memory {
    const { engine, session, model } = ready();
    const info = session.info();
    return {
      totalBytes: engine.memoryBytes,
      weightsBytes: model.info.weights_bytes,
      kvBytesUsed: info.kv_bytes_used,
      kvBytesMax: info.kv_bytes_max,
      scratchBytes: info.scratch_bytes,
      scratchAddress: info.scratch_address,
      kvBlockAddresses: info.kv_block_addresses,
      tapsAddress: glassBox?.tapsAddress ?? 0,
      contextTokens: session.length,
      nCtx: session.nCtx,
      kernels: info.kernels,
    };
  },

  opTimes({ measure }): OpTime[] {
    const { session } = ready();
    session.measureOps(measure);
    const ms = session.opMs();
    const kinds = new Map<string, OpTime>();
    session.info().ops.forEach((op, index) => {
      const kind = kinds.get(op.kind) ?? { kind: op.kind, ops: 0, ms: 0, bytes: 0, macs: 0 };
      kind.ops += 1;
      kind.ms += ms[index] ?? 0;
      kind.bytes += op.bytes;
      kind.macs += op.macs;
      kinds.set(op.kind, kind);
    });
    return [...kinds.values()].sort((a, b) => b.ms - a.ms);
  },

  plan: () => glass().plan,
  context: () => ready().session.tokens(),
  opMs({ measure, reset }) {
    const { session } = ready();
    session.measureOps(measure);
    const ms = session.opMs();
    if (reset) session.resetOpMs();
    return ms;
  },

  passBegin: ({ ids }) =>
    exclusively(() => {
      const box = glass();
      logitsAreThere = false;
      ready().session.begin([...ids], true);
      passIds = [...ids];
      box.passLength = ids.length;
      return box.state(false);
    }),

  passRun: ({ until }, { signal }) =>
    exclusively(async () => {
      const { session } = ready();
      if (session.cursor === null) {
        throw new Failure('no_pass', 'No pass is begun: call trace.begin first.');
      }
      if (await glass().run(until, signal)) {
        logitsAreThere = true;
        appendToHistory(passIds);
      }
      return glass().state(logitsAreThere);
    }),

  passAbandon: () =>
    exclusively(() => {
      ready().session.abandon();
      return glass().state(logitsAreThere);
    }),

  truncate: ({ length }) =>
    exclusively(() => {
      const { session } = ready();
      truncateTo(session, length);
      return glass().state(false);
    }),

  traceKeep: (args) => exclusively(() => glass().keep(args)),
  traceRead: (args) => glass().read(args),
  traceLive: (args) => glass().live(args),
  traceWrite: (args) =>
    exclusively(() => {
      glass().write(args);
      return glass().state(logitsAreThere);
    }),
  traceBreaks: ({ breaks }) => exclusively(() => glass().setBreaks(breaks)),

  traceEdits: ({ edits, logitsFrom }, { emit, signal }) =>
    exclusively(async () => {
      const { session } = ready();
      const rerun = glass().setEdits(edits, logitsFrom);
      if (rerun !== null && logitsFrom !== null) {
        truncateTo(session, rerun.from);
      } else if (rerun !== null) {
        const ids = [...session.tokens()];
        logitsAreThere = false;
        session.truncate(rerun.from);
        await prefill(session, ids, signal, (done) =>
          emit({ type: 'prefill', done, tokens: ids.length }),
        );
        logitsAreThere = true;
      }
      return { rerun, state: glass().state(logitsAreThere) };
    }),

  traceAttention: (args) => glass().views.attention(args),
  traceLens: (args) => exclusively(() => glass().views.lens(args)),
  traceHeadWrite: (args) => exclusively(() => glass().views.headWrite(args)),
  traceCell: (args) => exclusively(() => glass().views.cell(args)),
  matrixBlock: (args) => glass().views.matrixBlock(args),
  matrixRow: (args) => glass().views.matrixRow(args),

  tensors: () => ready().model.tensors(),
  vector: ({ name }) => ready().model.vector(name),
  async referenceOpen({ file }) {
    const { engine, model } = ready();
    const opened = await Reference.open(engine, file, model);
    reference?.free();
    reference = opened;
    return opened.info;
  },
  reference: () => reference?.info ?? null,
  referenceRows({ op, rows }) {
    const { ops } = glass().plan;
    wholeIn(op, 0, ops.length - 1, 'op');
    if (!reference) throw new Failure('no_reference', 'No reference file is open.');
    return reference.rows(ops[op]!, rows);
  },

  kv: () => glass().views.kv(),
  kvSlot: (args) => glass().views.kvSlot(args),
  kvRows: (args) => glass().views.kvRows(args),

  top: ({ n }) => withLogits(() => glass().views.top(n)),
  samplerStages() {
    if (!sampler) throw new Failure('no_sample', 'Nothing has been sampled yet.');
    return sampler.sampler.stages();
  },
  resample: ({ sampling, at }) =>
    at
      ? exclusively(() => stagesOf(sampling, tokensTo(at.position), at.nth, logitsAt(at.position)))
      : withLogits(({ session }) => {
          // The random number is the last draw's.
          return stagesOf(sampling, history, draws, { logits: session.logits(), from: 'kept' });
        }),
};

let busy = false;

function refuseBusy(): void {
  if (busy) throw new Failure('busy', 'The engine is still at work on another request.');
}

/** One pass at a time: the session has one cursor. */
async function exclusively<T>(run: () => Promise<T> | T): Promise<T> {
  refuseBusy();
  busy = true;
  try {
    return await run();
  } finally {
    busy = false;
  }
}

function withLogits<T>(use: (ready: Ready) => T): T {
  if (!logitsAreThere || busy) {
    throw new Failure('no_logits', 'There are no logits: call prefill or step first.');
  }
  return use(ready());
}

function appendToHistory(ids: readonly number[]): void {
  for (const id of ids) {
    history.push(id);
    sampler?.sampler.accept(id);
  }
}

/** The context ends there, and no logits are behind it. */
function truncateTo(session: Session, length: number): void {
  session.truncate(length);
  forgetLogits();
  history = [...session.tokens()];
}

function forgetLogits(): void {
  logitsAreThere = false;
  history = [];
  sampler?.sampler.free();
  sampler = null;
}

function tokensTo(position: number): Int32Array {
  const { session } = ready();
  wholeIn(position, 0, session.length - 1, 'at.position');
  return session.tokens().subarray(0, position + 1);
}

/** Those of the last pass, or those of an earlier position. */
function logitsAt(position: number): { logits: Logits; from: LogitsFrom } {
  const { session } = ready();
  const areThere = logitsAreThere && position === session.length - 1;
  return areThere ? { logits: session.logits(), from: 'kept' } : glass().logitsAt(position);
}

/** What the stages of a sampler of its own leave in its n-th draw, behind these tokens. */
function stagesOf(
  sampling: SamplingParams,
  behind: Iterable<number>,
  nth: number,
  { logits, from }: { logits: Logits; from: LogitsFrom },
): Promise<Resampled> {
  const sampler = new Sampler(ready().model, sampling);
  return freeing([sampler], () => {
    for (const id of behind) sampler.accept(id);
    sampler.seek(Math.max(1, nth));
    sampler.sample(logits);
    return { ...sampler.stages(), from };
  });
}

/** The sampler of the last call while its settings are the same, so that its random numbers go on. */
function samplerFor(sampling: SamplingParams): Sampler {
  const key = JSON.stringify(sampling);
  if (sampler?.key !== key) {
    sampler?.sampler.free();
    sampler = { key, sampler: new Sampler(ready().model, sampling) };
    draws = 0;
    for (const id of history) sampler.sampler.accept(id);
  }
  return sampler.sampler;
}
