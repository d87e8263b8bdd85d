// What a changed weight would do. Weights themselves stay as they are in the file: the outputs of the
// matrix's product that depend on it are put in place of those computed, as one edit.
import type { Edit } from '../protocol.ts';
import type { LabRun } from './lab-run.ts';
import type { MatrixInfo } from './matrices.ts';

const products: Record<string, { input: string; output: string }> = {
  attn_q: { input: 'attn_norm', output: 'q' },
  attn_k: { input: 'attn_norm', output: 'k' },
  attn_v: { input: 'attn_norm', output: 'v' },
  attn_output: { input: 'z', output: 'attn_out' },
  ffn_gate: { input: 'ffn_norm', output: 'gate' },
  ffn_up: { input: 'ffn_norm', output: 'up' },
  ffn_down: { input: 'act', output: 'ffn_out' },
};

/** The taps before and behind a matrix of a layer; null: it lies outside the layers. */
export function tapsAround({ name, layer }: MatrixInfo): { input: string; output: string } | null {
  const found = products[name];
  if (!found || layer < 0) return null;
  return { input: `L.${layer}.${found.input}`, output: `L.${layer}.${found.output}` };
}

/** Taps whose rows are not all kept, without which `flipEdit` cannot be. */
export function missingTaps(run: LabRun, matrix: MatrixInfo): string[] {
  const { input, output } = tapsAround(matrix)!;
  return [input, output].filter((tap) => run.held(tap, 0) !== 'kept');
}

/**
 * W[row, column] changed by `delta`, at all positions that the run has computed: each output of the row
 * changes by delta times its input, to the rounding of the kernel's inputs.
 */
export async function flipEdit(
  run: LabRun,
  matrix: MatrixInfo,
  row: number,
  column: number,
  delta: number,
): Promise<Edit> {
  const { input, output } = tapsAround(matrix)!;
  const { end } = run.place;
  const x = await run.read(input, 0, end);
  const y = await run.read(output, 0, end);
  const data = y.data.slice();
  for (let position = 0; position < end; ++position) {
    data[position * y.width + row]! += delta * x.data[position * x.width + column]!;
  }
  const recording = { [output]: { ...y, data } };
  return { do: 'patch', site: output, range: [row, row + 1], recording };
}
