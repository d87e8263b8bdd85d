// The native program, which `npm test` builds before the page's tests run.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

const xdg = process.env['XDG_CACHE_HOME'];
export const realModel =
  process.env['NANOINFER_MODEL'] ??
  join(xdg ? xdg : join(homedir(), '.cache'), 'nanoinfer/models/SmolLM2-135M-Instruct.Q4_1.gguf');

const run = (...args: string[]): string =>
  execFileSync('build/release/nanoinfer', args, { encoding: 'utf8', maxBuffer: 1 << 28 });

/** Logits (n_tokens, n_vocab) of every position. */
export function nativeLogits(model: string, ids: readonly number[]): Float32Array {
  const out = join(mkdtempSync(join(tmpdir(), 'nanoinfer-')), 'logits.f32');
  run('logits', '--model', model, '--ids', ids.join(','), '--out', out);
  const bytes = readFileSync(out);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 4);
}

/** Ids of a greedy answer, without the end token. */
export function nativeAnswer(model: string, message: string, maxTokens: number): number[] {
  const lines = run(
    'run',
    ...['--model', model, '--chat', message, '--temperature', '0'],
    ...['--tokens', `${maxTokens}`, '--json'],
  );
  const last = JSON.parse(lines.trim().split('\n').at(-1) ?? '{}') as { ids: number[] };
  return last.ids;
}
