/** The smallest step of the clock in milliseconds, of some: browsers make it coarse. */
export function clockTick(): number {
  let tick = Infinity;
  for (let last = performance.now(), steps = 0; steps < 20;) {
    const now = performance.now();
    if (now === last) continue;
    tick = Math.min(tick, now - last);
    last = now;
    ++steps;
  }
  return tick;
}
