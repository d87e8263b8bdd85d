// A recorded run as a file, NAME.nirun: a zip with run.json and with all its float32 arrays, one behind
// the other, in values.npy. What comes from a file is anybody's: it is read field by field.
import { base64 } from './base64.ts';
import { EngineError } from './errors.ts';
import { joined } from './joined.ts';
import { floatToJson, JsonValue } from './json-reader.ts';
import { experimentToJson } from './lab-link.ts';
import { floatsOfNpy, npy } from './npy.ts';
import type { RecordedRun } from './recorded-run.ts';
import { runFromJson, runVersion } from './run-json.ts';

const mtime = new Date(1980, 0, 1);
const names = { json: 'run.json', values: 'values.npy' };
/** Of the file, and of its parts unpacked. */
export const maxRunFile = 128 * 2 ** 20;
const mostOf: Record<string, number> = { [names.json]: maxRunFile / 4, [names.values]: maxRunFile };
/** So much is unpacked at a time, and what comes out is looked at. */
const slice = 2 ** 14;

/** All arrays of a run, one behind the other; in JSON a place among them stands for each. */
class Pool {
  #parts: Float32Array[] = [];
  #last: { place: [number, number]; array: Float32Array } | null = null;
  length = 0;

  /** [first, length]; one that is the same as the one before lies where that does. */
  add(array: Float32Array): [number, number] {
    const last = this.#last;
    if (last?.array.length === array.length && array.every((x, i) => Object.is(x, last.array[i]))) {
      return last.place;
    }
    const place: [number, number] = [this.length, array.length];
    this.#parts.push(array);
    this.length += array.length;
    this.#last = { place, array };
    return place;
  }

  all(): Float32Array {
    return joined(this.#parts, Float32Array);
  }
}

/** The same run gives the same bytes, but for when it was saved. */
export async function fileOfRun(run: RecordedRun): Promise<Blob> {
  const pool = new Pool();
  const toJson = (_: string, value: unknown): unknown => {
    if (value instanceof Float32Array) return pool.add(value);
    if (value instanceof Uint8Array) return base64(value);
    if (ArrayBuffer.isView(value)) return Array.from(value as Int32Array, floatToJson);
    return typeof value === 'number' ? floatToJson(value) : value;
  };
  const { experiment, ...rest } = run;
  const content = { format: 'nanoinfer run', v: runVersion, ...rest };
  const json = JSON.stringify({ ...content, experiment: experimentToJson(experiment) }, toJson);
  const values = pool.all();
  const { zipSync } = await import('fflate');
  const zip = zipSync(
    {
      [names.json]: [new TextEncoder().encode(json), { level: 6 }],
      [names.values]: npy(values, [values.length]),
    },
    { level: 0, mtime },
  );
  return new Blob([zip], { type: 'application/zip' });
}

export async function runOfFile(file: Blob): Promise<RecordedRun> {
  if (file.size > maxRunFile) throw badFile(`at most ${maxRunFile} bytes`, `${file.size} bytes`);
  const parts = await unzip(new Uint8Array(await file.arrayBuffer()));
  const part = (name: string) => {
    const found = parts.get(name);
    if (!found) throw badFile(`a file ${name} in it`, [...parts.keys()].join(', ') || 'no file');
    return found;
  };
  const json = JsonValue.parse(new TextDecoder().decode(part(names.json)), names.json);
  return runFromJson(json, floatsOfNpy(part(names.values), names.values));
}

/** Slice by slice, so that a little file cannot unpack into a very large one. */
async function unzip(bytes: Uint8Array): Promise<ReadonlyMap<string, Uint8Array>> {
  const { Unzip, UnzipInflate } = await import('fflate');
  const whole = new Map<string, Uint8Array>();
  let open = '';
  const zip = new Unzip((file) => {
    const most = mostOf[file.name];
    if (most === undefined) return;
    const chunks: Uint8Array[] = [];
    let size = 0;
    open = file.name;
    file.ondata = (error, chunk, final) => {
      if (error) throw error;
      chunks.push(chunk);
      size += chunk.length;
      if (size > most) throw badFile(`at most ${most} bytes of ${file.name}`, 'more');
      if (final) whole.set(file.name, joined(chunks, Uint8Array));
    };
    file.start();
  });
  zip.register(UnzipInflate);
  try {
    for (let at = 0; at < bytes.length; at += slice) {
      zip.push(bytes.subarray(at, at + slice), at + slice >= bytes.length);
    }
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw badFile('a zip', thrown instanceof Error ? thrown.message : 'other bytes');
  }
  if (open !== '' && !whole.has(open)) throw badFile(`all of ${open}`, 'a part of the file');
  return whole;
}

function badFile(expected: string, actual: string): EngineError {
  return new EngineError({
    code: 'bad_recording',
    message: 'This file holds no run that this page can play.',
    ...{ place: 'the file', expected, actual },
  });
}
