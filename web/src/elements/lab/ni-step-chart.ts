import { css, html, LitElement, svg } from 'lit';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { pointIn } from './pointer.ts';

const height = 110;

/**
 * One bar a step, from zero up; arrow keys move a cursor whose value is read out.
 * @fires step-choice - detail: number, the step under the cursor
 */
export class NiStepChart extends LitElement {
  static override properties = {
    values: { attribute: false },
    labels: { attribute: false },
    name: { type: String },
    unit: { type: String },
    mark: { type: Number },
    cursor: { state: true },
  };
  /** Infinity is drawn as high as the chart is. */
  declare values: ArrayLike<number>;
  /** One a step. */
  declare labels: readonly string[];
  declare name: string;
  declare unit: string;
  /** A step before which a line is drawn; -1: none. */
  declare mark: number;
  declare cursor: number;

  constructor() {
    super();
    this.values = [];
    this.labels = [];
    this.name = '';
    this.unit = '';
    this.mark = -1;
    this.cursor = 0;
  }

  override render() {
    const values = Array.from(this.values);
    const n = values.length;
    const top = Math.max(0, ...values.filter(Number.isFinite));
    const cursor = Math.min(this.cursor, n - 1);
    const high = (x: number) =>
      x === 0 ? 0 : top === 0 ? height : Math.min(height, Math.max(1, (x / top) * height));
    return html`
      <div class="chart">
        <span class="mono top">${value(top)} ${this.unit}</span>
        <svg
          viewBox="0 0 ${n * 10} ${height}"
          preserveAspectRatio="none"
          tabindex="0"
          role="img"
          aria-label="${this.name}, ${n} steps from 0 to ${value(top)} ${this.unit}. Arrow keys move."
          @keydown=${this.#keydown}
          @pointerdown=${this.#point}
        >
          <rect class="cursor" x=${cursor * 10} y="0" width="10" height=${height}></rect>
          ${values.map((x, i) => {
            const h = high(x);
            return svg`<rect class="bar" x=${i * 10 + 1} y=${height - h} width="8" height=${h}></rect>`;
          })}
          ${
            this.mark >= 0
              ? svg`<line class="mark" x1=${this.mark * 10} x2=${this.mark * 10} y1="0" y2=${height}></line>`
              : ''
          }
        </svg>
        <span class="mono ends">
          <span>${this.labels[0] ?? ''}</span>
          <span>${n > 1 ? this.labels[n - 1] : ''}</span>
        </span>
      </div>
      <p class="mono" aria-live="polite">
        ${this.labels[cursor] ?? ''}: ${value(values[cursor] ?? NaN)} ${this.unit}
      </p>
    `;
  }

  #keydown = (event: KeyboardEvent) => {
    const n = this.values.length;
    const by = { ArrowLeft: -1, ArrowRight: 1, PageUp: -10, PageDown: 10, Home: -n, End: n }[
      event.key
    ];
    if (by === undefined || event.shiftKey) return;
    event.preventDefault();
    this.#move(this.cursor + by);
  };

  #point = (event: PointerEvent) => {
    this.#move(Math.floor(pointIn(event).across * this.values.length));
  };

  #move(to: number) {
    this.cursor = Math.max(0, Math.min(this.values.length - 1, to));
    this.dispatchEvent(new CustomEvent('step-choice', { detail: this.cursor }));
  }

  static override styles = [
    controls,
    css`
      .chart {
        display: grid;
        grid-template-columns: minmax(0, 1fr);
        gap: 0.2rem;
        font-size: 11px;
        color: var(--ink-soft);
      }
      svg {
        width: 100%;
        height: 110px;
        border-bottom: 1px solid var(--ink-soft);
        cursor: crosshair;
      }
      .bar {
        fill: var(--accent);
      }
      .ends {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
      }
      .ends span {
        max-width: 45%;
        overflow: hidden;
        text-overflow: ellipsis;
        white-space: nowrap;
      }
      .cursor {
        fill: var(--accent-wash);
      }
      .mark {
        stroke: var(--signal);
        stroke-width: 2;
        stroke-dasharray: 4 3;
        vector-effect: non-scaling-stroke;
      }
      p {
        margin: 0.3rem 0;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('ni-step-chart', NiStepChart);

declare global {
  interface HTMLElementTagNameMap {
    'ni-step-chart': NiStepChart;
  }
}
