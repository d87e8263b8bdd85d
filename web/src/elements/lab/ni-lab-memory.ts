import { css, html, svg } from 'lit';
import { tensors } from '../../client/cached-reads.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { bytes as size, count, value } from '../../draw/format.ts';
import {
  elementsOf,
  memoryLines,
  type Piece,
  piecesOf,
  type Region,
  weightPieces,
} from '../../draw/memory-map.ts';
import type { KvState, Memory, TensorInfo } from '../../protocol.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import { WidthWatch } from './width-watch.ts';

interface View {
  pieces: readonly Piece[];
  memory: Memory;
  kv: KvState;
  selected: number;
}

const lineHeight = 16;
const nLines = 12;

const regions: Record<Region, string> = {
  weights: 'weights',
  kv: 'keys and values',
  scratch: 'scratch',
  taps: 'kept taps',
  rest: 'the rest',
};

/** The engine's linear memory to scale, and the tensors of the file. */
export class NiLabMemory extends LabPanel<View> {
  static override properties = { ...LabPanel.properties, pointed: { state: true } };
  /** A piece under the mouse or the keys. */
  declare pointed: number | null;
  readonly #width = new WidthWatch(this);

  constructor() {
    super();
    this.pointed = null;
  }

  protected override async read(run: LabRun): Promise<View> {
    const { ops, kept, selection } = run;
    const [memory, kv, all] = await Promise.all([
      run.client.memory(),
      run.trace.kv(),
      tensors(run),
    ]);
    return {
      pieces: piecesOf(weightPieces(all, ops), memory, {
        tapBytes: kept?.bytes ?? 0,
        kvBlockBytes: kv.blockBytes,
      }),
      memory,
      kv,
      selected: selection.op,
    };
  }

  protected override lead({ memory }: View) {
    return html`
      The engine’s ${size(memory.totalBytes)} of linear memory, to scale: a line is
      ${size(memory.totalBytes / nLines)}. Each piece is drawn where it lies, from address 0 at the
      top left to ${count(memory.totalBytes - 1)} at the bottom right.
    `;
  }

  protected override draw(view: View) {
    const { pieces } = view;
    const names = Object.keys(regions) as Region[];
    return html`
      <p class="soft">${fileWords(pieces)}</p>
      <p class="key">
        ${names.map((region) => {
          const bytes = sum(pieces.filter((piece) => piece.region === region));
          return html`<span>${swatch(region)}${regions[region]} <b>${size(bytes)}</b></span>`;
        })}
      </p>
      ${this.#map(view)}
      <p role="status" class="facts">${this.#words(view)}</p>
      <p class="soft">${kvWords(view, this.run)}</p>
    `;
  }

