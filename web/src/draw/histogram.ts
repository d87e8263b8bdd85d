/** How often values fall into each of some equal bins. */
export interface Histogram {
  min: number;
  max: number;
  counts: number[];
}

/** Of the finite values; a single value has one bin. */
export function histogramOf(values: ArrayLike<number>, bins: number): Histogram {
  const finite = Array.from(values).filter(Number.isFinite);
  const min = finite.reduce((a, b) => Math.min(a, b), Infinity);
  const max = finite.reduce((a, b) => Math.max(a, b), -Infinity);
  if (!(max > min)) return { min, max, counts: [finite.length] };
  const counts = new Array<number>(bins).fill(0);
  for (const x of finite) {
    counts[Math.min(bins - 1, Math.floor(((x - min) / (max - min)) * bins))]! += 1;
  }
  return { min, max, counts };
}
