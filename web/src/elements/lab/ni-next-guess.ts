import { css, html, LitElement, type PropertyValues } from 'lit';
import { visibleText } from '../../draw/token-label.ts';
import type { TopToken } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';

/** A game: which of the likeliest tokens is the likeliest? Answered before it is shown. */
export class NiNextGuess extends LitElement {
  static override properties = {
    top: { attribute: false },
    soFar: { attribute: false },
    guess: { state: true },
    right: { state: true },
    played: { state: true },
  };
  /** In order, the likeliest first. */
  declare top: readonly TopToken[];
  /** The text so far. */
  declare soFar: string;
  /** The id that was chosen. */
  declare guess: number | null;
  declare right: number;
  declare played: number;

  constructor() {
    super();
    this.guess = null;
    this.right = 0;
    this.played = 0;
  }

  protected override willUpdate(changed: PropertyValues<this>) {
    if (changed.has('soFar') && changed.get('soFar') !== undefined) this.guess = null;
  }

  override render() {
    const { guess, top } = this;
    const choices = [...top].sort((a, b) => (a.text < b.text ? -1 : 1));
    return html`
      <p class="text mono">…${this.soFar}<b>?</b></p>
      <p>Which of the model’s five likeliest tokens does it hold to be the likeliest?</p>
      <div class="choices" role="group" aria-label="What comes next?">
        ${choices.map((token) => this.#choice(token))}
      </div>
      <p role="status">
        ${
          guess === null
            ? ''
            : guess === top[0]!.id
              ? 'Right. '
              : `The model’s first is “${shown(top[0]!)}”. `
        }
        ${this.played > 0 ? `${this.right} of ${this.played} right. Step on for the next.` : ''}
      </p>
    `;
  }

  #choice(token: TopToken) {
    const { guess } = this;
    return html`<button
      ?disabled=${guess !== null}
      class=${guess !== null && token.id === this.top[0]!.id ? 'best' : ''}
      aria-pressed=${guess === token.id ? 'true' : 'false'}
      @click=${() => this.#choose(token.id)}
    >
      <span class="mono">${shown(token)}</span>
      <small>${guess === null ? '?' : `${(token.p * 100).toFixed(1)} %`}</small>
    </button>`;
  }

  #choose(id: number) {
    this.guess = id;
    this.played += 1;
    if (id === this.top[0]!.id) this.right += 1;
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0.4rem 0;
        font-size: 13px;
      }
      .text {
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .choices {
        display: flex;
        flex-wrap: wrap;
        gap: 0.4rem;
      }
      button {
        display: grid;
        gap: 3px;
        justify-items: center;
        white-space: pre;
      }
      button:disabled {
        opacity: 1;
      }
      button[aria-pressed='true'] {
        border-color: var(--signal);
      }
      .best {
        background: var(--accent-wash);
      }
      small {
        color: var(--ink-soft);
      }
    `,
  ];
}

function shown({ text }: TopToken): string {
  return visibleText(new TextEncoder().encode(text));
}

customElements.define('ni-next-guess', NiNextGuess);

declare global {
  interface HTMLElementTagNameMap {
    'ni-next-guess': NiNextGuess;
  }
}
