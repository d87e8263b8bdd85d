// The engine's linear memory as pieces, and the pieces as lines of bytes to scale. Pure functions.
import type { Memory, ModelInfo, OpInfo } from '../protocol.ts';

export type Region = 'weights' | 'kv' | 'scratch' | 'taps' | 'rest';

/** What some bytes are for. */
export interface Piece {
  region: Region;
  name: string;
  bytes: number;
  /** Of weights: the file's type, the shape (n_out × n_in), and the ops that read them. */
  type: string;
  shape: string;
  elements: number;
  ops: number[];
  layer: number;
}

/** The tensors that ops read, by the file's names, in the order in which a pass comes to them. */
export function tensorsOf(ops: readonly OpInfo[], info: ModelInfo): Piece[] {
  const tensors: Piece[] = [];
  ops.forEach((op, at) => {
    const prefix = op.layer < 0 ? '' : `blk.${op.layer}.`;
    const add = (name: string, bytes: number, dims: number[]) =>
      tensors.push({
        region: 'weights',
        name: prefix + name,
        bytes,
        type: op.type ?? 'F32',
        shape: dims.join(' × '),
        elements: dims.reduce((all, each) => all * each, 1),
        ops: [at],
        layer: op.layer,
      });
    if (op.kind === 'embed') {
      add(`${op.name}.weight`, op.bytes * info.n_vocab, [info.n_vocab, op.n_out]);
    } else if (op.kind === 'matmul' && op.logit_rows && info.tied_head) {
      tensors[0]!.ops.push(at); // The embedding is the head as well.
    } else if (op.kind === 'matmul') {
      add(`${op.name}.weight`, op.bytes, [op.n_out, op.n_in]);
    } else if (op.kind === 'rms_norm') add(`${op.name}.weight`, op.bytes, [op.n_out]);
    else if (op.kind === 'bias') add(op.name, op.bytes, [op.n_out]);
  });
  return tensors;
}

/** All of linear memory. `tapBytes`: of what is kept of a run. */
export function piecesOf(tensors: readonly Piece[], memory: Memory, tapBytes: number): Piece[] {
  const other = (region: Region, name: string, bytes: number): Piece => {
    const none = { type: '', shape: '', elements: 0, ops: [], layer: -1 };
    return { region, name, bytes, ...none };
  };
  const named = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const { weightsBytes, kvBytesUsed, scratchBytes, totalBytes } = memory;
  const known = weightsBytes + kvBytesUsed + scratchBytes + tapBytes;
  return [
    ...tensors,
    other('weights', 'the weights’ other bytes', weightsBytes - named),
    other('kv', 'keys and values', kvBytesUsed),
    other('scratch', 'scratch of a pass', scratchBytes),
    other('taps', 'taps kept for the lab', tapBytes),
    other('rest', 'the rest', totalBytes - known),
  ].filter(({ bytes }) => bytes > 0);
}

export interface MemoryBar {
  piece: number;
  x: number;
  line: number;
  width: number;
}

/** Pieces one after the other in lines of `width` pixels; one that passes a line's end goes on below. */
export function memoryLines(pieces: readonly Piece[], width: number, lines: number): MemoryBar[] {
  const total = pieces.reduce((sum, { bytes }) => sum + bytes, 0);
  const perLine = total / lines;
  const bars: MemoryBar[] = [];
  let at = 0;
  pieces.forEach(({ bytes }, piece) => {
    const end = at + bytes;
    while (at < end) {
      const line = Math.min(lines - 1, Math.floor(at / perLine + 1e-9));
      const until = line === lines - 1 ? end : Math.min(end, (line + 1) * perLine);
      const x = ((at - line * perLine) / perLine) * width;
      bars.push({ piece, line, x, width: ((until - at) / perLine) * width });
      at = until;
    }
  });
  return bars;
}
