// Where the ops of a plan lie on its map: a line of residual stream per layer, the branches hanging
// from it, and each op a box whose area is proportional to the bytes that it reads. Pure functions.
import type { OpInfo } from '../protocol.ts';

/** One op: a box, a dot on its branch where a box would be too thin, or a sum on the spine. */
export interface MapOp {
  op: number;
  shape: 'box' | 'dot' | 'sum';
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Ops of one layer, or those before or after the layers. */
export interface MapRow {
  layer: number;
  y: number;
  height: number;
  ops: MapOp[];
  /** The residual stream, and what leaves it and comes back: SVG paths. */
  spine: string;
  branches: string[];
}

export interface PlanMap {
  rows: MapRow[];
  height: number;
  /** Bytes of one square pixel. */
  bytesPerArea: number;
  /** Above the layers: what lies in a column of all of them. */
  columns: { name: string; x: number; width: number }[];
}

export interface MapSize {
  left: number;
  width: number;
  boxHeight: number;
  /** Each branch on a line of its own: where there is little width. */
  branchPerLine: boolean;
}

const dotWidth = 11;
const gap = 2;
const branchWidth = 12; // from the spine to a branch's first op
const thinnest = 4;
const spineDrop = 9; // from the spine to the boxes
const rowGap = 9;

export const dotRadius = 3.5;

/** `bytes`: what each op reads. */
export function planMap(
  ops: readonly OpInfo[],
  bytes: readonly number[],
  { left, width, boxHeight, branchPerLine }: MapSize,
): PlanMap {
  const lines = linesOf(ops, branchPerLine);
  const first = lines.find(([op]) => ops[op!]!.layer >= 0)?.[0] ?? 0;
  const perLayer = ops.filter(({ layer }) => layer === 0).length;
  /** Where an op stands in its layer; -1 outside the layers. */
  const columnOf = (op: number) => (ops[op]!.layer < 0 ? -1 : (op - first) % perLayer);
  const most = columns(ops, bytes, columnOf);
  const alike = lines.filter(([op]) => ops[op!]!.layer === 0).map((line) => line.map(columnOf));
  const perPixel = Math.max(...alike.map((line) => fitted(line, most, width)));
  const bytesPerArea = perPixel / boxHeight;
  const rows: MapRow[] = [];
  let y = spineDrop;
  for (const line of lines) {
    const lay = new RowLayout(ops, left, y, boxHeight);
    for (const op of line) {
      const column = most[columnOf(op)]?.bytes ?? bytes[op]!;
      lay.place(op, boxWidth(column / perPixel), bytes[op]! / bytesPerArea, left + width);
    }
    const row = lay.finish(left + width, line.at(-1) !== ops.length - 1);
    rows.push(row);
    y += row.height + rowGap;
  }
  const named = rows
    .filter(({ layer }) => layer === 0)
    .slice(0, 1)
    .flatMap((row) => row.ops.filter(({ shape }) => shape === 'box'))
    .map(({ op, x, width: own }) => ({ name: ops[op]!.name, x, width: own }));
  return { rows, height: y, bytesPerArea, columns: named };
}

/** Ops that follow each other in one layer; on one branch, if each is to have a line. */
function linesOf(ops: readonly OpInfo[], branchPerLine: boolean): number[][] {
  const lines: number[][] = [];
  ops.forEach(({ layer }, op) => {
    const before = ops[op - 1];
    if (before?.layer !== layer || (branchPerLine && isOnSpine(before))) lines.push([]);
    lines.at(-1)!.push(op);
  });
  return lines;
}

interface Column {
  onSpine: boolean;
  /** Of the layer that reads most. */
  bytes: number;
}

function columns(
  ops: readonly OpInfo[],
  bytes: readonly number[],
  columnOf: (op: number) => number,
): Column[] {
  const found: Column[] = [];
  ops.forEach((op, i) => {
    const at = columnOf(i);
    if (at < 0) return;
    const most = Math.max(found[at]?.bytes ?? 0, bytes[i]!);
    found[at] = { onSpine: isOnSpine(op), bytes: most };
  });
  return found;
}

/** How many bytes one pixel of a line's width stands for, when its columns take all of it. */
function fitted(line: readonly number[], all: readonly Column[], width: number): number {
  // Whether an op is a dot depends on the scale, and the scale on the room that dots take.
  let perPixel = 0;
  for (let round = 0; round < 8; ++round) {
    let room = width - branchWidth;
    let sum = 0;
    for (const column of line) {
      const { onSpine, bytes } = all[column]!;
      room -= gap;
      if (onSpine) room -= dotWidth + branchWidth;
      else if (bytes < thinnest * perPixel || bytes === 0) room -= dotWidth;
      else sum += bytes;
    }
    perPixel = Math.max(1, sum) / Math.max(20, room);
  }
  return perPixel;
}

/** Ops that change the residual stream itself. */
function isOnSpine({ kind }: OpInfo): boolean {
  return kind === 'add' || kind === 'embed';
}

function boxWidth(pixels: number): number {
  return pixels < thinnest ? dotWidth : pixels;
}

class RowLayout {
  readonly #ops: readonly OpInfo[];
  readonly #left: number;
  readonly #y: number;
  readonly #boxHeight: number;
  readonly #placed: MapOp[] = [];
  readonly #branches: string[] = [];
  #x: number;
  #height: number;
  /** Where the branch at hand has left the spine. */
  #from: number | null = null;

