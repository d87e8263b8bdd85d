import { css, html, LitElement, svg } from 'lit';
import { largest } from '../../draw/bars.ts';
import { value } from '../../draw/format.ts';
import { type Frequency, type Turn, wrapped } from '../../draw/rope.ts';
import { controls } from '../shared-styles.ts';

/**
 * Each pair of a query as a dial: before and after it was turned.
 * @fires pick - the pair
 */
export class NiRopeDials extends LitElement {
  static override properties = {
    q: { attribute: false },
    turned: { attribute: false },
    position: { attribute: false },
    frequency: { attribute: false },
    pair: { attribute: false },
  };
  /** The query's pairs before, and after. */
  declare q: readonly Turn[];
  declare turned: readonly Turn[];
  declare position: number;
  declare frequency: Frequency;
  /** The chosen one. */
  declare pair: number;

  override render() {
    const { q: before, pair } = this;
    const longest = largest(before.map(({ length }) => length));
    return html`
      <p class="key">
        Dashed: q before. Solid: after. Hands are as long as their pair, the longest
        ${value(longest)}.
      </p>
      <div class="dials" role="group" aria-label="Pairs" @keydown=${this.#keydown}>
        ${before.map((_, j) => this.#dial(j, longest))}
      </div>
      <p aria-live="polite" class="mono told">${this.#words(pair)}</p>
    `;
  }

  #dial(j: number, longest: number) {
    const { q: before, turned: after } = this;
    const turned = wrapped(after[j]!.angle - before[j]!.angle);
    const degrees = (turned * 180) / Math.PI;
    const end = ({ length, angle }: Turn) => {
      const r = longest > 0 ? 4 + 16 * (length / longest) : 0;
      return { x2: 24 + r * Math.cos(angle), y2: 24 - r * Math.sin(angle) };
    };
    const [was, is] = [end(before[j]!), end(after[j]!)];
    const isChosen = j === this.pair;
    return html`<button
      class="dial"
      tabindex=${isChosen ? 0 : -1}
      aria-pressed=${isChosen ? 'true' : 'false'}
      title="Pair ${j}, turned by ${value(degrees, 3)}°"
      @click=${() => this.#pick(j)}
    >
      <svg width="48" height="48" viewBox="0 0 48 48" aria-hidden="true">
        ${svg`<circle cx="24" cy="24" r="21"></circle>
          <line class="was" x1="24" y1="24" x2=${was.x2} y2=${was.y2}></line>
          <line class="is" x1="24" y1="24" x2=${is.x2} y2=${is.y2}></line>`}
      </svg>
      <span>${j}</span><small>${shortly(degrees)}°</small>
    </button>`;
  }

  #keydown = async (event: KeyboardEvent) => {
    const by = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (by === undefined || event.shiftKey) return;
    event.preventDefault();
    const pair = Math.max(0, Math.min(this.q.length - 1, this.pair + by));
    this.#pick(pair);
    await this.updateComplete;
    this.renderRoot.querySelector<HTMLElement>('[tabindex="0"]')?.focus();
  };

  #pick(pair: number) {
    this.pair = pair;
    this.dispatchEvent(new CustomEvent('pick', { detail: pair }));
  }

  #words(j: number): string {
    const { q: before, turned: after, position } = this;
    const f = this.frequency(j);
    const turned = wrapped(after[j]!.angle - before[j]!.angle);
    return (
      `Pair ${j}: ${value(f)} rad a position, a whole turn each ${value((2 * Math.PI) / f)} positions; ` +
      `${position} · ${value(f)} = ${value(position * f)}, of which ${value(wrapped(position * f))} rad remain; ` +
      `q was turned by ${value(turned)} rad.`
    );
  }

  static override styles = [
    controls,
    css`
      .dials {
        display: flex;
        flex-wrap: wrap;
        gap: 4px;
      }
      .dial {
        display: grid;
        grid-template-columns: auto auto;
        justify-content: space-between;
        width: 58px;
        padding: 3px 4px;
        min-height: 0;
        font: 11px/1.2 var(--mono);
      }
      .dial svg {
        grid-column: 1 / -1;
      }
      circle {
        fill: var(--well);
        stroke: var(--line);
      }
      line {
        stroke-width: 2.5;
        stroke-linecap: round;
      }
      .was {
        stroke: var(--ink-soft);
        stroke-dasharray: 3 3;
        stroke-width: 1.5;
      }
      .is {
        stroke: var(--accent);
      }
      small {
        font-size: 10px;
        color: var(--ink-soft);
      }
      p {
        margin: 0.4rem 0;
        font-size: 12px;
        color: var(--ink-soft);
      }
      p.told {
        color: var(--ink);
      }
      button[aria-pressed='true'] {
        background: var(--accent-wash);
      }
    `,
  ];
}

/** A slow pair's turn is small, and not none. */
function shortly(degrees: number): string {
  if (degrees > 0 && degrees < 0.05) return '<0.1';
  return degrees.toFixed(degrees < 9.95 ? 1 : 0);
}

customElements.define('ni-rope-dials', NiRopeDials);

declare global {
  interface HTMLElementTagNameMap {
    'ni-rope-dials': NiRopeDials;
  }
}
