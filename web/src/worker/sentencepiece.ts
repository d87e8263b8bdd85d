// The sentencepiece library in its own wasm module, fetched only for a file whose vocabulary is of
// that kind. The engine writes the file's vocabulary as the library's own ModelProto.
import { extrasCache } from './extras.ts';
import type { SentencePieceFactory, SentencePieceModule } from './engine-module.d.ts';
import { Failure } from './failure.ts';
import { bytesAt, encodeText, idsAt, stringAt } from './memory.ts';
import type { MergeStep } from '../protocol.ts';
import { splitAtControlTokens } from './control-tokens.ts';
import type { Model } from './model.ts';

/** Text to token ids. `special`: control tokens written in the text become tokens. */
export type Encode = (text: string, special: boolean) => number[];

export interface Tokenizer {
  encode: Encode;
  /** The joins that lead to a normal token, in order. */
  merges: (id: number) => MergeStep[];
}

/** `kept`: the module is stored too, so that a kept model works with no network. */
export async function loadSentencePiece(
  engineUrl: string,
  model: Model,
  kept: boolean,
): Promise<Tokenizer> {
  const module = await start(engineUrl);
  if (kept) await keepFiles(engineUrl);
  const proto = model.sentencePieceProto();
  if (withBytes(module, proto, (at) => module._nisp_load(at, proto.length)) !== 0) {
    throw failure(module);
  }
  const { control_tokens: controls } = model.info.tokenizer;
  return {
    encode: (text, special) =>
      (special ? splitAtControlTokens(text, controls) : [text]).flatMap((part) =>
        typeof part === 'string' ? encode(module, part) : [part.id],
      ),
    merges: (id) => merges(module, id, model.tokenText(id).length),
  };
}

/** Each join leaves one part less of a token that has `length` bytes. */
function merges(module: SentencePieceModule, id: number, length: number): MergeStep[] {
  return withBytes(module, new Uint8Array(20 * length), (out) => {
    const n = module._nisp_merges(id, out, length);
    return Array.from({ length: n }, (_, i) => {
      const [pos, left, right, , result] = idsAt(module, out + 20 * i, 5);
      const [score] = new Float32Array(module.wasmMemory.buffer, out + 20 * i + 12, 1);
      return { pos: pos!, left: left!, right: right!, rank: -score!, result: result! };
    });
  });
}

async function start(engineUrl: string): Promise<SentencePieceModule> {
  const url = new URL('sentencepiece.mjs', engineUrl).href;
  try {
    const { default: create } = (await import(/* @vite-ignore */ url)) as {
      default: SentencePieceFactory;
    };
    return await create();
  } catch (thrown) {
    const actual = thrown instanceof Error ? thrown.message : String(thrown);
    const message = 'The sentencepiece module, which this vocabulary needs, could not be started.';
    throw new Failure('engine_unavailable', message, { place: url, actual });
  }
}

async function keepFiles(engineUrl: string): Promise<void> {
  if (!('caches' in globalThis)) return;
  try {
    const cache = await caches.open(extrasCache);
    const files = ['sentencepiece.mjs', 'sentencepiece.wasm'];
    await cache.addAll(files.map((file) => new URL(file, engineUrl).href));
  } catch {
    // Offline, or no storage: the module that runs now is enough for this visit.
  }
}

function encode(module: SentencePieceModule, text: string): number[] {
  if (text === '') return [];
  const bytes = encodeText(text);
  return withBytes(module, bytes, (at) => {
    // Each byte gives at most one token, and the library may put a space before the text.
    const capacity = bytes.length * 3 + 16;
    const ids = module._nisp_alloc(capacity * 4);
    const count = module._nisp_encode(at, bytes.length, ids, capacity);
    if (count < 0 || count > capacity) throw failure(module);
    const result = [...idsAt(module, ids, count)];
    module._nisp_free(ids);
    return result;
  });
}

function withBytes<T>(
  module: SentencePieceModule,
  bytes: Uint8Array,
  use: (address: number) => T,
): T {
  const address = module._nisp_alloc(Math.max(1, bytes.length));
  if (address === 0) throw new Failure('out_of_memory', 'No memory for the text');
  bytesAt(module, address, bytes.length).set(bytes);
  const result = use(address);
  module._nisp_free(address);
  return result;
}

function failure(module: SentencePieceModule): Failure {
  return new Failure('malformed', stringAt(module, module._nisp_error()), { place: 'vocabulary' });
}
