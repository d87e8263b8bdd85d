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
