import { css, html, LitElement } from 'lit';
import { colourAt, cssColour } from '../../draw/colour-map.ts';
import { value } from '../../draw/format.ts';
import type { KvState } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { pointIn } from './pointer.ts';
import { WidthWatch } from './width-watch.ts';

/** The slots of a cache, and what one query makes of them. */
export interface SlotMap {
  kv: KvState;
  /** The position whose query looks at the slots before it. */
  query: number;
  /** (query + 1) how much of each it takes; null: not known. */
  probs: Float32Array | null;
  /** (query + 1) -Infinity where an edit hides a slot. */
  masked: Float32Array | null;
  /** '7 “␣dog”', cut to so many characters of text. */
  nameOf: (position: number, most: number) => string;
}

const blockGap = 5;
const leastCell = 12;
/** Of the token that a line begins with: its size, the width of a character, and how many of them. */
const labelSize = 9;
const digitWidth = 5.6;
const mostText = 6;
const darkPage = matchMedia('(prefers-color-scheme: dark)');

/**
 * Draws the blocks of a cache slot by slot; pointer and arrow keys choose one.
 * @fires pick - detail: the position chosen
 */
export class NiSlotGrid extends LitElement {
  static override properties = {
    map: { attribute: false },
    at: { type: Number },
    words: { type: String },
  };
  declare map: SlotMap;
  /** The chosen position. */
  declare at: number;
  /** What is to be said of it. */
  declare words: string;
  readonly #width = new WidthWatch(this);

