import { css, html, LitElement, svg } from 'lit';
import { cssColour } from '../../draw/colour-map.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { pointIn } from './pointer.ts';

const height = 60;
const barWidth = 10;

/**
 * A vector as bars above and below zero; pointer and arrow keys choose an element.
 * @fires pick - detail: the element chosen
 */
export class NiVector extends LitElement {
  static override properties = {
    name: { type: String },
    values: { attribute: false },
    at: { type: Number },
    numbers: { attribute: false },
  };
  /** 'k': its elements are k[0], k[1] ... */
  declare name: string;
  declare values: Float32Array;
  /** The chosen element. */
  declare at: number;
  /** What its elements are counted by; left out: 0, 1 ... */
  declare numbers?: readonly number[];

  override render() {
    const { name, values, at } = this;
    const most = values.reduce((largest, x) => Math.max(largest, Math.abs(x)), 0);
    const width = values.length * barWidth;
    return html`
      <div class="head mono">
        <span aria-live="polite"
          >${name}[${this.numbers?.[at] ?? at}] = <b>${value(values[at]!, 6)}</b></span
        >
        <span class="soft">±${value(most)}</span>
      </div>
      <svg
        tabindex="0"
        role="img"
        aria-label="${name}, ${values.length} elements. Arrow keys choose one"
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
        @keydown=${this.#keydown}
        @click=${this.#click}
      >
        <rect class="at" x=${at * barWidth} width=${barWidth} height=${height}></rect>
        ${Array.from(values, (x, i) => bar(x / (most || 1), i))}
        <line x2=${width} y1=${height / 2} y2=${height / 2}></line>
      </svg>
    `;
  }

  #keydown = (event: KeyboardEvent) => {
    const to: Record<string, number> = {
      ArrowLeft: this.at - 1,
      ArrowRight: this.at + 1,
      Home: 0,
      End: this.values.length - 1,
    };
    const element = to[event.key];
    if (element === undefined || event.shiftKey) return;
    event.preventDefault();
    this.#pick(element);
  };

  #click = (event: MouseEvent) => {
    this.#pick(Math.floor(pointIn(event).across * this.values.length));
  };

  #pick(element: number) {
    if (element < 0 || element >= this.values.length) return;
    this.at = element; // The next key goes on from here, read or not.
    this.dispatchEvent(new CustomEvent('pick', { detail: element }));
  }

  static override styles = [
    controls,
    css`
      .head {
        display: flex;
        justify-content: space-between;
        font-size: 12px;
      }
      .soft {
        color: var(--ink-soft);
      }
      svg {
        display: block;
        width: 100%;
        height: 3.6rem;
        border: 1px solid var(--line);
        cursor: crosshair;
      }
      .at {
        fill: var(--accent-wash);
        stroke: var(--accent);
        vector-effect: non-scaling-stroke;
      }
      line {
        stroke: var(--ink-soft);
        vector-effect: non-scaling-stroke;
      }
    `,
  ];
}

/** `part`: of the largest, -1 to 1. */
function bar(part: number, at: number) {
  if (!Number.isFinite(part)) return '';
  const size = (Math.abs(part) * height) / 2;
  return svg`<rect
    x=${at * barWidth + 1}
    width=${barWidth - 2}
    y=${part > 0 ? height / 2 - size : height / 2}
    height=${size}
    style="fill:${cssColour(part > 0 ? 0.85 : 0.15, 'diverging')}"
  ></rect>`;
}

customElements.define('ni-vector', NiVector);

declare global {
  interface HTMLElementTagNameMap {
    'ni-vector': NiVector;
  }
}
