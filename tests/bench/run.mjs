// Goes through the cells: prepares what they need, measures those that are not saved yet, reports.
import { cpus, loadavg } from 'node:os';
import { chromium } from '@playwright/test';
import { buildNative, buildPage, buildWasm } from '../../scripts/build.mjs';
import { chromiumOptions } from '../../scripts/setup/chromium.mjs';
import {
  ensureLlamaCpp,
  ensureLlamaCppAvx2,
  llamaCppPython,
} from '../../scripts/setup/llama-cpp.mjs';
import { say } from '../../scripts/setup/process.mjs';
import { installSystemPackages } from '../../scripts/setup/system.mjs';
import { cellsFor } from './cells.mjs';
import { ensureFiles } from './files.mjs';
import { commit, hasWiderUnits, machine } from './machine.mjs';
import { measure } from './measure/index.mjs';
import { buildPrograms, kernels } from './measure/programs.mjs';
import { readOptions, usage } from './options.mjs';
import { installPeers } from './peers.mjs';
import { printCell, printReport, writeChart } from './report/index.mjs';
import { fasterLlamaCpp } from './report/ratios.mjs';
import { openTable } from './saved.mjs';

// With any of these it is not the full table, which alone is drawn.
const narrowing = ['quick', 'model', 'threads', 'only', 'cells', 'prompt', 'generate', 'repeats'];

const programs = ['kernels_bench', 'memory_bench', 'dispatch_bench'];

/** The cells that this machine can measure; a quick look takes only the peers that are there. */
function possible(cells, here, { quick, 'no-avx2': noAvx2 }) {
  const left = new Set();
  // Where there are no wider units it would be the same build again.
  if (noAvx2 || !hasWiderUnits(here)) left.add('llama.cpp-avx2');
  if (quick && !llamaCppPython()) left.add('llama.cpp');
  const stays = ({ engine }) => !left.has(engine);
  return cells.map((cell) => ({ ...cell, entrants: cell.entrants.filter(stays) }));
}

/** What cells need: {python, avx2, peers}. */
async function prepare(cells) {
  const engines = [...new Set(cells.flatMap((cell) => cell.entrants.map(({ engine }) => engine)))];
  const peers = await installPeers(engines);
  const isNative = (name) => name.startsWith('llama.cpp');
  const python = engines.some(isNative) ? await ensureLlamaCpp() : null;
  const avx2 = engines.includes('llama.cpp-avx2') ? await ensureLlamaCppAvx2() : null;
  return { python, avx2, peers };
}

async function build() {
  await installSystemPackages('bench');
  await buildWasm();
  await buildPage();
  await buildNative('release');
  await buildPrograms(programs);
}

export async function bench() {
  const options = readOptions();
  if (options.help) return void console.log(usage);
  const here = machine();
  const all = possible(cellsFor(options), here, options);
  const cells = all.filter(({ id }) => id.includes(options.cells ?? ''));
  if (options.list) return void console.log(cells.map(({ id }) => id).join('\n'));
  if (options.build) await build();
  if (options.kernels) return kernels();
  const { python, avx2, peers } = await prepare(cells);
  const paths = await ensureFiles(cells);
  if (loadavg()[0] > cpus().length / 2) {
    console.log(`   the machine is busy (load ${loadavg()[0].toFixed(1)}): figures will be low`);
  }
  const browser = await chromium.launch(chromiumOptions());
  try {
    const about = { machine: here, commit: commit(), browser: browser.version(), settings: all };
    const table = openTable(about, { date: new Date().toISOString(), peers }, options);
    const lab = {
      browser,
      python,
      avx2,
      pathOf: ({ file }) => paths.get(file),
      engineFor: (name) => (name === 'llama.cpp' ? fasterLlamaCpp(table.report) : name),
    };
    for (const [i, cell] of cells.entries()) {
      if (table.has(cell)) continue;
      say(`${i + 1} of ${cells.length}: ${cell.id}`);
      const start = Date.now();
      const result = await measure[cell.kind](cell, lab);
      table.save(cell, { ...result, seconds: (Date.now() - start) / 1000 });
      printCell(cell, result);
    }
    printReport(table.report);
    console.log(`\n${table.path}`);
    if (!narrowing.some((name) => options[name] !== undefined)) {
      console.log(writeChart(table.report));
    }
  } finally {
    await browser.close();
  }
}