  override connectedCallback() {
    super.connectedCallback();
    darkPage.addEventListener('change', this.#redraw);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    darkPage.removeEventListener('change', this.#redraw);
  }

  #redraw = () => this.requestUpdate();

  /** Slots in a line: a whole block, or the half or quarter that there is room for. */
  get #columns(): number {
    let columns = this.map.kv.blockPositions;
    while (columns > 8 && this.#room / columns < leastCell) columns /= 2;
    return columns;
  }

  /** Left of the slots, for the token that each line begins with. */
  get #gutter(): number {
    return Math.ceil((String(this.#slots).length + mostText + 3) * digitWidth) + 6;
  }

  get #room(): number {
    return this.#width.width - this.#gutter;
  }

  get #slots(): number {
    return this.map.kv.table.length * this.map.kv.blockPositions;
  }

  get #cell(): number {
    return Math.max(4, Math.min(18, Math.floor(this.#room / this.#columns)));
  }

  override render() {
    const { kv, probs } = this.map;
    const lines = kv.blockPositions / this.#columns;
    const height = kv.table.length * (lines * this.#cell + blockGap);
    return html`
      <div class="scroll scrolls">
        <canvas
          tabindex="0"
          role="img"
          aria-label="Slots of the cache. Arrow keys choose one"
          style="width:${this.#gutter + this.#columns * this.#cell}px;height:${height}px"
          @keydown=${this.#keydown}
          @click=${this.#click}
        ></canvas>
      </div>
      <p class="told" aria-live="polite">${this.words}</p>
      <div class="legend">
        ${
          probs
            ? html`<span class="key">
                0
                <i class="ramp" style="background:linear-gradient(90deg, ${ramp()})"></i>
                ${value(Math.max(...probs))} attention
              </span>`
            : html`<span class="key"><i class="seen"></i>seen</span>`
        }
        <span class="key"><i class="later"></i>behind the query</span>
        <span class="key"><i class="hidden">×</i>hidden</span>
        <span class="key"><i></i>empty</span>
        <span class="key"><span class="position">0</span>token of a line’s first slot</span>
      </div>
    `;
  }

  protected override updated() {
    const canvas = this.renderRoot.querySelector('canvas')!;
    const scale = devicePixelRatio;
    const { clientWidth, clientHeight } = canvas;
    canvas.width = clientWidth * scale;
    canvas.height = clientHeight * scale;
    const context = canvas.getContext('2d')!;
    context.scale(scale, scale);
    for (let position = 0; position < this.#slots; ++position) this.#slot(context, position);
    this.#labels(context);
  }

  /** Which token a line begins with; of lines that are too low, every other one or fewer. */
  #labels(context: CanvasRenderingContext2D) {
    const { font, color } = getComputedStyle(this.renderRoot.querySelector('.position')!);
    context.font = font;
    context.fillStyle = color;
    context.textAlign = 'right';
    context.textBaseline = 'middle';
    const every = this.#columns * Math.ceil(labelSize / this.#cell);
    for (let position = 0; position < this.#slots; position += every) {
      const [x, y] = this.#placeOf(position);
      const isEmpty = position >= this.map.kv.length;
      const label = isEmpty ? String(position) : this.map.nameOf(position, mostText);
      context.fillText(label, x - 4, y + this.#cell / 2);
    }
  }

  #slot(context: CanvasRenderingContext2D, position: number) {
    const { kv, query, masked } = this.map;
    const [x, y] = this.#placeOf(position);
    const size = this.#cell - 1;
    const colour = (name: string) => getComputedStyle(this).getPropertyValue(`--${name}`);
    const outline = (name: string, inset: number) => {
      context.strokeStyle = colour(name);
      context.lineWidth = inset * 2;
      context.strokeRect(x + inset, y + inset, size - 2 * inset, size - 2 * inset);
    };
    if (position < kv.length) {
      context.fillStyle = this.#fill(position, colour);
      context.fillRect(x, y, size, size);
    }
    if (position >= kv.length || position > query) outline('line', 0.5);
    if (masked?.[position] === -Infinity) {
      context.strokeStyle = colour('signal');
      context.lineWidth = 1.5;
      context.beginPath();
      context.moveTo(x + 1, y + 1);
      context.lineTo(x + size - 1, y + size - 1);
      context.moveTo(x + size - 1, y + 1);
      context.lineTo(x + 1, y + size - 1);
      context.stroke();
    }
    if (position === query) outline('ink', 0.75);
    if (position === this.at) outline('signal', 1.25);
  }

  #fill(position: number, colour: (name: string) => string): string {
    const { query, probs } = this.map;
    if (position > query) return colour('well');
    if (!probs) return colour('ink-soft');
    const most = Math.max(...probs);
    const rgb = colourAt(probs[position]! / most, 'sequential', darkPage.matches);
    return rgb ? `rgb(${rgb.join(' ')})` : colour('signal');
  }

  #placeOf(position: number): [number, number] {
    const columns = this.#columns;
    const { blockPositions } = this.map.kv;
    const block = Math.floor(position / blockPositions);
    const line = Math.floor(position / columns);
    return [this.#gutter + (position % columns) * this.#cell, line * this.#cell + block * blockGap];
  }

  #click = (event: MouseEvent) => {
    const columns = this.#columns;
    const lines = this.map.kv.blockPositions / columns;
    const blockHeight = lines * this.#cell + blockGap;
    const { across, down } = pointIn(event);
    const x = across * (this.#gutter + columns * this.#cell) - this.#gutter;
    const y = down * this.map.kv.table.length * blockHeight;
    const block = Math.floor(y / blockHeight);
    const line = Math.min(lines - 1, Math.floor((y % blockHeight) / this.#cell));
    const column = Math.max(0, Math.min(columns - 1, Math.floor(x / this.#cell)));
    this.#pick((block * lines + line) * columns + column);
  };

  #keydown = (event: KeyboardEvent) => {
    const to: Record<string, number> = {
      ArrowLeft: this.at - 1,
      ArrowRight: this.at + 1,
      ArrowUp: this.at - this.#columns,
      ArrowDown: this.at + this.#columns,
      Home: 0,
      End: this.map.kv.length - 1,
    };
    const position = to[event.key];
    if (position === undefined || event.shiftKey) return;
    event.preventDefault();
    this.#pick(position);
  };

  #pick(position: number) {
    if (position < 0 || position >= this.map.kv.length) return;
    this.at = position; // The next key goes on from here, read or not.
    this.dispatchEvent(new CustomEvent('pick', { detail: position }));
  }

  static override styles = [
    controls,
    css`
      .scroll {
        max-height: 18rem;
        overflow-y: auto;
      }
      canvas {
        display: block;
        cursor: crosshair;
      }
      .told {
        margin: 0.4rem 0;
        font: 12px/1.4 var(--mono);
        overflow-wrap: anywhere;
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem 0.9rem;
        margin-bottom: 0.6rem;
        font-size: 11px;
        color: var(--ink-soft);
      }
      .key {
        display: flex;
        align-items: center;
        gap: 0.3rem;
      }
      .key i {
        display: grid;
        place-content: center;
        width: 0.8rem;
        height: 0.8rem;
        border: 1px solid var(--line);
        font-style: normal;
      }
      .position {
        font: 9px var(--mono);
      }
      .key .ramp {
        width: 4rem;
      }
      .seen {
        background: var(--ink-soft);
      }
      .later {
        background: var(--well);
      }
      .hidden {
        color: var(--signal);
      }
    `,
  ];
}

function ramp(): string {
  return Array.from({ length: 6 }, (_, i) => cssColour(i / 5, 'sequential')).join(', ');
}

customElements.define('ni-slot-grid', NiSlotGrid);

declare global {
  interface HTMLElementTagNameMap {
    'ni-slot-grid': NiSlotGrid;
  }
}
