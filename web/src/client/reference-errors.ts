// How far a matrix is from the same one in another file of the model: a row, and rows of all of it.
import { type Errors, errorsOf } from '../draw/errors.ts';
import type { ReferenceFile } from '../protocol.ts';
import type { LabRun } from './lab-run.ts';
import type { MatrixInfo } from './matrices.ts';

/** Rows of a matrix that are compared: enough for three digits of its error. */
const mostRows = 64;

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
      return errorsOf(joined(stored), values);
    }),
  ]);
  return { file, name: own.name, type: own.type, row: own.values, rows: rows.length, sampled };
}

function spreadRows(n: number): number[] {
  const wanted = Math.min(n, mostRows);
  return Array.from({ length: wanted }, (_, i) => Math.floor(((i + 0.5) * n) / wanted));
}

function joined(rows: readonly Float32Array[]): Float32Array {
  const all = new Float32Array(rows.reduce((sum, { length }) => sum + length, 0));
  rows.reduce((at, row) => (all.set(row, at), at + row.length), 0);
  return all;
}
