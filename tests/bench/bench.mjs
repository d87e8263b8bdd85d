// `npm run bench`: our engine beside both wllamas in headless Chromium, on the same file, the same
// tokens and the same number of threads, in turns (A B C, C B A, ...) so that what slows the machine
// down slows all of them. `--help` lists the options.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cpus, loadavg } from 'node:os';
import { basename, join } from 'node:path';
import { parseArgs } from 'node:util';
import { chromium } from '@playwright/test';
import { buildNative, buildPage, buildWasm } from '../../scripts/build.mjs';
import { chromiumOptions } from '../../scripts/setup/chromium.mjs';
import { ensureModel } from '../../scripts/setup/model.mjs';
import { main, root, say, SetupError } from '../../scripts/setup/process.mjs';
import { engines, open } from './engines.mjs';
import { nativeEngines } from './native.mjs';
import { installPeers } from './peers.mjs';
import { losses, opTable, speeds, speedTable } from './report.mjs';
import { serve } from './server.mjs';

const usage = `npm run bench -- [options]
  --prompt N      tokens of the prompt (128)
  --generate N    tokens generated after it (32)
  --repeats N     runs of each engine that count, after warming up (3)
  --threads N     threads of each engine (2)
  --model FILE    a GGUF file; may be given again (the default model in Q4_1, and in Q8_0 if it is there)
  --only NAME     ours, wllama-2.3.1 or wllama-latest; may be given again
  --quick         one repeat, Q4_1 only
  --native        the native program beside llama.cpp instead of Chromium
  --no-build      measures what was built before
Exits with 1 if a peer was faster in anything.`;

const warmMs = 3000; // Browsers compile hot functions better after a while.

function options() {
  const text = { type: 'string' };
  const several = { type: 'string', multiple: true };
  const flag = { type: 'boolean' };
  const spec = { prompt: text, generate: text, repeats: text, threads: text };
  const flags = { quick: flag, native: flag, 'no-build': flag, help: flag };
  let values;
  try {
    ({ values } = parseArgs({ options: { ...spec, ...flags, model: several, only: several } }));
  } catch (error) {
    throw new SetupError(`${error.message}\n${usage}`);
  }
  const count = (name, otherwise) => {
    const value = Number(values[name] ?? otherwise);
    if (Number.isInteger(value) && value > 0) return value;
    throw new SetupError(`--${name} ${values[name]}: expected a whole number above 0`);
  };
  const only = values.only ?? engines.map(({ name }) => name);
  const unknown = only.filter((name) => !engines.some((engine) => engine.name === name));
  if (unknown.length > 0) throw new SetupError(`--only ${unknown[0]}: there is no such engine`);
  return {
    prompt: count('prompt', 128),
    generate: count('generate', 32),
    repeats: count('repeats', values.quick ? 1 : 3),
    threads: count('threads', 2),
    models: values.model ?? null,
    only,
    quick: values.quick ?? false,
    native: values.native ?? false,
    build: !values['no-build'],
    help: values.help ?? false,
  };
}

/** The files to measure: the default model, and what scripts/requantise.py made of it. */
async function modelFiles({ models, quick }) {
  if (models) {
    const missing = models.find((path) => !existsSync(path));
    if (missing) throw new SetupError(`--model ${missing}: there is no such file`);
    return models;
  }
  const q4 = process.env.NANOINFER_MODEL ?? (await ensureModel());
  const q8 = q4.replace('Q4_1', 'Q8_0');
  if (quick || q8 === q4) return [q4];
  if (existsSync(q8)) return [q4, q8];
  console.log(`   no Q8_0 file; scripts/requantise.py Q8_0 makes it: ${q8}`);
  return [q4];
}

/** Runs of every engine, in turns: {name: [{prefillMs, decodeMs, load}...]}. */
async function inTurns(contestants, { repeats }) {
  const runs = new Map(contestants.map(({ name }) => [name, []]));
  for (let round = 0; round < repeats; round++) {
    const order = round % 2 === 0 ? contestants : [...contestants].reverse();
    for (const { name, measure } of order) {
      runs.get(name).push({ ...(await measure()), load: loadavg()[0] });
      process.stdout.write('.');
    }
  }
  process.stdout.write('\n');
  return runs;
}

async function warmUp(measure) {
  const start = Date.now();
  do await measure();
  while (Date.now() - start < warmMs);
}