  #map({ pieces, selected }: View) {
    const width = Math.max(200, this.#width.width);
    const bars = memoryLines(pieces, width, nLines);
    const pitch = lineHeight + 2;
    const at = this.pointed;
    return html`<div
      tabindex="0"
      role="group"
      aria-label="Map of linear memory. Arrow keys point at a piece, Enter looks at its op."
      @keydown=${(event: KeyboardEvent) => this.#keydown(event, pieces)}
      @pointerleave=${() => (this.pointed = null)}
      @blur=${() => (this.pointed = null)}
    >
      <svg width=${width} height=${nLines * pitch} aria-hidden="true">
        ${hatches}
        ${bars.map(({ piece, line, x, width: own }) => {
          const { region, layer, ops } = pieces[piece]!;
          const state = [
            region,
            layer % 2 === 0 ? 'even' : '',
            ops.includes(selected) ? 'selected' : '',
            piece === at ? 'pointed' : '',
          ].join(' ');
          const y = line * pitch + 1;
          return svg`<rect class=${state} x=${x} y=${y} width=${own > 3 ? own - 0.75 : own} height=${lineHeight}
            @pointerenter=${() => (this.pointed = piece)}
            @click=${() => this.#look(pieces[piece]!)}></rect>`;
        })}
      </svg>
    </div>`;
  }

  #words({ pieces, selected }: View) {
    const at = this.pointed ?? pieces.findIndex(({ ops }) => ops.includes(selected));
    const piece = pieces[at];
    if (!piece) return 'The selected op has no weights of its own.';
    const { name, address, bytes, tensor } = piece;
    const share = `${((bytes / sum(pieces)) * 100).toPrecision(3)} % of the memory`;
    const where = `at addresses ${count(address)} to ${count(address + bytes - 1)}`;
    if (!tensor) return `${name}: ${count(bytes)} bytes, ${share}, ${where}. ${about(piece)}`;
    const { type, shape, offset, tile_rows } = tensor;
    return `${name}: ${type} ${shape.join(' × ')}, ${count(bytes)} bytes, ${value(bitsOf(tensor))} bits a
      weight, ${share}. Bytes ${count(offset)} to ${count(offset + bytes - 1)} of the file lie ${where},
      ${tile_rows > 0 ? `${tile_rows} rows interleaved in each tile` : 'as in the file'}.`;
  }

  #keydown(event: KeyboardEvent, pieces: readonly Piece[]) {
    const last = pieces.length - 1;
    const selected = pieces.findIndex(({ ops }) => ops.includes(this.run.selection.op));
    const at = this.pointed ?? Math.max(0, selected);
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowDown: 1,
      ArrowLeft: -1,
      ArrowUp: -1,
      Home: -last,
      End: last,
    };
    const step = event.shiftKey ? undefined : steps[event.key];
    if (step !== undefined) this.pointed = Math.max(0, Math.min(last, at + step));
    else if (event.key === 'Enter') this.#look(pieces[at]!);
    else return;
    event.preventDefault();
  }

  #look({ ops: [op], layer }: Piece) {
    if (op !== undefined) this.run.select({ op, ...(layer >= 0 ? { layer } : {}) });
  }

  protected override table({ pieces, memory }: View): DataTable {
    return {
      caption: `Linear memory of ${count(memory.totalBytes)} bytes`,
      corner: 'Piece',
      columns: [
        { label: 'For' },
        { label: 'Type' },
        { label: 'Shape' },
        { label: 'Size', unit: 'bytes' },
        { label: 'In the file from', unit: 'byte' },
        { label: 'Address' },
        { label: 'Rows a tile' },
        { label: 'Bits a weight' },
        { label: 'Share', unit: '%' },
      ],
      rows: pieces.map((piece) => ({
        head: piece.name,
        cells: [
          regions[piece.region],
          ...tensorCells(piece),
          (piece.bytes / memory.totalBytes) * 100,
        ],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      :host {
        --weights: light-dark(#7ab8aa, #22696a);
        --weights-even: light-dark(#a5d0c4, #2f8480);
        --kv: light-dark(#f0b177, #a4591f);
        --scratch: light-dark(#aacbe4, #243f74);
        --taps: light-dark(#c9a3cf, #75477f);
        --rest: light-dark(#d8d3c5, #3a4540);
      }
      .key {
        display: flex;
        flex-wrap: wrap;
        gap: 0.2rem 0.9rem;
        font-size: 12px;
      }
      .key svg {
        display: inline-block;
        margin-right: 0.3rem;
        vertical-align: -2px;
      }
      .key b {
        font: 12px var(--mono);
      }
      svg {
        display: block;
        max-width: 100%;
        overflow: visible;
      }
      rect.weights {
        fill: var(--weights);
        cursor: pointer;
      }
      rect.weights.even {
        fill: var(--weights-even);
      }
      rect.kv {
        fill: url(#kv);
      }
      rect.scratch {
        fill: url(#scratch);
      }
      rect.taps {
        fill: url(#taps);
      }
      pattern .kv {
        fill: var(--kv);
      }
      pattern .scratch {
        fill: var(--scratch);
      }
      pattern .taps {
        fill: var(--taps);
      }
      pattern .line {
        fill: var(--ink);
        opacity: 0.55;
      }
      rect.rest {
        fill: var(--rest);
      }
      .pointed {
        stroke: var(--ink);
        stroke-width: 1.5;
      }
      .selected {
        stroke: var(--signal);
        stroke-width: 2;
      }
      .facts {
        margin-top: 0.5rem;
        min-height: 2.6em;
      }
    `,
  ];
}

