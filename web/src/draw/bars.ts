// Bars as styles: percentages of the room that they have.

/** From the left edge; `most` fills the room. */
export function bar(x: number, most: number): string {
  const width = most > 0 && Number.isFinite(x) ? Math.min(100, (Math.abs(x) / most) * 100) : 0;
  return `left: 0; width: ${width.toFixed(2)}%`;
}

/** From the middle: to the right above zero, to the left below. */
export function signedBar(x: number, most: number): string {
  const width = most > 0 && Number.isFinite(x) ? Math.min(50, (Math.abs(x) / most) * 50) : 0;
  return `left: ${(x < 0 ? 50 - width : 50).toFixed(2)}%; width: ${width.toFixed(2)}%`;
}

/** The largest size among the finite numbers. */
export function largest(values: Iterable<number>): number {
  let most = 0;
  for (const x of values) if (Number.isFinite(x)) most = Math.max(most, Math.abs(x));
  return most;
}
