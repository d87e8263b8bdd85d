// What several panels ask the engine for: whoever asks next gets the first one's answer, until the run
// is computed again.
import type { AttentionRow, KvSlot, MatrixBlock, TensorInfo } from '../protocol.ts';
import type { LabRun } from './lab-run.ts';

export function attentionRow(
  run: LabRun,
  layer: number,
  head: number,
  position: number,
): Promise<AttentionRow> {
  return run.once(`attention ${layer} ${head} ${position}`, () =>
    run.trace.attention(layer, head, position),
  );
}

export function kvSlot(
  run: LabRun,
  layer: number,
  kvHead: number,
  position: number,
): Promise<KvSlot> {
  return run.once(`kvSlot ${layer} ${kvHead} ${position}`, () =>
    run.trace.kvSlot(layer, kvHead, position),
  );
}

export function matrixRow(run: LabRun, op: number, row: number): Promise<Float32Array> {
  return run.once(`matrixRow ${op} ${row}`, () => run.trace.matrixRow(op, row));
}

export function matrixBlock(
  run: LabRun,
  op: number,
  row: number,
  block: number,
): Promise<MatrixBlock> {
  return run.once(`matrixBlock ${op} ${row} ${block}`, () => run.trace.matrixBlock(op, row, block));
}

export function tensors(run: LabRun): Promise<TensorInfo[]> {
  return run.once('tensors', () => run.trace.tensors());
}
