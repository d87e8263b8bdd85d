// Saved results to figures: tokens per second, and ratios of what was measured side by side.
import { spread } from './numbers.mjs';

/** Saved cells of a group, in the table's order: [{...spec, ...result}]. */
export const cellsOf = ({ settings, cells }, group) =>
  settings
    .filter((cell) => cell.group === group && cells[cell.id])
    .map((cell) => ({ ...cell, ...cells[cell.id] }));

export const entrantOf = ({ entrants }, name) =>
  entrants.find((entrant) => entrant.name === name && entrant.runs);

const phases = { prefill: ['prefillMs', 'prompt'], decode: ['decodeMs', 'generate'] };

/** Tokens per second of one entrant in 'prefill' or 'decode'. */
export function speedOf(cell, entrant, phase) {
  const [key, count] = phases[phase];
  return spread(entrant.runs.map((run) => (cell[count] * 1000) / run[key]));
}

/** How many times faster `name` is than `peer`, of each round; null unless both were measured. */
export function ratioOf(cell, peer, key, name = 'ours') {
  const [mine, other] = [entrantOf(cell, name), entrantOf(cell, peer)];
  if (!mine || !other) return null;
  return spread(mine.runs.map((run, i) => other.runs[i][key] / run[key]));
}

/** The share of the memory-read rate at which our decode reads its weights; null if not measured. */
export function shareOfReadRate(cell) {
  const ours = entrantOf(cell, 'ours');
  if (!ours || !cell.readRate) return null;
  const roof = spread(cell.readRate.wasm).median * 1e9;
  const { median, least, most } = speedOf(cell, ours, 'decode');
  const share = (tokensPerSecond) => (tokensPerSecond * ours.about.weightsBytes) / roof;
  return { median: share(median), least: share(least), most: share(most) };
}

/** Whether this cell's weights are larger than the machine's last cache. */
export function isBeyondCaches(cell, { caches }) {
  const weights = entrantOf(cell, 'ours')?.about.weightsBytes ?? 0;
  const largest = Math.max(0, ...Object.values(caches));
  return largest > 0 && weights > largest;
}

/** Bytes of linear memory beyond weights and KV cache; null if not measured. */
export const overheadOf = ({ memory }) =>
  memory ? memory.totalBytes - memory.weightsBytes - memory.kvBytesUsed : null;

/** The llama.cpp that took less time for prefill and decode together; PyPI's if not measured. */
export function fasterLlamaCpp({ cells }) {
  const entrants = Object.values(cells).find(({ entrants: all }) =>
    all?.some(({ name }) => name === 'llama.cpp-npm'),
  )?.entrants;
  if (!entrants) return 'llama.cpp-pypi';
  const time = ({ runs }) => spread(runs.map((r) => r.prefillMs + r.decodeMs)).median;
  return entrants.toSorted((a, b) => time(a) - time(b))[0].name;
}
