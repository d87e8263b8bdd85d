import { css, html, LitElement, nothing } from 'lit';
import type { EngineError } from '../client/errors.ts';
import { controls } from './shared-styles.ts';

/**
 * Something that the reader should know, with what can be done about it in the default slot.
 * @fires dismiss - it has been read
 */
export class NiNotice extends LitElement {
  static override properties = {
    kind: { type: String },
    message: { type: String },
    detail: { type: String },
    closable: { type: Boolean },
  };
  declare kind: 'error' | 'info';
  declare message: string;
  /** What and where, in the words of the part that noticed. */
  declare detail: string;
  declare closable: boolean;

  constructor() {
    super();
    this.kind = 'info';
    this.message = '';
    this.detail = '';
    this.closable = false;
  }

  override render() {
    const role = this.kind === 'error' ? 'alert' : 'status';
    return html`<div class=${this.kind} role=${role}>
      <p>${this.message}</p>
      ${this.detail ? html`<p class="mono detail">${this.detail}</p>` : nothing}
      <div class="actions">
        <slot></slot>
        ${
          this.closable
            ? html`<button class="plain" @click=${this.#dismiss}>Dismiss</button>`
            : nothing
        }
      </div>
    </div>`;
  }

  #dismiss() {
    this.dispatchEvent(new CustomEvent('dismiss'));
  }

  static override styles = [
    controls,
    css`
      div.error,
      div.info {
        padding: 0.7rem 0.9rem;
        background: var(--accent-wash);
        border-radius: var(--radius);
        font-size: 14px;
        overflow-wrap: anywhere;
      }
      div.error {
        background: var(--signal-wash);
      }
      p {
        margin: 0;
      }
      .detail {
        margin-top: 0.3rem;
        font-size: 12px;
        color: var(--ink-soft);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      .actions button,
      ::slotted(button) {
        margin-top: 0.5rem !important;
      }
    `,
  ];
}

/** 'truncated · byte 123 · expected 10, got 4' */
export function errorDetail({ code, place, expected, actual }: EngineError): string {
  const values = [expected && `expected ${expected}`, actual && `got ${actual}`];
  const parts = [code, place, values.filter(Boolean).join(', ')];
  return parts
    .filter(Boolean)
    .map((part) => part.slice(0, 300))
    .join(' · ');
}

customElements.define('ni-notice', NiNotice);

declare global {
  interface HTMLElementTagNameMap {
    'ni-notice': NiNotice;
  }
}
