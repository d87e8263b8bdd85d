import { css, html, LitElement, svg } from 'lit';
import { value } from '../../draw/format.ts';
import { histogramOf } from '../../draw/histogram.ts';
import { controls } from '../shared-styles.ts';

const bins = 48;
const height = 40;
const barWidth = 10;

/** How often values lie where, from the least to the largest. */
export class NiHistogram extends LitElement {
  static override properties = { label: { type: String }, values: { attribute: false } };
  /** Of what. */
  declare label: string;
  declare values: Float32Array;

  override render() {
    const { min, max, counts } = histogramOf(this.values, bins);
    const most = Math.max(...counts);
    const step = (max - min) / counts.length;
    const width = counts.length * barWidth;
    const zero = max > min ? ((0 - min) / (max - min)) * width : -1;
    return html`
      <svg
        role="img"
        aria-label="${this.label}: ${this.values.length} values from ${value(min)} to ${value(max)}"
        viewBox="0 0 ${width} ${height}"
        preserveAspectRatio="none"
      >
        ${counts.map(
          (n, at) =>
            svg`<rect
              x=${at * barWidth}
              width=${barWidth - 1}
              y=${height - (n / most) * height}
              height=${(n / most) * height}
            ><title>${n} from ${value(min + at * step)} to ${value(min + (at + 1) * step)}</title></rect>`,
        )}
        ${zero > 0 && zero < width ? svg`<line x1=${zero} x2=${zero} y2=${height}></line>` : ''}
      </svg>
      <div class="scale mono">
        <span>${value(min)}</span><span>${this.label}, at most ${most} in a bar</span
        ><span>${value(max)}</span>
      </div>
    `;
  }

  static override styles = [
    controls,
    css`
      svg {
        display: block;
        width: 100%;
        height: 3.6rem;
        border-bottom: 1px solid var(--ink-soft);
      }
      rect {
        fill: var(--accent);
      }
      line {
        stroke: var(--signal);
        stroke-dasharray: 3 2;
        vector-effect: non-scaling-stroke;
      }
      .scale {
        display: flex;
        justify-content: space-between;
        gap: 0.5rem;
        margin-top: 0.2rem;
        font-size: 11px;
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-histogram', NiHistogram);

declare global {
  interface HTMLElementTagNameMap {
    'ni-histogram': NiHistogram;
  }
}