  constructor(ops: readonly OpInfo[], left: number, y: number, boxHeight: number) {
    this.#ops = ops;
    this.#left = left;
    this.#x = left;
    this.#y = y;
    this.#boxHeight = boxHeight;
    this.#height = boxHeight + spineDrop;
  }

  get #branchY(): number {
    return this.#y + spineDrop + this.#boxHeight / 2;
  }

  /** `column`: how wide the op's column is. `area`: its own box's. */
  place(op: number, column: number, area: number, right: number) {
    if (isOnSpine(this.#ops[op]!)) {
      this.#join();
      this.#push(op, 'sum', dotWidth, this.#y, 2 * dotRadius);
      this.#x += dotWidth + gap;
      return;
    }
    if (this.#from === null) {
      this.#from = this.#x;
      this.#x += branchWidth;
    }
    if (area / this.#boxHeight < thinnest) {
      this.#push(op, 'dot', column, this.#branchY, 2 * dotRadius);
      this.#x += column + gap;
      return;
    }
    // One that is wider than the map is as much higher.
    const width = Math.max(thinnest, Math.min(area / this.#boxHeight, right - this.#x));
    const height = area / width;
    this.#height = Math.max(this.#height, height + spineDrop);
    const top = this.#y + spineDrop + height / 2;
    this.#push(op, 'box', width, top, height);
    this.#x += Math.max(width, column) + gap;
  }

  /** y: the middle. */
  #push(op: number, shape: MapOp['shape'], width: number, y: number, height: number) {
    this.#placed.push({ op, shape, x: this.#x, y: y - height / 2, width, height });
  }

  /** The branch at hand comes back to the spine. */
  #join() {
    if (this.#from === null) return;
    const to = this.#x + dotWidth / 2;
    this.#branches.push(`${this.#leaving()} H ${to - 5} Q ${to} ${this.#branchY} ${to} ${this.#y}`);
    this.#from = null;
  }

  #leaving(): string {
    const x = this.#from!;
    const y = this.#branchY;
    return `M ${x} ${this.#y} Q ${x} ${y} ${x + 5} ${y}`;
  }

  finish(right: number, goesOn: boolean): MapRow {
    const { x, width } = this.#placed.at(-1)!;
    if (this.#from !== null) this.#branches.push(`${this.#leaving()} H ${x + width}`);
    const end = goesOn ? right : (this.#from ?? this.#x);
    return {
      layer: this.#ops[this.#placed[0]!.op]!.layer,
      y: this.#y,
      height: this.#height,
      ops: this.#placed,
      spine: `M ${this.#left} ${this.#y} H ${end}`,
      branches: this.#branches,
    };
  }
}
