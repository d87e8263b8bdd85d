// Numbers of many sizes on one scale: pure functions.

/** Ends of a logarithmic scale, both above zero. */
export interface LogScale {
  min: number;
  max: number;
}

/** From the smallest to the largest value above zero. */
export function logScale(values: readonly number[]): LogScale {
  let min = Infinity;
  let max = 0;
  for (const value of values) {
    if (!(value > 0 && value < Infinity)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  return max > 0 ? { min, max } : { min: 1, max: 1 };
}

/** Where a value lies, in [0, 1]; NaN where it is not above zero. */
export function onLogScale(value: number, { min, max }: LogScale): number {
  if (!(value > 0 && value < Infinity)) return NaN;
  return max === min ? 0.5 : Math.log(value / min) / Math.log(max / min);
}

/** The powers of ten from the one at or below `min` to the one at or above `max`. */
export function decades({ min, max }: LogScale): number[] {
  const first = Math.floor(Math.log10(min) + 1e-9);
  const last = Math.ceil(Math.log10(max) - 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => 10 ** (first + i));
}
