// A model from its source into the engine: every byte is written once where it will stay, and the
// same bytes go to the kept copy.
import type {
  BuildChoice,
  Calls,
  EngineWanted,
  KeptModel,
  LoadChoice,
  LoadEvent,
  LoadedModel,
  ModelSource,
  Preparation,
} from '../protocol.ts';
import { breathe } from './breathe.ts';
import { Engine } from './engine.ts';
import { Failure } from './failure.ts';
import { chooseBuild } from './features.ts';
import { Keeper, keptId, openKept } from './kept-models.ts';
import { Loader, Model } from './model.ts';
import { Session } from './session.ts';
import { type ByteSource, openFile, openKeptFile, openUrl } from './sources.ts';
import { loadSentencePiece, type Tokenizer } from './sentencepiece.ts';

const nBatch = 64;
const progressMs = 100;

/** A model that is ready, with all that the worker's calls need. */
export interface Ready {
  engine: Engine;
  model: Model;
  session: Session;
  tokenizer: Tokenizer;
  loaded: LoadedModel;
}

interface Started {
  choice: BuildChoice;
  engine: Engine;
}

interface Opened {
  bytes: ByteSource;
  /** Set when these are a kept model's bytes. */
  kept: KeptModel | null;
  origin: string;
  /** Under which these bytes can be kept; '' where nothing can. */
  id: string;
}

/** A loader that has read a file up to the end of its header. */
interface Begun {
  loader: Loader;
  /** How many it took. */
  bytes: number;
  /** What the last commit said: 0 where the file ended inside its header. */
  state: number;
  /** The bytes of a source that is not kept, which may be. */
  pieces: Uint8Array<ArrayBuffer>[];
}

/** On the way, and for which engine and file. */
interface Prepared {
  engine: string;
  started: Promise<Started>;
  source: string;
  opened: Promise<Opened | null>;
  begun: Promise<Begun | null>;
}

let prepared: Prepared | null = null;

/**
 * Starts an engine, opens a kept model and reads its header while the page still draws; `loadModel`
 * takes them.
 */
export function prepare({ options, engineUrl, source }: Preparation): void {
  const engine = keyOf({ options, engineUrl });
  const started = start({ options, engineUrl });
  const opened = source ? openIfKept(source) : Promise.resolve(null);
  const begun = Promise.all([started, opened]).then(([{ engine }, found]) =>
    found ? begin(engine, found) : null,
  );
  for (const early of [started, opened, begun]) early.catch(() => undefined); // the load reports it
  prepared = { engine, started, source: JSON.stringify(source), opened, begun };
}

const keyOf = ({ options: { simd, threads }, engineUrl }: EngineWanted) =>
  JSON.stringify([simd, threads, engineUrl]);

async function start({ options, engineUrl }: EngineWanted): Promise<Started> {
  const choice = await chooseBuild(options);
  return { choice, engine: await Engine.start(engineUrl, choice) };
}

