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
  /** Of this many rows, spread evenly. */
  rows: number;
  sampled: Errors;
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
      const [{ values }, ...stored] = await Promise.all([
        run.trace.referenceRows(op, rows),
        ...rows.map((each) => run.trace.matrixRow(op, each)),
      ]);
      return errorsOf(joined(stored, Float32Array), values);
    }),
  ]);
  return { file, name: own.name, type: own.type, row: own.values, rows: rows.length, sampled };
}
