// How far a matrix is from the same one in another file of the model: a row, and rows of all of it.
import { type Errors, errorsOf } from '../draw/errors.ts';
import type { ReferenceFile } from '../protocol.ts';
import { joined } from './joined.ts';
import type { LabRun } from './lab-run.ts';
import { type MatrixInfo, spreadRows } from './matrices.ts';

export interface Comparison {
  file: ReferenceFile;
  /** The tensor, and its type there. */
  name: string;
  type: string;
  /** (nIn) the row as it is there. */
  row: Float32Array;
  sampled: SampledRows;
}

/** Rows of a matrix, spread evenly, in both files. */
export interface SampledRows extends Errors {
  rows: readonly number[];
  /** (rows, nIn) as loaded, and as the reference has them. */
  stored: Float32Array;
  exact: Float32Array;
}

/** null: no reference is open. An error tells why this matrix cannot be compared. */
export async function compareWithReference(
  run: LabRun,
  { op, nOut }: MatrixInfo,
  row: number,
): Promise<Comparison | null> {
  const file = await run.trace.reference();
  if (!file) return null;
  const rows = spreadRows(nOut);
  const [own, sampled] = await Promise.all([
    run.once(`reference ${file.nth} ${op} ${row}`, () => run.trace.referenceRows(op, [row])),
    run.once(`reference ${file.nth} ${op}`, async () => {
      const [{ values: exact }, ...own] = await Promise.all([
        run.trace.referenceRows(op, rows),
        ...rows.map((each) => run.trace.matrixRow(op, each)),
      ]);
      const stored = joined(own, Float32Array);
      return { rows, stored, exact, ...errorsOf(stored, exact) };
    }),
  ]);
  return { file, name: own.name, type: own.type, row: own.values, sampled };
}
