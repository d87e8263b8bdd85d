// The engine's linear memory as pieces, and the pieces as lines of bytes to scale. Pure functions.
import type { Memory, OpInfo, TensorInfo } from '../protocol.ts';
import { tensorName } from '../tensor-name.ts';

export type Region = 'weights' | 'kv' | 'scratch' | 'taps' | 'rest';

/** What some bytes are for. */
export interface Piece {
  region: Region;
  name: string;
  bytes: number;
  /** Of weights; null: of other bytes. */
  tensor: TensorInfo | null;
  /** Which ops read them. */
  ops: number[];
  layer: number;
}

/** The file's tensors as they lie in memory, with the ops that read them. */
export function weightPieces(tensors: readonly TensorInfo[], ops: readonly OpInfo[]): Piece[] {
  const names = new Set(tensors.map(({ name }) => name));
  const readers = new Map<string, number[]>();
  ops.forEach((op, at) => {
    const name = tensorNameOf(op);
    // A model without a head of its own takes the embedding for it.
    const read = name === 'output.weight' && !names.has(name) ? 'token_embd.weight' : name;
    readers.set(read, [...(readers.get(read) ?? []), at]);
  });
  return tensors.map((tensor) => ({
    region: 'weights',
    name: tensor.name,
    bytes: tensor.bytes,
    tensor,
    ops: readers.get(tensor.name) ?? [],
    layer: Number(/^blk\.(\d+)\./.exec(tensor.name)?.[1] ?? -1),
  }));
}

function tensorNameOf({ kind, name, layer }: OpInfo): string {
  if (kind === 'rope') return 'rope_freqs.weight';
  return tensorName(layer, kind === 'bias' ? name : `${name}.weight`);
}

export function elementsOf({ shape }: TensorInfo): number {
  return shape.reduce((all, each) => all * each, 1);
}

/** All of linear memory. `tapBytes`: of what is kept of a run. */
export function piecesOf(tensors: readonly Piece[], memory: Memory, tapBytes: number): Piece[] {
  const other = (region: Region, name: string, bytes: number): Piece => {
    return { region, name, bytes, tensor: null, ops: [], layer: -1 };
  };
  const named = tensors.reduce((sum, { bytes }) => sum + bytes, 0);
  const { weightsBytes, kvBytesUsed, scratchBytes, totalBytes } = memory;
  const known = weightsBytes + kvBytesUsed + scratchBytes + tapBytes;
  return [
    ...tensors,
    other('weights', 'gaps between tensors', weightsBytes - named),
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