/** `proceed` resolves to what the caller chose after seeing the header. */
export async function loadModel(
  { source, options, engineUrl }: Calls['load']['args'],
  emit: (event: LoadEvent) => void,
  proceed: () => Promise<LoadChoice>,
): Promise<Ready> {
  const started = performance.now();
  let waitedMs = 0;
  emit({ type: 'progress', phase: 'connect', bytes: 0, total: null, bytesPerSecond: 0 });
  const early = prepared;
  prepared = null;
  const sameEngine = early?.engine === keyOf({ options, engineUrl }) ? early : null;
  const sameFile = sameEngine?.source === JSON.stringify(source) ? sameEngine : null;
  if (early && !sameFile) await letGo(early);
  const [{ choice, engine }, opened] = await Promise.all([
    sameEngine ? sameEngine.started : start({ options, engineUrl }),
    sameFile?.opened.then((found) => found ?? open(source)) ?? openAny(source),
  ]);
  const keeper = new Keeper(opened.id);
  const progress = new Progress(opened.bytes.total, emit);
  let wanted: LoadChoice = { nCtx: 0, keep: false };
  try {
    const begun = (await sameFile?.begun) ?? (await begin(engine, opened, progress));
    const { loader } = begun;
    if (begun.state > 0) {
      const waiting = performance.now();
      const { nThreads } = choice;
      emit({ type: 'header', info: loader.model().info, kept: opened.kept !== null, nThreads });
      wanted = await proceed();
      waitedMs = performance.now() - waiting;
      if (wanted.keep && !opened.kept) await keeper.open(opened.bytes.total ?? 0);
    }
    const bytes = await readWeights(begun, opened, keeper, progress);
    if (bytes === 0) throw new Failure('truncated', 'The file is empty.', { place: opened.origin });
    const model = loader.finish();
    refuseOtherLength(opened, bytes);
    emit({ type: 'progress', phase: 'prepare', bytes, total: bytes, bytesPerSecond: 0 });
    const session = new Session(model, wanted.nCtx, nBatch, choice.nThreads);
    const kept = opened.kept ?? (await keeper.commit(opened.origin));
    const tokenizer = await makeTokenizer(engineUrl, model, kept !== null);
    const loaded: LoadedModel = {
      source,
      options: { ...options, ...wanted },
      origin: opened.origin,
      info: model.info,
      session: session.info(),
      build: engine.buildInfo(),
      choice,
      loadMs: performance.now() - started - waitedMs,
      kept,
      notice: keeper.notice,
    };
    return { engine, model, session, tokenizer, loaded };
  } catch (thrown) {
    await keeper.discard();
    throw thrown;
  } finally {
    opened.bytes.close();
  }
}

/** Closes what was opened, which only one may have open at a time. */
async function letGo({ opened, begun }: Prepared): Promise<void> {
  await begun.then((of) => of?.loader.free()).catch(() => undefined);
  await opened.then((found) => found?.bytes.close()).catch(() => undefined);
}

async function openAny(source: ModelSource): Promise<Opened> {
  return (await openIfKept(source)) ?? open(source);
}

async function openIfKept(source: ModelSource): Promise<Opened | null> {
  // The file that was given is what is read: a kept one of the same name may hold other weights.
  if (source.kind === 'file') return null;
  const found = await openKept(source.kind === 'kept' ? source.id : await idOf(source.url));
  if (!found) return null;
  const { record } = found;
  const bytes = await openKeptFile(found.handle);
  return { bytes, kept: record, origin: record.origin, id: record.id };
}

/** A source that is not kept. */
async function open(source: ModelSource): Promise<Opened> {
  switch (source.kind) {
    case 'kept':
      throw new Failure('not_kept', 'This model is no longer kept on this device.', {
        place: source.id,
      });
    case 'file': {
      const { name, size, lastModified } = source.file;
      const id = await idOf(`${name}/${size}/${lastModified}`);
      return { bytes: openFile(source.file), kept: null, origin: name, id };
    }
    case 'url': {
      const { url } = source;
      return { bytes: await openUrl(url), kept: null, origin: url, id: await idOf(url) };
    }
  }
}

/** '' where nothing can be kept. */
async function idOf(origin: string): Promise<string> {
  return globalThis.isSecureContext ? keptId(origin) : '';
}

/** A download that ends early behind the last weight would be kept as if it were whole. */
function refuseOtherLength({ bytes: { total }, origin }: Opened, bytes: number): void {
  if (total === null || bytes === total) return;
  throw new Failure('truncated', 'The file has another length than was announced.', {
    place: origin,
    expected: `${total} bytes`,
    actual: `${bytes} bytes`,
  });
}

