// One element of a matrix product, added up as the kernels do it (engine/kernels/kernels.h) and
// rounded to float32 at every step: the last sum is the engine's own, bit for bit.

/** Inputs that share a scale. */
export const blockSize = 32;

/** A row of weights and what it is multiplied by; scales are those of each block. */
export interface Factors {
  /** Of the weights. */
  type: string;
  /** (n_in) codes, or floats where the type is a float's; d, a are 1 then, m, s 0. */
  weights: Float32Array;
  inputs: Float32Array;
  /** (n_in / blockSize) each: weight = d * code + m, input = a * code, s = a * sum of codes. */
  d: Float32Array;
  a: Float32Array;
  m: Float32Array;
  s: Float32Array;
}

/** (n_in / blockSize) each block's sum of weight * input, and the element behind each block. */
export function addUp({ type, weights, inputs, d, a, m, s }: Factors): {
  dot: Float32Array;
  running: Float32Array;
} {
  const { fround } = Math;
  // Sums of codes are exact, here as in the engine's integers, and rounded when they are stored.
  const round = isQuantised(type) ? (x: number) => x : fround;
  const dot = d.map((_, b) => {
    const end = Math.min((b + 1) * blockSize, weights.length);
    let sum = 0;
    for (let i = b * blockSize; i < end; ++i) sum = round(sum + round(weights[i]! * inputs[i]!));
    return sum;
  });
  let sum = 0;
  const running = dot.map((each, b) => {
    sum = fround(sum + fround(fround(d[b]! * a[b]!) * each));
    if (hasMinimum(type)) sum = fround(sum + fround(m[b]! * s[b]!));
    return sum;
  });
  return { dot, running };
}

export function isQuantised(type: string): boolean {
  return type.startsWith('Q');
}

/** Whether weights of a type are d * code + m, and not d * code. */
function hasMinimum(type: string): boolean {
  return /^Q[45]_[1K]$/.test(type);
}
