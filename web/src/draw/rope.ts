// The pairs that RoPE turns: pure functions on the first n_rot elements of a head.
import type { Edit, ModelInfo } from '../protocol.ts';
import { value } from './format.ts';

export type RopePairs = 'adjacent' | 'halves';

/** The two elements of pair `j` of `size` that are turned. */
export function pairOf(j: number, size: number, pairs: RopePairs): [number, number] {
  return pairs === 'adjacent' ? [2 * j, 2 * j + 1] : [j, j + size / 2];
}

/** The base in force: an edit's, or the file's. */
export function thetaOf(edits: readonly Edit[], { rope_theta }: ModelInfo): number {
  return edits.findLast((edit) => edit.do === 'rope_theta')?.theta ?? rope_theta;
}

/** By how much pair `j` turns from one position to the next, in radians. */
export type Frequency = (j: number) => number;

export function frequencies(info: ModelInfo, theta: number): Frequency {
  const { n_rot, rope_scale, rope_factors } = info;
  return (j) => (rope_scale * theta ** ((-2 * j) / n_rot)) / (rope_factors?.[j] ?? 1);
}

/** ' · 0.25 / f[1]': what this file's frequency of pair `j` has besides theta's power. */
export function scalingWords({ rope_scale, rope_factors }: ModelInfo, j: number | string): string {
  const scale = rope_scale === 1 ? '' : ` · ${value(rope_scale)}`;
  return rope_factors ? `${scale} / f[${j}]` : scale;
}

/** Length and direction of one pair. */
export interface Turn {
  length: number;
  angle: number;
}

export function turnsOf(vector: ArrayLike<number>, pairs: RopePairs): Turn[] {
  return Array.from({ length: vector.length / 2 }, (_, j) => {
    const [a, b] = pairOf(j, vector.length, pairs);
    const [x, y] = [vector[a]!, vector[b]!];
    return { length: Math.hypot(x, y), angle: Math.atan2(y, x) };
  });
}

/** The same direction in [0, 2π). */
export function wrapped(angle: number): number {
  const turn = 2 * Math.PI;
  return ((angle % turn) + turn) % turn;
}

/** How far two directions are apart, in [0, π]. */
export function apart(a: number, b: number): number {
  const angle = wrapped(a - b);
  return Math.min(angle, 2 * Math.PI - angle);
}

/**
 * What one pair adds to q·k if the key stands `distance` positions before the query. `q`: before it is
 * turned; `k`: as the cache has it, turned by its own position.
 */
export function pairAtDistance(q: Turn, k: Turn, kPosition: number, f: number, distance: number) {
  return q.length * k.length * Math.cos(q.angle - (k.angle - kPosition * f) + distance * f);
}
