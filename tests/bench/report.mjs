// Figures to words: medians with their spread, ratios, and time by kind of op.

/** {median, least, most} of numbers. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
}

/** Runs of one engine to tokens per second. */
export function speeds(runs, { prompt, generate }) {
  return {
    prefill: spread(runs.map((run) => (prompt * 1000) / run.prefillMs)),
    decode: spread(runs.map((run) => (generate * 1000) / run.decodeMs)),
  };
}

const digits = (value) => value.toFixed(value < 100 ? 1 : 0);
const withSpread = ({ median, least, most }) =>
  `${digits(median)} (${digits(least)}–${digits(most)})`;

/** A Markdown table with its columns padded, so that it reads well in a terminal too. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}

const isOurs = ({ name }) => name === 'ours';

/** One row for each engine: {name, speeds: {prefill, decode}}. */
export function speedTable(results) {
  const ours = results.find(isOurs)?.speeds;
  const ratio = (phase, peer) =>
    !ours || peer === ours ? '' : `${(ours[phase].median / peer[phase].median).toFixed(2)}x`;
  const rows = results.map(({ name, speeds: peer }) => [
    name,
    withSpread(peer.prefill),
    ratio('prefill', peer),
    withSpread(peer.decode),
    ratio('decode', peer),
  ]);
  return table(['', 'prefill, tokens/s', 'ours / it', 'decode, tokens/s', 'ours / it'], rows);
}

/** ms per token of each kind of op. */
export function opTable(times, { prompt, generate }) {
  const total = (key) => times.reduce((sum, time) => sum + time[key], 0);
  const cells = (key, n) => {
    const whole = total(key);
    return (ms) => `${(ms / n).toFixed(3)} (${((100 * ms) / whole).toFixed(0)} %)`;
  };
  const prefill = cells('prefillMs', prompt);
  const decode = cells('decodeMs', generate);
  const rows = times.map((time) => [time.kind, prefill(time.prefillMs), decode(time.decodeMs)]);
  rows.push(['all', prefill(total('prefillMs')), decode(total('decodeMs'))]);
  return table(['ours, ms per token', 'prefill', 'decode'], rows);
}

/** Sentences for every place where a peer is faster; none when ours is first everywhere. */
export function losses(model, results) {
  const ours = results.find(isOurs);
  if (!ours) return [];
  return results.flatMap((peer) =>
    ['prefill', 'decode']
      .filter((phase) => ours.speeds[phase].median < peer.speeds[phase].median)
      .map((phase) => `${model}: ${peer.name} is faster in ${phase}`),
  );
}
