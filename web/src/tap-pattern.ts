// Which taps a name means: '*' stands for any part between points. Pure functions.
import type { TapInfo } from './protocol.ts';

/** 'L.*.q_rot' is the q_rot of every layer, 'L.3.*' all of layer 3. */
export function isNamed(name: string, pattern: string): boolean {
  const parts = name.split('.');
  const wanted = pattern.split('.');
  return (
    parts.length === wanted.length &&
    parts.every((part, i) => wanted[i] === '*' || wanted[i] === part)
  );
}

/** Taps with the same op are one. */
export function onePerOp(taps: readonly TapInfo[]): TapInfo[] {
  return [...new Map(taps.map((tap) => [tap.op, tap])).values()];
}
