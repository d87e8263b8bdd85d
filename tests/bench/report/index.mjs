// What a run says: a table after each cell, all tables and the targets at the end, and the chart.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/setup/process.mjs';
import { chart } from './chart.mjs';
import { opTable } from './op-times.mjs';
import { cellsOf, fasterLlamaCpp } from './ratios.mjs';
import { sections, speedTable, targetTable } from './tables.mjs';
import { judged } from './targets.mjs';

export function printCell(cell, result) {
  if (cell.kind !== 'speed') return;
  console.log(`\n${speedTable({ ...cell, ...result })}\n`);
  if (result.opTimes) console.log(`${opTable(result, cell)}\n`);
}

export function printReport(report) {
  const { machine, browser, commit, date } = report;
  console.log(`\n# ${machine.cpu}, ${machine.cores} cores (${machine.flags.join(' ')})`);
  console.log(`${machine.system}, Chromium ${browser}, commit ${commit}, ${date}`);
  console.log(`llama.cpp: ${fasterLlamaCpp(report)}${unitsOf(report)}`);
  console.log('Medians, in brackets the least and the most; ratios are of single rounds.');
  for (const { group, title, make } of sections) {
    if (cellsOf(report, group).length > 0) console.log(`\n## ${title}\n\n${make(report)}`);
  }
  console.log(`\n## Targets\n\n${targetTable(report)}\n`);
  for (const { name, missed } of judged(report)) {
    if (missed.length > 0) console.log(`missed: ${name}: ${missed.join('; ')}`);
  }
  console.log('Faithfulness is measured by scripts/faithfulness.py; README.md has its figures.');
}

/** Which units of the processor each build of llama.cpp uses, by its own account. */
function unitsOf(report) {
  const builds = new Map();
  for (const { entrants = [] } of Object.values(report.cells)) {
    for (const { name, about } of entrants) if (about?.units) builds.set(name, about.units);
  }
  return [...builds].map(([name, units]) => `\n  ${name}: ${units.join(' ')}`).join('');
}

/** Writes the chart of a full table; returns its path. */
export function writeChart(report) {
  const path = join(root, 'docs/bench.svg');
  writeFileSync(path, chart(report));
  return path;
}
