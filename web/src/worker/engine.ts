// The C ABI as typed objects begins here: the running module, and what every call into it needs. The
// rest is in model.ts, session.ts, sampler.ts, text-stream.ts and engine-trace.ts; with memory.ts, no
// other code here knows addresses.
import type { BuildChoice, BuildInfo, ErrorInfo } from '../protocol.ts';
import type { EngineFactory, EngineModule } from './engine-module.d.ts';
import { Failure, isTrap } from './failure.ts';
import { bytesAt, stringAt } from './memory.ts';

/** Frees what `use` needed once it is done, but not after a trap: then nothing may be called. */
export async function freeing<T>(
  owned: readonly { free(): void }[],
  use: () => T | Promise<T>,
): Promise<T> {
  let trapped = false;
  try {
    return await use();
  } catch (thrown) {
    trapped = isTrap(thrown);
    throw thrown;
  } finally {
    if (!trapped) owned.forEach((object) => object.free());
  }
}

/** A running wasm module. */
export class Engine {
  readonly module: EngineModule;

  private constructor(module: EngineModule) {
    this.module = module;
  }

  /** Fetches and starts the file that `choice` names, from the folder `engineUrl`. */
  static async start(engineUrl: string, choice: BuildChoice): Promise<Engine> {
    const name = `nanoinfer-${choice.simd === 'relaxed' ? 'relaxed' : 'simd'}`;
    const url = new URL(`${name}${choice.threads ? '-threads' : ''}.mjs`, engineUrl).href;
    try {
      const { default: create } = (await import(/* @vite-ignore */ url)) as {
        default: EngineFactory;
      };
      return new Engine(await create({ poolSize: choice.nThreads - 1 }));
    } catch (thrown) {
      const actual = thrown instanceof Error ? thrown.message : String(thrown);
      const message =
        'The engine could not be started. If the page has just been updated, reload it.';
      throw new Failure('engine_unavailable', message, { place: url, actual });
    }
  }

  get memoryBytes(): number {
    return this.module.wasmMemory.buffer.byteLength;
  }

  buildInfo(): BuildInfo {
    return this.json(this.module._ni_build_info());
  }

  json<T>(address: number): T {
    if (address === 0) throw this.lastError();
    return JSON.parse(stringAt(this.module, address)) as T;
  }

  lastError(): Failure {
    const text = stringAt(this.module, this.module._ni_last_error());
    const info = JSON.parse(text || '{}') as Partial<ErrorInfo>;
    return new Failure(info.code ?? 'internal', info.message ?? 'The engine gave no reason', info);
  }

  /** Throws the engine's own reason where a call returned its failure value. */
  check(result: number, failed: number): number {
    if (result === failed) throw this.lastError();
    return result;
  }

  /** Calls `use` with the address of a copy of `data`, which lives until `use` returns. */
  withCopy<T>(data: ArrayBufferView, use: (address: number) => T): T {
    return this.withSpace(data.byteLength, (address) => {
      const source = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      bytesAt(this.module, address, data.byteLength).set(source);
      return use(address);
    });
  }

  withSpace<T>(bytes: number, use: (address: number) => T): T {
    const address = this.check(this.module._ni_alloc(Math.max(1, bytes)), 0);
    let trapped = false;
    try {
      return use(address);
    } catch (thrown) {
      trapped = isTrap(thrown);
      throw thrown;
    } finally {
      if (!trapped) this.module._ni_free(address);
    }
  }

  /** Bytes from a call that returns the length it needs; called again when `capacity` was small. */
  fill(capacity: number, call: (out: number, capacity: number) => number): Uint8Array {
    const attempt = (size: number): Uint8Array | number =>
      this.withSpace(size, (out) => {
        const length = call(out, size);
        if (length < 0 || length > size) return length;
        return bytesAt(this.module, out, length).slice();
      });
    let result = attempt(capacity);
    if (typeof result === 'number' && result > 0) result = attempt(result);
    if (typeof result === 'number') throw this.lastError();
    return result;
  }
}
