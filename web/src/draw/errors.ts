import { count } from './format.ts';

/** How far values are from those they stand for. */
export interface Errors {
  errors: Float32Array;
  /** The root of their mean square, and that over the exact values' own. */
  rms: number;
  relative: number;
  most: number;
}

export function errorsOf(values: Float32Array, exact: Float32Array): Errors {
  const errors = values.map((x, at) => x - exact[at]!);
  const rootMeanSquare = (list: Float32Array) =>
    Math.sqrt(list.reduce((sum, x) => sum + x * x, 0) / list.length);
  const rms = rootMeanSquare(errors);
  const most = errors.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
  return { errors, rms, relative: rms / rootMeanSquare(exact), most };
}

/** How many of a matrix's rows were compared: 'all 32', '64 of 4,864'. */
export function rowsCompared(n: number, nOut: number): string {
  return n === nOut ? `all ${n}` : `${n} of ${count(nOut)}`;
}

/** (rows, blocks) the mean and the largest |w - exact| of each `width` weights of rows of `nIn`. */
export function blockErrors(errors: Float32Array, nIn: number, width: number) {
  const blocks = Math.ceil(nIn / width);
  const cells = (errors.length / nIn) * blocks;
  const mean = new Float32Array(cells);
  const most = new Float32Array(cells);
  for (let cell = 0; cell < cells; ++cell) {
    const first = Math.floor(cell / blocks) * nIn;
    const at = (cell % blocks) * width;
    const block = errors.subarray(first + at, first + Math.min(nIn, at + width)).map(Math.abs);
    mean[cell] = block.reduce((sum, x) => sum + x, 0) / block.length;
    most[cell] = Math.max(...block);
  }
  return { blocks, mean, most };
}
