import { css, html, LitElement, type PropertyValues } from 'lit';
import { cssColour, heatPixels, type Scale } from '../../draw/colour-map.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { pointIn } from './pointer.ts';
import { WidthWatch } from './width-watch.ts';

/** A matrix of numbers, its rows and columns named; not a number: an empty cell. */
export interface Heat {
  /** What it shows, for who does not see it. */
  label: string;
  rows: readonly string[];
  columns: readonly string[];
  rowName: string;
  columnName: string;
  /** (rows, columns) */
  values: Float32Array;
  scale: Scale;
  /** What a cell is, where that is more than its row, its column and its number. */
  words?: (row: number, column: number) => string;
}

const mostLabel = 92;
const labelWidth = 6.4;
const maxCell = 26;
const maxHeight = 620;
const minLabel = 13;
const darkPage = matchMedia('(prefers-color-scheme: dark)');

/**
 * Draws a Heat: pointer and arrow keys move a cursor, whose cell is told in words.
 * @fires pick - [row, column] was clicked, or Enter was pressed there
 */
export class NiHeatMap extends LitElement {
  static override properties = { heat: { attribute: false }, cursor: { state: true } };
  declare heat: Heat;
  /** Row and column. */
  declare cursor: readonly [number, number];
  readonly #width = new WidthWatch(this);

  constructor() {
    super();
    this.cursor = [0, 0];
  }

  override connectedCallback() {
    super.connectedCallback();
    darkPage.addEventListener('change', this.#redraw);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    darkPage.removeEventListener('change', this.#redraw);
  }

  #redraw = () => this.requestUpdate();

  protected override willUpdate(changed: PropertyValues<this>) {
    if (!changed.has('heat')) return;
    const { rows, columns } = this.heat;
    const [row, column] = this.cursor;
    this.cursor = [Math.min(row, rows.length - 1), Math.min(column, columns.length - 1)];
  }

  /** Room for labels, in pixels. */
  #gutter(labels: readonly string[]): number {
    const longest = Math.max(...labels.map((label) => label.length));
    return Math.min(mostLabel, longest * labelWidth + 10);
  }

  get #cell(): number {
    const { rows, columns } = this.heat;
    const room = Math.max(60, this.#width.width - this.#gutter([...rows, this.#corner]) - 2);
    return Math.min(maxCell, room / columns.length, Math.max(4, maxHeight / rows.length));
  }

