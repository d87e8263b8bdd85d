// `npm start`: installs what is missing, builds, fetches the real model, serves the page.
import { buildPage, buildWasm } from './build.mjs';
import { ensureModel } from './setup/model.mjs';
import { installPackages } from './setup/packages.mjs';
import { main, say } from './setup/process.mjs';
import { installSystemPackages } from './setup/system.mjs';

const port = 4173;

await main(async () => {
  await installPackages();
  await installSystemPackages('build');
  await buildWasm();
  await buildPage();
  await ensureModel().catch((error) => {
    console.log(`${error.message}\nThe page starts all the same, with its built-in tiny model.`);
  });
  const { preview } = await import('vite');
  await preview({ preview: { port, strictPort: true, host: 'localhost' } });
  say(`nanoinfer is at http://localhost:${port} (Ctrl+C ends it)`);
});
