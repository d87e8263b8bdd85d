// Medians with their spread, and how they are written.

/** {median, least, most} */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const median = sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  return { median, least: sorted[0], most: sorted.at(-1) };
}

const digits = (value) => value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0);

/** "12.3 (11.9–12.6)" */
export const withSpread = ({ median, least, most }) =>
  `${digits(median)} (${digits(least)}–${digits(most)})`;

/** "0.83x (0.80–0.85)" */
export const asRatio = ({ median, least, most }) =>
  `${median.toFixed(2)}x (${least.toFixed(2)}–${most.toFixed(2)})`;

/** A Markdown table with its columns padded, so that it reads well in a terminal too. */
export function table(head, rows) {
  const all = [head, ...rows];
  const widths = head.map((_, column) => Math.max(...all.map((row) => row[column].length)));
  const line = (row) => `| ${row.map((cell, i) => cell.padEnd(widths[i])).join(' | ')} |`;
  const rule = `|${widths.map((width) => '-'.repeat(width + 2)).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
}
