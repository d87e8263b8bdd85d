import { css, html, LitElement, svg } from 'lit';
import { duration } from '../draw/format.ts';
import { barsPath, median, scaleTop } from '../draw/token-times.ts';
import { controls } from './shared-styles.ts';

const width = 300;
const height = 72;
const barWidth = 3;

/** Milliseconds of each token of the latest answer, as the worker measured them. */
export class NiTokenChart extends LitElement {
  static override properties = { tokenMs: { attribute: false } };
  declare tokenMs: readonly number[];

  constructor() {
    super();
    this.tokenMs = [];
  }

  override render() {
    const shown = this.tokenMs.slice(-Math.floor(width / barWidth));
    const top = scaleTop(shown);
    const middle = median(shown);
    const label =
      shown.length === 0
        ? 'Milliseconds per token: no tokens yet'
        : `Milliseconds per token: median ${duration(middle)}, last ${shown.length} tokens`;
    const lines = [0.25, 0.5, 0.75].map(
      (part) => svg`<line x1="0" x2=${width} y1=${height * part} y2=${height * part} />`,
    );
    return html`
      <div class="head">
        <h2>ms per token</h2>
        <span class="mono">${shown.length ? `median ${duration(middle)}` : ''}</span>
      </div>
      <div class="plot">
        <svg
          viewBox="0 0 ${width} ${height}"
          preserveAspectRatio="none"
          role="img"
          aria-label=${label}
        >
          <g class="grid">${lines}</g>
          <path d=${barsPath(shown, width, height, barWidth, top)} />
        </svg>
        <span class="mono top">${shown.length ? `${top} ms` : ''}</span>
      </div>
    `;
  }

  static override styles = [
    controls,
    css`
      .head {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      .plot {
        position: relative;
        margin-top: 0.4rem;
        background: var(--well);
        border-radius: var(--radius);
        overflow: hidden;
      }
      svg {
        display: block;
        width: 100%;
        height: var(--chart-height, ${height}px);
      }
      @media (max-width: 960px) {
        .head {
          display: none;
        }
        .plot {
          margin: 0;
          border-radius: 0;
        }
      }
      .grid line {
        stroke: var(--line);
        stroke-width: 1;
        vector-effect: non-scaling-stroke;
      }
      path {
        fill: var(--accent);
      }
      .top {
        position: absolute;
        left: 0.35rem;
        top: 0.2rem;
        font-size: 10.5px;
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-token-chart', NiTokenChart);

declare global {
  interface HTMLElementTagNameMap {
    'ni-token-chart': NiTokenChart;
  }
}
