import { css, html, LitElement, svg } from 'lit';
import { pairOf, type RopePairs } from '../../draw/rope.ts';
import { controls } from '../shared-styles.ts';
import { WidthWatch } from './width-watch.ts';

const height = 54;
const base = 36;

const kinds = [
  ['adjacent', 'Neighbours, as Llama’s own code and its GGUF files'],
  ['halves', 'Half a head apart, as Hugging Face’s code and Qwen’s GGUF files'],
] as const;

/** Which elements of a head are turned together, by both habits. */
export class NiRopePairs extends LitElement {
  static override properties = {
    own: { attribute: false },
    size: { attribute: false },
    pair: { attribute: false },
  };
  /** The file's. */
  declare own: RopePairs;
  /** Elements that are turned. */
  declare size: number;
  /** The one that is marked. */
  declare pair: number;
  readonly #width = new WidthWatch(this);

  override render() {
    return kinds.map(
      ([pairs, words]) => html`
        <p>
          ${words}: pair ${this.pair} is elements
          ${pairOf(this.pair, this.size, pairs).join(' and ')}.
          ${pairs === this.own ? html`<b>This file’s.</b>` : ''}
        </p>
        ${this.#arcs(pairs)}
      `,
    );
  }

  #arcs(pairs: RopePairs) {
    const { size, own } = this;
    const width = Math.max(240, this.#width.width);
    const x = (element: number) => 8 + (element / (size - 1)) * (width - 24);
    const top = pairs === 'adjacent' ? base - 20 : -base + 8;
    const arc = (j: number) => {
      const [a, b] = pairOf(j, size, pairs);
      const path = `M${x(a)} ${base}Q${(x(a) + x(b)) / 2} ${top} ${x(b)} ${base}`;
      return svg`<path class=${j === this.pair ? 'chosen' : ''} d=${path}></path>`;
    };
    const others = Array.from({ length: size / 2 }, (_, j) => j).filter((j) => j !== this.pair);
    return html`<svg
      class=${pairs === own ? 'own' : ''}
      width=${width}
      height=${height}
      viewBox="0 0 ${width} ${height}"
      role="img"
      aria-label="${pairs === 'adjacent' ? 'Neighbours' : 'Halves'}: ${size} elements in ${size / 2} pairs"
    >
      ${[...others, this.pair].map(arc)}
      ${Array.from({ length: size }, (_, i) => svg`<circle cx=${x(i)} cy=${base} r="2"></circle>`)}
      ${[0, size / 2, size - 1].map((i) => svg`<text x=${x(i)} y=${height - 4}>${i}</text>`)}
    </svg>`;
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0.4rem 0 0;
        font-size: 12px;
      }
      svg {
        display: block;
        max-width: 100%;
      }
      path {
        fill: none;
        stroke: var(--ink-soft);
        opacity: 0.6;
      }
      .chosen {
        stroke: var(--signal);
        stroke-width: 2.5;
        opacity: 1;
      }
      .own .chosen {
        stroke: var(--accent);
      }
      circle {
        fill: var(--ink);
      }
      text {
        font: 10px var(--mono);
        text-anchor: middle;
        fill: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-rope-pairs', NiRopePairs);

declare global {
  interface HTMLElementTagNameMap {
    'ni-rope-pairs': NiRopePairs;
  }
}
