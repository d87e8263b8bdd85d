// What a matrix's rounding does to its product: the one that the pass left at a position against that of
// the reference's weights with the same input.
import { tensorName } from '../tensor-name.ts';
import type { LabRun } from './lab-run.ts';
import type { MatrixInfo } from './matrices.ts';
import { vectorOf } from './naive-op.ts';
import type { SampledRows } from './reference-errors.ts';

/** Where a product's input and output lie. */
export interface ProductTaps {
  input: string;
  output: string;
}

/** By the rows that were compared, each product in double precision and without a bias. */
export interface OutputErrors extends ProductTaps {
  rows: readonly number[];
  /** The bias that was taken off the output tap; '': it has none. */
  bias: string;
  /** What the engine has. */
  engine: Float64Array;
  /** The sum of the loaded weights times the tap's input, and of the reference's. */
  stored: Float64Array;
  exact: Float64Array;
}

/** Both taps must be there to be read. */
export async function outputErrors(
  run: LabRun,
  { name, layer }: MatrixInfo,
  { input, output }: ProductTaps,
  position: number,
  { rows, stored, exact }: SampledRows,
): Promise<OutputErrors> {
  const bias = `${name}.bias`;
  const biasOp = run.ops.findIndex((one) => one.name === bias && one.layer === layer);
  const [x, y, b] = await Promise.all([
    run.read(input, position),
    run.read(output, position),
    biasOp < 0 ? null : vectorOf(run, biasOp, ''),
  ]);
  return {
    input,
    output,
    rows,
    bias: b ? tensorName(layer, bias) : '',
    engine: Float64Array.from(rows, (row) => y.data[row]! - (b?.[row] ?? 0)),
    stored: products(stored, x.data),
    exact: products(exact, x.data),
  };
}

/** (rows) W x of rows one behind the other. */
function products(weights: Float32Array, x: Float32Array): Float64Array {
  return Float64Array.from({ length: weights.length / x.length }, (_, row) =>
    x.reduce((sum, each, i) => sum + each * weights[row * x.length + i]!, 0),
  );
}

type Floats = Float32Array | Float64Array;

/** ||a - b|| over the norm of `whole`; of equals 0, also where an edit has zeroed them all. */
export function relativeDistance(a: Floats, b: Floats, whole: Floats): number {
  const distance = Math.hypot(...a.map((each, i) => each - b[i]!));
  return distance === 0 ? 0 : distance / Math.hypot(...whole);
}
