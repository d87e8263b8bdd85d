// The weight matrices that a plan's ops read, and what they take.
import type { ModelInfo, OpInfo } from '../protocol.ts';

export interface MatrixInfo {
  op: number;
  /** As in the file, without 'blk.' and '.weight'. */
  name: string;
  /** -1: before or after the layers. */
  layer: number;
  type: string;
  nIn: number;
  nOut: number;
  bytes: number;
}

/** In the plan's order. An op of the embedding reads one row a token; its matrix has n_vocab. */
export function matricesOf(ops: readonly OpInfo[], { n_vocab }: ModelInfo): MatrixInfo[] {
  return ops.flatMap(({ kind, name, layer, type, n_in, n_out, bytes }, op) => {
    if (type === undefined) return [];
    return kind === 'embed'
      ? [{ op, name, layer, type, nIn: n_out, nOut: n_vocab, bytes: bytes * n_vocab }]
      : [{ op, name, layer, type, nIn: n_in, nOut: n_out, bytes }];
  });
}

/** Enough rows for three digits of a matrix's error. */
const mostRows = 64;

/** Of n rows all, or as many as speak for them, spread evenly. */
export function spreadRows(n: number): number[] {
  const wanted = Math.min(n, mostRows);
  return Array.from({ length: wanted }, (_, i) => Math.floor(((i + 0.5) * n) / wanted));
}

/** Scales and minima included. */
export function bitsPerWeight({ bytes, nIn, nOut }: Pick<MatrixInfo, 'bytes' | 'nIn' | 'nOut'>) {
  return (bytes * 8) / (nIn * nOut);
}

export interface TypeSum {
  type: string;
  matrices: number;
  weights: number;
  bytes: number;
}

/** What all matrices of each type take; a head that is the embedding's own matrix counts once. */
export function sumsByType(matrices: readonly MatrixInfo[], { tied_head }: ModelInfo): TypeSum[] {
  const sums = new Map<string, TypeSum>();
  for (const { type, name, nIn, nOut, bytes } of matrices) {
    if (tied_head && name === 'output') continue;
    const sum = sums.get(type) ?? { type, matrices: 0, weights: 0, bytes: 0 };
    sum.matrices += 1;
    sum.weights += nIn * nOut;
    sum.bytes += bytes;
    sums.set(type, sum);
  }
  return [...sums.values()].sort((a, b) => b.bytes - a.bytes);
}
