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

let prepared: { key: string; started: Promise<Started> } | null = null;

/** Starts an engine while it is not yet known what it will run; `loadModel` takes it. */
export function prepare({ options, engineUrl }: EngineWanted): void {
  const started = start({ options, engineUrl });
  started.catch(() => undefined); // the load that takes it reports it
  prepared = { key: keyOf({ options, engineUrl }), started };
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
  const wantedEngine = { options, engineUrl };
  const starting = prepared?.key === keyOf(wantedEngine) ? prepared.started : start(wantedEngine);
  prepared = null;
  const [{ choice, engine }, opened] = await Promise.all([starting, open(source)]);
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

async function open(source: ModelSource): Promise<Opened> {
  if (source.kind === 'kept') {
    const found = await openKept(source.id);
    if (!found) {
      throw new Failure('not_kept', 'This model is no longer kept on this device.', {
        place: source.id,
      });
    }
    return fromKept(found);
  }
  const storable = globalThis.isSecureContext;
  if (source.kind === 'file') {
    // The file that was given is what is read: a kept one of the same name may hold other weights.
    const { name, size, lastModified } = source.file;
    const id = storable ? await keptId(`${name}/${size}/${lastModified}`) : '';
    return { bytes: openFile(source.file), kept: null, origin: name, id };
  }
  const id = storable ? await keptId(source.url) : '';
  const found = await openKept(id);
  if (found) return fromKept(found);
  return { bytes: await openUrl(source.url), kept: null, origin: source.url, id };
}

async function fromKept(found: NonNullable<Awaited<ReturnType<typeof openKept>>>): Promise<Opened> {
  const { record } = found;
  const bytes = await openKeptFile(found.handle);
  return { bytes, kept: record, origin: record.origin, id: record.id };
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