async function inChromium(browser, model, settings) {
  const { prompt, generate, threads, only } = settings;
  const server = await serve(model);
  const tabs = [];
  try {
    const nCtx = prompt + generate + 32;
    for (const engine of engines.filter(({ name }) => only.includes(name))) {
      tabs.push(await open(engine, browser, server.address, { threads, nCtx }));
      process.stdout.write(`   ${engine.name} has loaded it\n`);
    }
    const work = { ...(await promptOf(tabs, prompt)), generate };
    const contestants = tabs.map(({ engine, page }) => ({
      name: engine.name,
      measure: () => engine.measure(page, work),
    }));
    for (const { measure } of contestants) await warmUp(measure);
    const runs = await inTurns(contestants, settings);
    const mine = tabs.find(({ engine }) => engine.opTimes);
    return {
      results: tabs.map(({ engine, loaded }) => ({
        name: engine.name,
        ...loaded,
        speeds: speeds(runs.get(engine.name), settings),
        runs: runs.get(engine.name),
      })),
      opTimes: mine ? await mine.engine.opTimes(mine.page, work) : null,
    };
  } finally {
    for (const { page } of tabs) await page.context().close();
    server.close();
  }
}

/**
 * n tokens of an ordinary text, the same ones for every engine: {ids, text}. They begin where their
 * text alone gives the same ids again, since wllama 3 takes a text and no ids.
 */
async function promptOf(tabs, n) {
  const text = readFileSync(join(root, 'tests/fixtures/text/ordinary.txt'), 'utf8');
  const { engine, page } = tabs.find((tab) => tab.engine.prompt) ?? {};
  if (!engine) throw new SetupError('--only wllama-latest: it gives no tokens; add another engine');
  for (let start = 0; start < 100; start++) {
    const { again, ...prompt } = await engine.prompt(page, { text, start, n });
    if (prompt.ids.length < n) break;
    if (again.join() === prompt.ids.join()) return prompt;
  }
  throw new SetupError(`--prompt ${n}: the text has no such piece`);
}

async function natively(model, settings) {
  const contestants = nativeEngines(model, settings);
  const runs = await inTurns(contestants, settings);
  const result = ({ name }) => ({
    name,
    speeds: speeds(runs.get(name), settings),
    runs: runs.get(name),
  });
  return { results: contestants.map(result), opTimes: null };
}

function machine() {
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { cwd: root });
  const [{ model }] = cpus();
  return { cpu: model, cores: cpus().length, commit: commit.toString().trim() };
}

async function build({ native }) {
  if (native) return void (await buildNative('release'));
  await buildWasm();
  await buildPage();
}

function print(name, { results, opTimes }, settings) {
  const { prompt, generate, repeats, threads } = settings;
  const builds = results.filter(({ build }) => build).map((r) => `${r.name}: ${r.build}`);
  console.log(`\n### ${name}`);
  console.log(`${prompt} + ${generate} tokens, ${threads} threads, median of ${repeats}`);
  if (builds.length > 0) console.log(`${builds.join(', ')}`);
  console.log(`\n${speedTable(results)}`);
  if (opTimes) console.log(`\n${opTable(opTimes, settings)}`);
}

function save(report) {
  const folder = join(root, 'build/bench');
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${report.date.replaceAll(':', '-')}.json`);
  writeFileSync(path, JSON.stringify(report, null, 2));
  console.log(`\n${path}`);
}

await main(async () => {
  const settings = options();
  if (settings.help) return void console.log(usage);
  const models = await modelFiles(settings);
  if (settings.build) await build(settings);
  const peerNames = settings.native ? [] : settings.only.filter((name) => name !== 'ours');
  const peers = await installPeers(peerNames);
  const report = {
    date: new Date().toISOString(),
    machine: machine(),
    settings,
    peers,
    models: {},
  };
  if (loadavg()[0] > cpus().length) {
    console.log(`   the machine is busy (load ${loadavg()[0].toFixed(1)}): figures will be low`);
  }
  const browser = settings.native ? null : await chromium.launch(chromiumOptions());
  try {
    report.browser = browser?.version() ?? null;
    for (const model of models) {
      const name = basename(model);
      say(name);
      const measured = await (browser
        ? inChromium(browser, model, settings)
        : natively(model, settings));
      report.models[name] = measured;
      print(name, measured, settings);
    }
  } finally {
    await browser?.close();
  }
  save(report);
  const lost = Object.entries(report.models).flatMap(([name, { results }]) =>
    losses(name, results),
  );
  for (const sentence of lost) console.log(sentence);
  if (lost.length > 0) process.exitCode = 1;
});
