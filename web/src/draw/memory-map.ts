// The engine's linear memory as pieces, and the pieces as lines of bytes to scale. Pure functions.
import type { Memory, OpInfo, TensorInfo } from '../protocol.ts';
import { tensorName } from '../tensor-name.ts';

export type Region = 'weights' | 'kv' | 'scratch' | 'taps' | 'rest';

/** What some bytes are for. */
export interface Piece {
  region: Region;
  name: string;
  /** In linear memory. */
  address: number;
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
    address: tensor.address,
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

/**
 * All of linear memory from address 0 up; what lies between the pieces are pieces too. `tapBytes`: of
 * what is kept of a run, `kvBlockBytes`: of each block of keys and values.
 */
export function piecesOf(
  tensors: readonly Piece[],
  memory: Memory,
  { tapBytes, kvBlockBytes }: { tapBytes: number; kvBlockBytes: number },
): Piece[] {
  const other = (region: Region, name: string, address: number, bytes: number): Piece => {
    return { region, name, address, bytes, tensor: null, ops: [], layer: -1 };
  };
  const known = [
    ...tensors,
    ...memory.kvBlockAddresses.map((address, i) =>
      other('kv', `keys and values, block ${i}`, address, kvBlockBytes),
    ),
    other('scratch', 'scratch of a pass', memory.scratchAddress, memory.scratchBytes),
    other('taps', 'taps kept for the lab', memory.tapsAddress, tapBytes),
  ].filter(({ bytes }) => bytes > 0);
  known.sort((a, b) => a.address - b.address);
  let end = 0;
  let last: Region = 'rest';
  const upTo = (address: number, next: Region): Piece[] => {
    const inside = last === 'weights' && next === 'weights';
    const gap = inside
      ? other('weights', 'gap between tensors', end, address - end)
      : other('rest', 'the rest', end, address - end);
    return gap.bytes > 0 ? [gap] : [];
  };
  const all = known.flatMap((piece) => {
    const pieces = [...upTo(piece.address, piece.region), piece];
    end = piece.address + piece.bytes;
    last = piece.region;
    return pieces;
  });
  return [...all, ...upTo(memory.totalBytes, 'rest')];
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
