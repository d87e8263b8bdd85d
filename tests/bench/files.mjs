// The table's model files, in the cache folder; those that are missing are made.
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { ensureLlamaCpp } from '../../scripts/setup/llama-cpp.mjs';
import { ensureModel } from '../../scripts/setup/model.mjs';
import { cache, root, run, say } from '../../scripts/setup/process.mjs';

const stems = { 'SmolLM2-135M': 'SmolLM2-135M-Instruct' };

/** "SmolLM2-135M Q4_0" to its path. */
function pathOf(file) {
  const [name, type] = file.split(' ');
  return join(cache, 'models', `${stems[name] ?? name}.${type}.gguf`);
}

/** Paths of the cells' files by name. */
export async function ensureFiles(cells) {
  const paths = new Map();
  for (const { file, path } of cells) if (file) paths.set(file, path ?? pathOf(file));
  const missing = [...paths].filter(([, path]) => !existsSync(path)).map(([file]) => file);
  if (missing.length === 0) return paths;
  await ensureModel();
  const isSmol = (file) => file.startsWith('SmolLM2');
  const requantised = missing.filter(isSmol).map((file) => file.split(' ')[1]);
  const shapes = missing.filter((file) => !isSmol(file)).map((file) => file.replace(' ', '.'));
  await make(
    'requantise.py',
    requantised.filter((type) => type !== 'Q4_1'),
  );
  await make('bench_models.py', shapes);
  return paths;
}

/** llama.cpp quantises. */
async function make(script, names) {
  if (names.length === 0) return;
  const python = await ensureLlamaCpp();
  say(`${script}: ${names.join(', ')} (some minutes)`);
  await run(python, [join(root, 'scripts', script), ...names]);
}
