// Numbers as they are read: pure functions.

/** '98.4 MB': decimal units, as download sizes are given. */
export function bytes(n: number): string {
  if (n < 1000) return `${n} B`;
  const units = ['kB', 'MB', 'GB', 'TB'];
  let value = n / 1000;
  let unit = 0;
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]!}`;
}

/** '0.24 s', '85 ms'. */
export function duration(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 100) return `${ms.toFixed(1)} ms`;
  if (ms < 1000) return `${ms.toFixed(0)} ms`;
  return `${(ms / 1000).toFixed(ms < 10_000 ? 2 : 1)} s`;
}

/** Three significant digits. */
export function rate(perSecond: number): string {
  if (perSecond >= 1000) return perSecond.toFixed(0);
  return perSecond.toPrecision(3);
}

export function count(n: number): string {
  return n.toLocaleString('en-US');
}

/** '1 thread', '4 threads'. */
export function threads(n: number): string {
  return `${n} thread${n === 1 ? '' : 's'}`;
}

/** '135 M', '1.24 B' parameters. */
export function parameters(n: number): string {
  if (n >= 1e9) return `${(n / 1e9).toPrecision(3)} B`;
  if (n >= 1e6) return `${(n / 1e6).toPrecision(3)} M`;
  return n >= 1e3 ? `${(n / 1e3).toPrecision(3)} k` : String(n);
}

/** '0.123', '4e-6': short enough for a column. */
export function probability(p: number): string {
  return p >= 0.0005 || p === 0 ? p.toFixed(3) : p.toExponential(0);
}

/** '0.1234', '-1.235e-7': four significant digits unless more are asked for. */
export function value(x: number, digits = 4): string {
  if (!Number.isFinite(x)) return Number.isNaN(x) ? 'NaN' : x > 0 ? '+∞' : '−∞';
  if (Number.isInteger(x) && Math.abs(x) < 1e6) return String(x);
  return x.toPrecision(digits);
}

/** '8.12 %'; small ones keep their digits. */
export function percent(part: number): string {
  return `${value(part * 100, 3)} %`;
}
