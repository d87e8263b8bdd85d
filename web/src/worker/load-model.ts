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

let prepared: {
  engine: string;
  started: Promise<Started>;
  source: string;
  opened: Promise<Opened | null>;
} | null = null;

/** Starts an engine and opens a kept model while the page still draws; `loadModel` takes them. */
export function prepare({ options, engineUrl, source }: Preparation): void {
  const engine = keyOf({ options, engineUrl });
  const started = start({ options, engineUrl });
  const opened = source ? openIfKept(source) : Promise.resolve(null);
  for (const early of [started, opened]) early.catch(() => undefined); // the load reports it
  prepared = { engine, started, source: JSON.stringify(source), opened };
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
  const [{ choice, engine }, opened] = await Promise.all([
    startedFor({ options, engineUrl }),
    openedFor(source),
  ]);
  prepared = null;
  const keeper = new Keeper(opened.id);
  let wanted: LoadChoice = { nCtx: 0, keep: false };
  try {
    const loader = new Loader(engine, opened.bytes.total ?? 0);
    const bytes = await pump(loader, opened, keeper, emit, async () => {
      const waiting = performance.now();
      const { nThreads } = choice;
      emit({ type: 'header', info: loader.model().info, kept: opened.kept !== null, nThreads });
      wanted = await proceed();
      waitedMs = performance.now() - waiting;
      if (wanted.keep && !opened.kept) await keeper.open(opened.bytes.total ?? 0);
    });
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

function startedFor(wanted: EngineWanted): Promise<Started> {
  return prepared?.engine === keyOf(wanted) ? prepared.started : start(wanted);
}

async function openedFor(source: ModelSource): Promise<Opened> {
  const early = await prepared?.opened;
  if (early && prepared?.source === JSON.stringify(source)) return early;
  early?.bytes.close();
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

/**
 * Moves all bytes and returns how many there were. When the header is complete and checked it waits for `onHeader`, which decides
 * whether the bytes are kept; until then nothing is stored.
 */
async function pump(
  loader: Loader,
  { bytes: source, origin }: Opened,
  keeper: Keeper,
  emit: (event: LoadEvent) => void,
  onHeader: () => Promise<void>,
): Promise<number> {
  let state = 0;
  let bytes = 0;
  let room: Uint8Array<ArrayBuffer> = new Uint8Array();
  const header: Uint8Array<ArrayBuffer>[] = [];
  const rate = new Rate();
  // After the last weight a file may hold padding, which is kept but not the engine's concern.
  const place = (n: number) => (room = state === 2 ? new Uint8Array(n) : loader.reserve(n));
  for (;;) {
    const n = await source.next(place);
    if (n === 0) return bytes;
    if (bytes === 0) refuseTextFiles(room, origin);
    if (state === 0) {
      header.push(room.slice());
      state = loader.commit(n);
      if (state > 0) {
        await onHeader();
        for (const piece of header.splice(0)) await keeper.write(piece);
        rate.restart();
      }
    } else {
      await keeper.write(room);
      if (state === 1) state = loader.commit(n);
    }
    bytes += n;
    if (rate.due(bytes) || bytes === source.total) {
      const phase = state === 0 ? 'header' : 'weights';
      emit({ type: 'progress', phase, bytes, total: source.total, bytesPerSecond: rate.value });
      await breathe();
    }
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

/** Bytes per second over the last second or so. */
class Rate {
  value = 0;
  #at = performance.now();
  #bytes = 0;

  /** True every 100 ms; then `value` is fresh. */
  due(bytes: number): boolean {
    const elapsed = performance.now() - this.#at;
    if (elapsed < progressMs) return false;
    const now = ((bytes - this.#bytes) / elapsed) * 1000;
    this.value = this.value === 0 ? now : this.value * 0.8 + now * 0.2;
    this.#at += elapsed;
    this.#bytes = bytes;
    return true;
  }

  restart(): void {
    this.#at = performance.now();
  }
}

async function makeTokenizer(engineUrl: string, model: Model, kept: boolean): Promise<Tokenizer> {
  if (model.info.tokenizer.kind === 'bpe') return (text, special) => model.tokenize(text, special);
  return loadSentencePiece(engineUrl, model, kept);
}
