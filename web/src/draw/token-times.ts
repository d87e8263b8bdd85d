/** One bar per value as an SVG path, the latest at the right edge. A bar's height is value / top. */
export function barsPath(
  values: readonly number[],
  width: number,
  height: number,
  barWidth: number,
  top: number,
): string {
  const shown = values.slice(-Math.floor(width / barWidth));
  const start = width - shown.length * barWidth;
  return shown
    .map((value, at) => {
      const x = start + at * barWidth;
      const y = height - Math.max(1, Math.min(1, value / top) * height);
      return `M${x.toFixed(1)} ${height}V${y.toFixed(1)}h${(barWidth - 1).toFixed(1)}V${height}z`;
    })
    .join('');
}

/** The scale's end: the first of 1, 2, 5, 10, 20... that holds nearly all values. */
export function scaleTop(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const high = sorted[Math.floor((sorted.length - 1) * 0.98)] ?? 1;
  let top = 1;
  for (const factor of cycle([2, 2.5, 2])) {
    if (top >= high) break;
    top *= factor;
  }
  return top;
}

function* cycle(values: readonly number[]): Generator<number> {
  for (let at = 0; ; ++at) yield values[at % values.length]!;
}

/** The middle value; 0 for none. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}
