// Models kept on this device, in the origin private file system. A model is the bytes `<id>.gguf`
// and, written after the last byte, the record `<id>.json`: no record, or one of another size, means
// that the download was cut, and such bytes are never offered.
import { keptFolder, type KeptModel } from '../protocol.ts';

/** The TypeScript library does not know the option yet; a browser without it ignores it. */
interface OpensReadOnly {
  createSyncAccessHandle(options: { mode: 'read-only' }): Promise<FileSystemSyncAccessHandle>;
}

export async function keptId(origin: string): Promise<string> {
  const hash = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(origin));
  return [...new Uint8Array(hash, 0, 8)].map((b) => b.toString(16).padStart(2, '0')).join('');
}

async function folder(): Promise<FileSystemDirectoryHandle> {
  const root = await navigator.storage.getDirectory();
  return root.getDirectoryHandle(keptFolder, { create: true });
}

/** The record and the bytes of a complete kept model; null when there is none. */
export async function openKept(
  id: string,
): Promise<{ record: KeptModel; handle: FileSystemFileHandle } | null> {
  try {
    const models = await folder();
    const recordFile = await (await models.getFileHandle(`${id}.json`)).getFile();
    const record = JSON.parse(await recordFile.text()) as KeptModel;
    const handle = await models.getFileHandle(`${id}.gguf`);
    return (await handle.getFile()).size === record.bytes ? { record, handle } : null;
  } catch {
    return null; // No such model, or no such storage (private windows, third-party frames).
  }
}

/** A handle whose read() writes straight into linear memory; null where the browser has none. */
export async function openForReading(
  handle: FileSystemFileHandle,
): Promise<FileSystemSyncAccessHandle | null> {
  try {
    return await (handle as FileSystemFileHandle & OpensReadOnly).createSyncAccessHandle({
      mode: 'read-only',
    });
  } catch {
    return null;
  }
}

/**
 * Writes a model's bytes as they arrive, once it is opened; before that it does nothing. A failure
 * to store never fails the load.
 */
export class Keeper {
  readonly #id: string;
  #file: FileSystemSyncAccessHandle | null = null;
  #bytes = 0;
  /** Why the model is not kept; '' while all is well. */
  notice = '';

  constructor(id: string) {
    this.#id = id;
  }

  async open(expectedBytes: number): Promise<void> {
    try {
      if (this.#id === '') throw new Error('no storage without a secure context');
      const { quota = Infinity, usage = 0 } = await navigator.storage.estimate();
      if (quota - usage < expectedBytes) {
        const free = Math.floor((quota - usage) / 1e6);
        this.notice = `Not kept on this device: the browser offers ${free} MB and the model needs ${Math.ceil(expectedBytes / 1e6)} MB.`;
        return;
      }
      const models = await folder();
      const handle = await models.getFileHandle(`${this.#id}.gguf`, { create: true });
      this.#file = await handle.createSyncAccessHandle();
      await models.removeEntry(`${this.#id}.json`).catch(() => undefined);
      this.#file.truncate(0);
    } catch (thrown) {
      await this.#giveUp(thrown);
    }
  }

  async write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    if (!this.#file) return;
    try {
      const written = this.#file.write(bytes, { at: this.#bytes });
      if (written !== bytes.length) throw new DOMException('', 'QuotaExceededError');
      this.#bytes += written;
    } catch (thrown) {
      await this.#giveUp(thrown);
    }
  }

  /**
   * Makes the model complete; null when it could not be stored. The bytes stay locked until their
   * record is there: a file with neither lock nor record is taken for the remains of a cut download.
   */
  async commit(origin: string): Promise<KeptModel | null> {
    if (!this.#file) return null;
    const savedAt = new Date().toISOString();
    const record: KeptModel = { id: this.#id, origin, bytes: this.#bytes, savedAt };
    try {
      this.#file.flush();
      const recordFile = await (await folder()).getFileHandle(`${this.#id}.json`, { create: true });
      const out = await recordFile.createSyncAccessHandle();
      out.truncate(0);
      out.write(new TextEncoder().encode(JSON.stringify(record)));
      out.flush();
      out.close();
      this.#file.close();
      this.#file = null;
      return record;
    } catch (thrown) {
      await this.#giveUp(thrown);
      return null;
    }
  }

  async discard(): Promise<void> {
    if (!this.#file) return;
    this.#file.close();
    this.#file = null;
    const models = await folder();
    await models.removeEntry(`${this.#id}.json`).catch(() => undefined);
    await models.removeEntry(`${this.#id}.gguf`).catch(() => undefined);
  }

  async #giveUp(thrown: unknown): Promise<void> {
    const name = thrown instanceof Error ? thrown.name : '';
    const reason =
      name === 'NoModificationAllowedError'
        ? 'another tab is using the same model'
        : name === 'QuotaExceededError'
          ? "the browser's storage is full"
          : 'the browser gives this page no storage';
    this.notice = `Not kept on this device: ${reason}.`;
    await this.discard().catch(() => undefined);
  }
}
