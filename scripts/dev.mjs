// `npm run dev`: Vite's development server, and new wasm files whenever the C++ changes.
import { watch } from 'node:fs';
import { join } from 'node:path';
import { buildPreset } from './build.mjs';
import { emscriptenEnvironment } from './setup/emscripten.mjs';
import { installPackages } from './setup/packages.mjs';
import { main, root, say } from './setup/process.mjs';
import { installSystemPackages } from './setup/system.mjs';

// All flavours once, so that any address parameter works; then the two that a browser of today takes.
const all = ['simd', 'simd-threads', 'relaxed', 'relaxed-threads'];
const daily = ['relaxed-threads', 'relaxed'];

await main(async () => {
  await installPackages();
  await installSystemPackages('build');
  const env = await emscriptenEnvironment();
  for (const flavour of all) await buildPreset(`wasm-${flavour}`, env);
  const { createServer } = await import('vite');
  const server = await createServer();
  await server.listen();
  server.printUrls();

  let building = false;
  let changed = false;
  const rebuild = async () => {
    changed = true;
    if (building) return;
    building = true;
    while (changed) {
      changed = false;
      try {
        for (const flavour of daily) await buildPreset(`wasm-${flavour}`, env);
        say('wasm files are new: the page reloads');
        server.ws.send({ type: 'full-reload' });
      } catch (error) {
        console.error(error.message);
      }
    }
    building = false;
  };
  watch(join(root, 'engine'), { recursive: true }, (_event, name) => {
    if (/\.(cpp|h)$/.test(name ?? '')) void rebuild();
  });
});