/** Regions differ by more than their colours. */
const hatches = svg`<defs>
  <pattern id="kv" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
    <rect class="kv" width="6" height="6"></rect><rect class="line" width="1.2" height="6"></rect>
  </pattern>
  <pattern id="scratch" width="5" height="5" patternUnits="userSpaceOnUse">
    <rect class="scratch" width="5" height="5"></rect><rect class="line" width="1.6" height="1.6"></rect>
  </pattern>
  <pattern id="taps" width="4" height="4" patternUnits="userSpaceOnUse">
    <rect class="taps" width="4" height="4"></rect><rect class="line" width="4" height="1"></rect>
  </pattern>
</defs>`;

function swatch(region: Region) {
  return html`<svg width="14" height="12" aria-hidden="true">
    <rect class=${region} width="14" height="12"></rect>
  </svg>`;
}

function sum(pieces: readonly Piece[]): number {
  return pieces.reduce((all, { bytes }) => all + bytes, 0);
}

function bitsOf(tensor: TensorInfo): number {
  return (tensor.bytes * 8) / elementsOf(tensor);
}

/** From the type to the bits a weight. */
function tensorCells({ address, bytes, tensor }: Piece): (number | string)[] {
  if (!tensor) return ['', '', bytes, '', address, '', ''];
  const { type, shape, offset, tile_rows } = tensor;
  return [type, shape.join(' × '), bytes, offset, address, tile_rows || 'none', bitsOf(tensor)];
}

/** How the file's bytes came to where they are. */
function fileWords(pieces: readonly Piece[]) {
  const tensors = pieces.flatMap(({ tensor }) => tensor ?? []);
  const [first, last] = [tensors[0]!, tensors.at(-1)!];
  const tile = tensors.find(({ tile_rows }) => tile_rows > 0)?.tile_rows ?? 0;
  return html`Bytes 0 to ${count(first.offset - 1)} of the file are its header, which holds the
  settings, the vocabulary and the tensors’ names; bytes ${count(first.offset)} to
  ${count(last.offset + last.bytes - 1)} lie at addresses from ${count(first.address)} on, each
  tensor in as many bytes as it has in the file. While they were loaded, every ${tile} rows of a
  matrix were put in a tile, interleaved, so that the vector lanes of one load hold a row each;
  vectors lie as in the file. A row is shown in the file’s order elsewhere by taking its tile apart
  again.`;
}

function about({ region }: Piece): string {
  if (region === 'weights') return 'Each tensor begins at a multiple of the file’s alignment.';
  if (region === 'scratch') return 'The rows between ops, and what each thread needs.';
  if (region === 'kv') return 'All layers’ keys and values of some positions in a row.';
  if (region === 'rest') return 'Vocabulary, the program’s own data and stacks, or free.';
  return '';
}

function kvWords({ kv, memory }: View, run: LabRun) {
  const { blocks, blockPositions, blockBytes, length, blocksMax } = kv;
  const used = kv.table.length * blockPositions;
  const empty = (((used - length) / used) * 100).toFixed(0);
  const filled =
    used > 0 ? `; ${length} of their ${used} positions hold a token, ${empty} % are empty` : '';
  return html`Keys and values (${run.model!.info.kv_type}): ${blocks} of at most ${blocksMax} blocks
  are taken, of ${blockPositions} positions and ${size(blockBytes)} each${filled}. A full context of
  ${memory.nCtx} takes ${size(memory.kvBytesMax)}.`;
}

customElements.define('ni-lab-memory', NiLabMemory);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-memory': NiLabMemory;
  }
}