/** Reads up to the end of the header, which the engine then has checked; nothing is kept yet. */
async function begin(
  engine: Engine,
  { bytes: source, kept, origin }: Opened,
  progress?: Progress,
): Promise<Begun> {
  const loader = new Loader(engine, source.total ?? 0);
  const begun: Begun = { loader, bytes: 0, state: 0, pieces: [] };
  let room: Uint8Array<ArrayBuffer> = new Uint8Array();
  while (begun.state === 0) {
    const n = await source.next((size) => (room = loader.reserve(size)));
    if (n === 0) return begun;
    if (begun.bytes === 0) refuseTextFiles(room, origin);
    if (!kept) begun.pieces.push(room.slice());
    begun.bytes += n;
    begun.state = loader.commit(n);
    if (begun.state === 0) await progress?.report('header', begun.bytes);
  }
  return begun;
}

/** Moves the rest of the bytes; all of them also to the kept copy. Returns how many there are. */
async function readWeights(
  { loader, bytes, state, pieces }: Begun,
  { bytes: source }: Opened,
  keeper: Keeper,
  progress: Progress,
): Promise<number> {
  if (state === 0) return bytes; // the engine says what is missing
  for (const piece of pieces.splice(0)) await keeper.write(piece);
  progress.restart(bytes);
  await progress.report('weights', bytes);
  let room: Uint8Array<ArrayBuffer> = new Uint8Array();
  for (;;) {
    // After the last weight a file may hold padding, which is kept but not the engine's concern.
    const n = await source.next(
      (size) => (room = state === 2 ? new Uint8Array(size) : loader.reserve(size)),
    );
    if (n === 0) return bytes;
    await keeper.write(room);
    if (state === 1) state = loader.commit(n);
    bytes += n;
    await progress.report('weights', bytes);
  }
}

/** Names the two files that people get instead of a model; the engine judges all others. */
export function refuseTextFiles(start: Uint8Array, place: string): void {
  const text = String.fromCharCode(...start.subarray(0, 40));
  const actual = /^\s*<(!doctype|html|\?xml)/i.test(text)
    ? 'a web page'
    : text.startsWith('version https://git-lfs')
      ? 'a Git LFS pointer, which only names the model file'
      : '';
  if (actual === '') return;
  throw new Failure('not_a_model', `This is ${actual}, not a model file.`, {
    place,
    expected: 'a GGUF file',
    actual,
  });
}

/** Tells how many bytes there are, every 100 ms and at the end, and lets other messages in. */
class Progress {
  #bytesPerSecond = 0; // over the last second or so
  #at = performance.now();
  #bytes = 0;
  readonly #total: number | null;
  readonly #emit: (event: LoadEvent) => void;

  constructor(total: number | null, emit: (event: LoadEvent) => void) {
    this.#total = total;
    this.#emit = emit;
  }

  async report(phase: 'header' | 'weights', bytes: number): Promise<void> {
    const now = performance.now();
    const elapsed = now - this.#at;
    if (elapsed < progressMs && bytes !== this.#total) return;
    if (elapsed >= progressMs) {
      const rate = ((bytes - this.#bytes) / elapsed) * 1000;
      this.#bytesPerSecond =
        this.#bytesPerSecond === 0 ? rate : this.#bytesPerSecond * 0.8 + rate * 0.2;
      this.#at = now;
      this.#bytes = bytes;
    }
    const bytesPerSecond = this.#bytesPerSecond;
    this.#emit({ type: 'progress', phase, bytes, total: this.#total, bytesPerSecond });
    await breathe();
  }

  /** Time until now was not spent reading. */
  restart(bytes: number): void {
    this.#at = performance.now();
    this.#bytes = bytes;
  }
}

async function makeTokenizer(engineUrl: string, model: Model, kept: boolean): Promise<Tokenizer> {
  if (model.info.tokenizer.kind !== 'bpe') return loadSentencePiece(engineUrl, model, kept);
  return {
    encode: (text, special) => model.tokenize(text, special),
    merges: (id) => model.tokenMerges(id),
  };
}
