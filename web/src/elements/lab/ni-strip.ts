import { css, html, LitElement } from 'lit';
import { cssColour, heatPixels, scaleOf } from '../../draw/colour-map.ts';
import { value } from '../../draw/format.ts';
import { pointIn } from './pointer.ts';

const mostHeight = 150;
const ramp = Array.from({ length: 9 }, (_, i) => cssColour(i / 8, 'diverging')).join(', ');

/**
 * A row of a tap as coloured cells, line under line; one of them can be chosen.
 * @fires pick - detail: the element
 */
export class NiStrip extends LitElement {
  static override properties = {
    values: { attribute: false },
    name: { attribute: false },
    group: { attribute: false },
    chosen: { attribute: false },
    width: { state: true },
    pointed: { state: true },
  };
  declare values: Float32Array;
  declare name: string;
  /** Elements that belong together (a head); 0: none do. Lines hold whole groups where they can. */
  declare group: number;
  /** The element that is looked at. */
  declare chosen: number;
  declare width: number;
  /** The element under the pointer; null: none. */
  declare pointed: number | null;
  readonly #dark = matchMedia('(prefers-color-scheme: dark)');
  readonly #observer = new ResizeObserver(([entry]) => {
    this.width = Math.floor(entry!.contentRect.width);
  });

  constructor() {
    super();
    this.group = 0;
    this.chosen = 0;
    this.width = 0;
    this.pointed = null;
  }

  override connectedCallback() {
    super.connectedCallback();
    this.#observer.observe(this);
    this.#dark.addEventListener('change', this.#paint);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.#observer.disconnect();
    this.#dark.removeEventListener('change', this.#paint);
  }

  /** The largest cells whose lines hold whole heads, or whole blocks of inputs, or an even part of one. */
  #layout(): { columns: number; cell: number } {
    const n = this.values.length;
    const width = Math.max(100, this.width);
    const group = Math.min(n, this.group > 1 ? this.group : 32);
    const cellOf = (columns: number) =>
      Math.min(14, Math.floor(width / columns), Math.floor(mostHeight / Math.ceil(n / columns)));
    let best = Math.min(n, width);
    for (const part of [4, 2, 1]) {
      if (group % part !== 0) continue;
      for (let columns = group / part; columns <= Math.min(n, width); columns += group / part) {
        if (cellOf(columns) >= Math.max(1, cellOf(best))) best = columns;
      }
    }
    return { columns: best, cell: Math.max(1, cellOf(best)) };
  }

  override render() {
    const { values, name, chosen } = this;
    const { columns, cell } = this.#layout();
    const rows = Math.ceil(values.length / columns);
    const scale = scaleOf(values, 'diverging');
    const at = Math.min(chosen, values.length - 1);
    const wordsOf = (i: number) => `${name}[${this.#indexWords(i)}] = ${value(values[i]!, 6)}`;
    const { pointed } = this;
    const isPointed = pointed !== null && pointed < values.length;
    const size = `width: ${columns * cell}px; height: ${rows * cell}px`;
    return html`
      <div class="caption">
        <b>${name}</b>
        <span>
          ${values.length} values, ${value(scale.min, 3)}
          <span class="ramp" style="background: linear-gradient(to right, ${ramp})"></span>
          ${value(scale.max, 3)}
        </span>
      </div>
      <div
        class="cells"
        style=${size}
        role="slider"
        tabindex="0"
        aria-label="Element of ${name}"
        aria-valuemin="0"
        aria-valuemax=${values.length - 1}
        aria-valuenow=${at}
        aria-valuetext=${wordsOf(at)}
        @keydown=${(event: KeyboardEvent) => this.#keydown(event, at, columns)}
        @click=${(event: MouseEvent) => this.#pick(elementAt(event, columns, rows))}
        @pointermove=${(event: PointerEvent) => (this.pointed = elementAt(event, columns, rows))}
        @pointerleave=${() => (this.pointed = null)}
      >
        <canvas width=${columns} height=${rows} style=${size}></canvas>
        <span
          class="mark"
          style="left: ${(at % columns) * cell - 2}px; top: ${Math.floor(at / columns) * cell - 2}px; width: ${cell + 4}px; height: ${cell + 4}px"
        ></span>
      </div>
      <div class="value mono">${wordsOf(isPointed ? pointed : at)}</div>
    `;
  }

  #indexWords(at: number): string {
    const { group } = this;
    return group > 1 ? `head ${Math.floor(at / group)}, ${at % group}` : `${at}`;
  }

  protected override updated() {
    this.#paint();
  }

  #paint = () => {
    const canvas = this.renderRoot.querySelector('canvas');
    const context = canvas?.getContext('2d');
    if (!canvas || !context) return;
    const { width, height } = canvas;
    const padded = new Float32Array(width * height).fill(NaN);
    padded.set(this.values);
    const pixels = heatPixels(padded, scaleOf(this.values, 'diverging'), this.#dark.matches);
    context.putImageData(new ImageData(pixels, width, height), 0, 0);
  };

  #keydown(event: KeyboardEvent, at: number, columns: number) {
    if (event.shiftKey) return;
    const last = this.values.length - 1;
    const steps: Record<string, number> = {
      ArrowRight: 1,
      ArrowLeft: -1,
      ArrowDown: columns,
      ArrowUp: -columns,
      Home: -last,
      End: last,
    };
    const step = steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.#pick(Math.max(0, Math.min(last, at + step)));
  }

  #pick(element: number) {
    if (element >= this.values.length) return;
    this.chosen = element;
    this.dispatchEvent(new CustomEvent('pick', { detail: element }));
  }

  static override styles = css`
    :host {
      display: block;
      font-size: 12px;
    }
    .caption {
      margin-bottom: 0.2rem;
      font-family: var(--mono);
    }
    .caption span {
      white-space: nowrap;
      color: var(--ink-soft);
    }
    .ramp {
      display: inline-block;
      width: 3rem;
      height: 8px;
      border: 1px solid var(--line);
    }
    .cells {
      position: relative;
      cursor: crosshair;
    }
    .cells:focus-visible {
      outline: 2px solid var(--accent);
      outline-offset: 2px;
    }
    canvas {
      display: block;
      image-rendering: pixelated;
      outline: 1px solid var(--line);
    }
    .mark {
      position: absolute;
      border: 2px solid var(--signal);
      pointer-events: none;
    }
    .value {
      margin-top: 0.25rem;
      font-family: var(--mono);
      overflow-wrap: anywhere;
    }
  `;
}

function elementAt(event: MouseEvent, columns: number, rows: number): number {
  const { across, down } = pointIn(event);
  const column = Math.max(0, Math.min(columns - 1, Math.floor(across * columns)));
  return Math.max(0, Math.floor(down * rows)) * columns + column;
}

customElements.define('ni-strip', NiStrip);

declare global {
  interface HTMLElementTagNameMap {
    'ni-strip': NiStrip;
  }
}
