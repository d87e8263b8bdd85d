// `npm run bench`: our engine beside llama.cpp and both wllamas. `--help` lists the options, cells.mjs
// says what is measured, measure/ how, engines/ by which engines, report/ what is made of it.
import { installPackages } from '../../scripts/setup/packages.mjs';
import { main } from '../../scripts/setup/process.mjs';

await main(async () => {
  await installPackages();
  const { bench } = await import('./run.mjs'); // it needs what was just installed
  await bench();
});
