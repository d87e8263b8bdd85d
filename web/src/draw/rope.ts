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

/** A query and the keys that it meets, as RoPE has turned them. */
export interface TurnedRow {
  pairs: RopePairs;
  frequency: Frequency;
  /** The query's, and where it is before and after its turn. */
  position: number;
  before: Turn[];
  after: Turn[];
  /** Keys of positions firstKey and on, turned by these. */
  firstKey: number;
  keys: Turn[][];
  /** What those elements add to q·k that are not turned, for each of the keys. */
  rest: number[];
  /** q·k with each of the keys. */
  raw: ArrayLike<number>;
}

/** The same query and keys turned anew: by other frequencies, or other elements together. */
export function turnedAnew(row: TurnedRow, frequency: Frequency, pairs: RopePairs): TurnedRow {
  const { position, firstKey, rest } = row;
  const paired = (turns: Turn[]) => turnsOf(elementsOf(turns, row.pairs), pairs);
  const before = paired(row.before);
  const after = turned(before, frequency, position);
  const keys = row.keys.map((key, i) => {
    const unturned = paired(turned(key, row.frequency, -(firstKey + i)));
    return turned(unturned, frequency, firstKey + i);
  });
  const raw = keys.map((key, i) => after.reduce((sum, q, j) => sum + dot(q, key[j]!), rest[i]!));
  return { pairs, frequency, position, before, after, firstKey, keys, rest, raw };
}

/** What a pair adds to q·k. */
export const dot = (q: Turn, k: Turn): number => q.length * k.length * Math.cos(q.angle - k.angle);

function turned(turns: Turn[], frequency: Frequency, position: number): Turn[] {
  return turns.map(({ length, angle }, j) => ({ length, angle: angle + position * frequency(j) }));
}

/** (2 · pairs) the elements that `turnsOf` reads. */
function elementsOf(turns: Turn[], pairs: RopePairs): Float64Array {
  const size = 2 * turns.length;
  const elements = new Float64Array(size);
  turns.forEach(({ length, angle }, j) => {
    const [a, b] = pairOf(j, size, pairs);
    elements[a] = length * Math.cos(angle);
    elements[b] = length * Math.sin(angle);
  });
  return elements;
}
