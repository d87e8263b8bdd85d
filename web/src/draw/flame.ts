// Time as nested bars: a pass, its layers, their ops. Pure functions.
import type { OpInfo } from '../protocol.ts';

export interface FlameBar {
  /** 0: the pass. 1: a layer, or what comes before or after them. 2: an op. */
  depth: 0 | 1 | 2;
  x: number;
  width: number;
  ms: number;
  layer: number;
  /** Of depth 2. */
  op: number;
}

/** `ms`: of each op. Bars side by side take their share of `width`. */
export function flame(ops: readonly OpInfo[], ms: readonly number[], width: number): FlameBar[] {
  const total = ms.reduce((sum, each) => sum + each, 0);
  const scale = total > 0 ? width / total : 0;
  const bars: FlameBar[] = [{ depth: 0, x: 0, width, ms: total, layer: -1, op: -1 }];
  let x = 0;
  let group: FlameBar | undefined;
  ops.forEach(({ layer }, op) => {
    const own = ms[op]! * scale;
    if (!group || group.layer !== layer) {
      group = { depth: 1, x, width: 0, ms: 0, layer, op: -1 };
      bars.push(group);
    }
    group.width += own;
    group.ms += ms[op]!;
    bars.push({ depth: 2, x, width: own, ms: ms[op]!, layer, op });
    x += own;
  });
  return bars;
}
