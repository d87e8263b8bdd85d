import { css, html, LitElement, svg } from 'lit';
import { largest } from '../../draw/bars.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { WidthWatch } from './width-watch.ts';

const height = 180;
const left = 46;
const bottom = 34;

/** Numbers over distance: those of the keys that are there as points, one key moved as a line. */
export class NiDistancePlot extends LitElement {
  static override properties = {
    points: { attribute: false },
    line: { attribute: false },
    label: { attribute: false },
    marked: { attribute: false },
    nameOf: { attribute: false },
  };
  /** By distance 0, 1, ... */
  declare points: readonly number[];
  declare line: readonly number[] | null;
  declare label: string;
  /** Distance of the key that the line moves. */
  declare marked: number;
  /** What lies at a distance. */
  declare nameOf: (distance: number) => string;
  readonly #width = new WidthWatch(this);

  override render() {
    const { points, line, label, marked } = this;
    const width = Math.max(240, this.#width.width);
    const most = largest([...points, ...(line ?? [])]) || 1;
    const end = Math.max(1, points.length - 1);
    const x = (distance: number) => left + (distance / end) * (width - left - 10);
    const middle = (height - bottom) / 2;
    const y = (v: number) => middle - (v / most) * (middle - 8);
    const path = line?.map((v, d) => `${d === 0 ? 'M' : 'L'}${x(d).toFixed(1)} ${y(v).toFixed(1)}`);
    return html`<svg
      width=${width}
      height=${height}
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label=${label}
    >
      ${[most, 0, -most].map(
        (v) => svg`<line class="grid" x1=${left} x2=${width} y1=${y(v)} y2=${y(v)}></line>
          <text class="y" x=${left - 5} y=${y(v) + 3}>${value(v, 3)}</text>`,
      )}
      ${[...new Set([0, Math.round(end / 2), end])].map((d) => {
        const place = d === 0 ? 'first' : d === end ? 'last' : 'x';
        return svg`<text x=${x(d)} y=${height - 20} class=${place}>${d}</text>
          <text x=${x(d)} y=${height - 6} class=${place}>${points.length > d ? this.nameOf(d) : ''}</text>`;
      })}
      ${path ? svg`<path d=${path.join('')}></path>` : ''}
      ${points.map(
        (v, d) =>
          svg`<circle class=${d === marked ? 'marked' : ''} cx=${x(d)} cy=${y(v)} r=${d === marked ? 4.5 : 2.5}><title>distance ${d}: ${value(v)}</title></circle>`,
      )}
    </svg>`;
  }

  static override styles = [
    controls,
    css`
      svg {
        display: block;
        max-width: 100%;
      }
      text {
        font: 10px var(--mono);
        fill: var(--ink-soft);
      }
      .y {
        text-anchor: end;
      }
      .x {
        text-anchor: middle;
      }
      .last {
        text-anchor: end;
      }
      .grid {
        stroke: var(--line);
      }
      path {
        fill: none;
        stroke: var(--signal);
        stroke-width: 1.5;
      }
      circle {
        fill: var(--accent);
      }
      .marked {
        fill: var(--panel);
        stroke: var(--signal);
        stroke-width: 2;
      }
    `,
  ];
}

customElements.define('ni-distance-plot', NiDistancePlot);

declare global {
  interface HTMLElementTagNameMap {
    'ni-distance-plot': NiDistancePlot;
  }
}
