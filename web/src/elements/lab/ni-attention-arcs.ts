import { css, html, LitElement, type PropertyValues, svg } from 'lit';
import { arcPath, layArcs } from '../../draw/arcs.ts';
import { groupColour } from '../../draw/group-colours.ts';
import { visibleText } from '../../draw/token-label.ts';
import type { AttentionRow, TokenPiece } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { WidthWatch } from './width-watch.ts';

const charWidth = 8;
const height = 110;
/** Thinner arcs would not be seen. */
export const leastArc = 0.01;

/**
 * One head at one position: arcs over the text, as thick as their probability.
 * @fires pick - the position that was chosen
 */
export class NiAttentionArcs extends LitElement {
  static override properties = { row: { attribute: false }, tokens: { attribute: false } };
  declare row: AttentionRow;
  declare tokens: readonly TokenPiece[];
  readonly #width = new WidthWatch(this);
  /** How wide it was when the chosen token was last brought into view. */
  #seenAt = 0;

  override render() {
    const { row, tokens } = this;
    const texts = tokens.map(({ bytes }) => visibleText(bytes));
    const layout = layArcs(texts, charWidth, height);
    const width = layout.edges.at(-1)!;
    const drawn = [...row.probs.keys()].filter((key) => row.probs[key]! >= leastArc);
    const rest = 1 - drawn.reduce((sum, key) => sum + row.probs[key]!, 0);
    const others = row.probs.length - drawn.length;
    const positions =
      drawn.length === 1 ? '1 position that gets' : `${drawn.length} positions that get`;
    const words = `Arcs from position ${row.position} to the ${positions} at least 1 %`;
    const left = others > 0 ? `; ${others} more get ${(Math.max(0, rest) * 100).toFixed(1)} %` : '';
    return html`
      <div class="scroll scrolls" tabindex="0" role="region" aria-label="Attention over the text">
        <svg
          width=${width}
          height=${height}
          viewBox="0 0 ${width} ${height}"
          role="img"
          aria-label=${words}
          style="color: ${groupColour(row.kvHead)}"
        >
          ${drawn.map(
            (key) =>
              svg`<path d=${arcPath(layout, row.position, key)} stroke-width=${0.75 + row.probs[key]! * 7}
                opacity=${0.35 + 0.65 * row.probs[key]!}></path>`,
          )}
        </svg>
        <div class="tokens" style="width: ${width}px">
          ${texts.map((text, at) => this.#token(text, at, layout.edges[at + 1]! - layout.edges[at]!))}
        </div>
      </div>
      <p class="soft">${words}${left}. Choose a token to look from there.</p>
    `;
  }

  #token(text: string, at: number, width: number) {
    const { row } = this;
    const p = row.probs[at];
    return html`<button
      style="width: ${width}px; --p: ${p ?? 0}; --group: ${groupColour(row.kvHead)}"
      class=${p === undefined ? 'unseen' : ''}
      tabindex=${at === row.position ? 0 : -1}
      aria-pressed=${at === row.position ? 'true' : 'false'}
      title="${at} ${text}: ${p === undefined ? 'not seen' : `${(p * 100).toFixed(1)} %`}"
      @click=${() => this.dispatchEvent(new CustomEvent('pick', { detail: at }))}
    >
      <span>${text}</span>
      <small>${at}</small>
      <small>${p === undefined ? '' : percent(p)}</small>
    </button>`;
  }

  protected override updated(changed: PropertyValues<this>) {
    const { width } = this.#width;
    if (!changed.has('row') && width === this.#seenAt) return;
    this.#seenAt = width;
    const scroll = this.renderRoot.querySelector('.scroll')!;
    const chosen = this.renderRoot.querySelector<HTMLElement>('[aria-pressed=true]');
    if (!chosen) return;
    const behind = chosen.offsetLeft + chosen.offsetWidth + 24;
    if (behind > scroll.scrollLeft + scroll.clientWidth || chosen.offsetLeft < scroll.scrollLeft) {
      scroll.scrollLeft = behind - scroll.clientWidth;
    }
  }

  static override styles = [
    controls,
    css`
      .scroll {
        position: relative;
        overflow-x: auto;
        padding-bottom: 2px;
      }
      svg {
        display: block;
      }
      path {
        fill: none;
        stroke: currentColor;
      }
      .tokens {
        display: flex;
      }
      button {
        flex: none;
        display: grid;
        justify-items: center;
        gap: 2px;
        padding: 3px 0;
        min-height: 0;
        font: 13px/1.3 var(--mono);
        white-space: pre;
        border: 0;
        border-top: 3px solid color-mix(in srgb, var(--group) calc(var(--p) * 100%), var(--line));
        border-radius: 0;
      }
      button[aria-pressed='true'] {
        background: var(--accent-wash);
        font-weight: 600;
      }
      .unseen {
        border-top-style: dotted;
      }
      .unseen span {
        color: var(--ink-soft);
      }
      small {
        font-size: 9.5px;
        font-weight: 400;
        color: var(--ink-soft);
        min-height: 1.2em;
      }
      p {
        margin: 0.3rem 0 0;
        font-size: 12px;
        color: var(--ink-soft);
      }
    `,
  ];
}

/** In as few characters as fit under a token. */
function percent(p: number): string {
  if (p >= 0.095) return `${(p * 100).toFixed(0)}%`;
  return p >= 0.0005 ? `${(p * 100).toFixed(1)}%` : '0%';
}

customElements.define('ni-attention-arcs', NiAttentionArcs);

declare global {
  interface HTMLElementTagNameMap {
    'ni-attention-arcs': NiAttentionArcs;
  }
}
