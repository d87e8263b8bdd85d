// `npm run check`: formats, lints, types and the rules of the tree. `--fix` writes formats.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { installPackages } from './setup/packages.mjs';
import { main, root, run, say, SetupError } from './setup/process.mjs';
import { clangFormat, installSystemPackages } from './setup/system.mjs';

const fix = process.argv.includes('--fix');

// Who may include whom: a layer includes itself and what stands before the colon's right side.
const layers = {
  base: [],
  gguf: ['base', 'quant'],
  quant: ['base'],
  kernels: ['base', 'quant'],
  text: ['base', 'gguf'],
  model: ['base', 'gguf', 'quant', 'kernels', 'text'],
  run: ['base', 'gguf', 'quant', 'kernels', 'model', 'text'],
  trace: ['base', 'gguf', 'quant', 'kernels', 'model', 'run', 'text'],
};
layers.wasm = layers.cli = Object.keys(layers);
const webLayers = {
  worker: ['elements', 'client'],
  client: ['elements'],
  draw: ['elements', 'worker', 'client'],
  elements: ['worker'],
};

function files(folder, pattern) {
  const path = join(root, folder);
  if (!statSync(path, { throwIfNoEntry: false })) return [];
  return readdirSync(path, { recursive: true })
    .map((name) => join(path, name))
    .filter((name) => pattern.test(name) && statSync(name).isFile());
}

function* treeFaults() {
  const name = (path) => relative(root, path);
  for (const path of files('engine', /\.(h|cpp)$/)) {
    const text = readFileSync(path, 'utf8');
    const layer = name(path).split('/')[1];
    for (const [, other] of text.matchAll(/#include "engine\/(\w+)\//g)) {
      if (other !== layer && !layers[layer]?.includes(other)) {
        yield `${name(path)} includes engine/${other}: ${layer} stands below it`;
      }
    }
    if (text.split('\n').length > 401) yield `${name(path)} is longer than 400 lines`;
    if (
      layer !== 'cli' &&
      /\b(printf|fprintf|std::cout|std::cerr|throw |abort)\b\(?/.test(code(text))
    ) {
      yield `${name(path)} prints, throws or aborts`;
    }
    if (!/engine\/kernels\//.test(name(path)) && /wasm_simd128\.h/.test(text)) {
      yield `${name(path)} uses SIMD outside engine/kernels`;
    }
  }
  for (const path of files('web/src', /\.ts$/)) {
    const text = readFileSync(path, 'utf8');
    const layer = name(path).split('/')[2];
    for (const [, other] of text.matchAll(/from '\.\.\/(\w+)\//g)) {
      if (webLayers[layer]?.includes(other)) yield `${name(path)} imports ${other}/`;
    }
    if (name(path) === 'web/src/protocol.ts' && /^import /m.test(text)) {
      yield `${name(path)} imports something`;
    }
    if (/\bas any\b|: any\b|@ts-ignore|@ts-nocheck/.test(text))
      yield `${name(path)} switches types off`;
  }
}

// The text without comments and string literals.
function code(text) {
  return text.replace(/\/\/.*|"(?:[^"\\\n]|\\.)*"/g, '');
}

await main(async () => {
  await installPackages();
  if (!clangFormat()) await installSystemPackages('test');
  const failures = [];
  const step = async (title, command, args) => {
    say(title);
    await run(command, args).catch(() => failures.push(title));
  };
  const cpp = [...files('engine', /\.(h|cpp)$/), ...files('tests', /\.(h|cpp)$/)];
  const format = fix ? ['-i'] : ['--dry-run', '--Werror'];
  await step('clang-format', clangFormat(), [...format, ...cpp]);
  await step('prettier', 'npx', ['prettier', fix ? '--write' : '--check', '--log-level=warn', '.']);
  await step('eslint', 'npx', ['eslint', ...(fix ? ['--fix'] : []), '.']);
  const projects = ['tsconfig.json', ...files('web', /tsconfig(\.\w+)?\.json$/)];
  for (const project of projects.filter((path) => !path.includes('base'))) {
    await step(`types: ${relative(root, join(root, relative(root, project)))}`, 'npx', [
      'tsc',
      '-p',
      project,
    ]);
  }
  say('tree');
  const faults = [...treeFaults()];
  for (const fault of faults) console.error(fault);
  if (faults.length > 0) failures.push('tree');
  if (failures.length > 0) throw new SetupError(`npm run check: ${failures.join(', ')} failed`);
  console.log('npm run check: all is well');
});