  get #corner(): string {
    return `${this.heat.rowName} ↓ ${this.heat.columnName} →`;
  }

  override render() {
    const { rows, columns, label } = this.heat;
    const size = this.#cell;
    const [row, column] = this.cursor;
    const [width, height] = [columns.length * size, rows.length * size];
    return html`
      <div
        class="plot"
        style="--side: ${this.#gutter([...rows, this.#corner])}px; --top: ${this.#gutter(columns)}px; --width: ${width}px"
      >
        <span class="corner">${this.#corner}</span>
        <div class="top" aria-hidden="true">${this.#labels(columns, size, 'left')}</div>
        <div class="side" aria-hidden="true">${this.#labels(rows, size, 'top')}</div>
        <div class="cells" style="width: ${width}px; height: ${height}px">
          <canvas
            tabindex="0"
            role="img"
            aria-label="${label}. Arrow keys move over its cells"
            width=${columns.length}
            height=${rows.length}
            @keydown=${this.#keydown}
            @pointermove=${(event: PointerEvent) => this.#point(event)}
            @click=${(event: PointerEvent) => this.#point(event, true)}
          ></canvas>
          <i
            style="left: ${column * size}px; top: ${row * size}px; width: ${size}px; height: ${size}px"
          ></i>
        </div>
      </div>
      <p class="told" aria-live="polite">${this.#words()}</p>
      ${this.#legend()}
    `;
  }

  /** As many as there is room for. */
  #labels(labels: readonly string[], size: number, edge: 'left' | 'top') {
    const every = Math.ceil(minLabel / size);
    return labels.map((text, at) =>
      at % every === 0
        ? html`<span style="${edge}: ${(at + 0.5) * size}px" title=${text}>${text}</span>`
        : '',
    );
  }

  #words(): string {
    const { rows, columns, rowName, columnName, values, words } = this.heat;
    const [row, column] = this.cursor;
    if (words) return words(row, column);
    const x = values[row * columns.length + column];
    if (x === undefined) return '';
    const place = `${rowName} ${rows[row]!}, ${columnName} ${columns[column]!}`;
    return `${place}: ${Number.isNaN(x) ? 'nothing' : value(x)}`;
  }

  #legend() {
    const { scale, values } = this.heat;
    const isOver = values.some((x) => x > scale.max);
    const stops = Array.from({ length: 9 }, (_, i) => cssColour(i / 8, scale.kind));
    return html`<div class="legend mono">
      <span>${value(scale.min)}</span>
      <span class="ramp" style="background: linear-gradient(90deg, ${stops.join(', ')})"></span>
      <span>${isOver ? '≥ ' : ''}${value(scale.max)}</span>
    </div>`;
  }

  protected override updated() {
    const canvas = this.renderRoot.querySelector('canvas')!;
    paintHeat(canvas, this.heat.values, this.heat.scale);
  }

  #keydown = (event: KeyboardEvent) => {
    const { rows, columns } = this.heat;
    const [row, column] = this.cursor;
    const to: Record<string, readonly [number, number]> = {
      ArrowUp: [row - 1, column],
      ArrowDown: [row + 1, column],
      ArrowLeft: [row, column - 1],
      ArrowRight: [row, column + 1],
      Home: [row, 0],
      End: [row, columns.length - 1],
    };
    if (event.key === 'Enter') this.#pick();
    const moved = to[event.key];
    if (!moved || event.shiftKey) return;
    event.preventDefault();
    this.cursor = [within(moved[0], rows.length), within(moved[1], columns.length)];
  };

  #point(event: PointerEvent, picks = false) {
    const { rows, columns } = this.heat;
    const { across, down } = pointIn(event);
    this.cursor = [
      within(Math.floor(down * rows.length), rows.length),
      within(Math.floor(across * columns.length), columns.length),
    ];
    if (picks) this.#pick();
  }

  #pick() {
    this.dispatchEvent(new CustomEvent('pick', { detail: this.cursor }));
  }

  static override styles = [
    controls,
    css`
      .plot {
        display: grid;
        grid-template: var(--top) auto / var(--side) var(--width);
        font: 10.5px/1 var(--mono);
      }
      .corner {
        align-self: end;
        padding: 0 4px 4px 0;
        color: var(--ink-soft);
      }
      .top,
      .side {
        position: relative;
        white-space: pre;
      }
      .top span,
      .side span {
        position: absolute;
        overflow: hidden;
        text-overflow: ellipsis;
        max-width: calc(var(--side) - 6px);
      }
      .top span {
        bottom: 4px;
        writing-mode: vertical-rl;
        text-orientation: sideways;
        transform: translateX(-50%) rotate(180deg);
        max-width: none;
        max-height: calc(var(--top) - 4px);
      }
      .side span {
        right: 5px;
        transform: translateY(-50%);
      }
      .cells {
        position: relative;
        outline: 1px solid var(--line);
      }
      canvas {
        display: block;
        width: 100%;
        height: 100%;
        image-rendering: pixelated;
        cursor: crosshair;
      }
      i {
        position: absolute;
        box-shadow:
          0 0 0 1px var(--panel),
          0 0 0 2.5px var(--signal);
        pointer-events: none;
      }
      .told {
        margin: 0.5rem 0 0.3rem;
        font: 12px/1.4 var(--mono);
        overflow-wrap: anywhere;
        white-space: pre-wrap;
      }
      .legend {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        font-size: 11px;
        color: var(--ink-soft);
      }
      .ramp {
        width: 9rem;
        height: 0.6rem;
        border: 1px solid var(--line);
      }
    `,
  ];
}

/** One pixel a cell: the page makes them as large as they are to be. */
export function paintHeat(canvas: HTMLCanvasElement, values: Float32Array, scale: Scale): void {
  const { width, height } = canvas;
  if (width * height === 0 || values.length !== width * height) return;
  const pixels = new ImageData(heatPixels(values, scale, darkPage.matches), width, height);
  canvas.getContext('2d')!.putImageData(pixels, 0, 0);
}

function within(at: number, size: number): number {
  return Math.max(0, Math.min(size - 1, at));
}

customElements.define('ni-heat-map', NiHeatMap);

declare global {
  interface HTMLElementTagNameMap {
    'ni-heat-map': NiHeatMap;
  }
}
