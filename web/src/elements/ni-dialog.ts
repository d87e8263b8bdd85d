import { css, html, LitElement } from 'lit';
import { controls } from './shared-styles.ts';

/**
 * A modal dialog around its slot: Esc, its button and a click beside it close it.
 * @fires close
 * @cssprop --dialog-width
 */
export class NiDialog extends LitElement {
  static override properties = { heading: { type: String } };
  declare heading: string;

  constructor() {
    super();
    this.heading = '';
  }

  show() {
    const dialog = this.#dialog;
    if (!dialog.open) dialog.showModal();
  }

  close() {
    this.#dialog.close();
  }

  get #dialog() {
    return this.renderRoot.querySelector('dialog')!;
  }

  override render() {
    return html`<dialog
      aria-labelledby="title"
      @click=${this.#clickOutside}
      @close=${() => this.dispatchEvent(new Event('close'))}
    >
      <div class="content">
        <header>
          <h1 id="title">${this.heading}</h1>
          <button class="plain" aria-label="Close" @click=${() => this.close()}>✕</button>
        </header>
        <slot></slot>
      </div>
    </dialog>`;
  }

  #clickOutside(event: MouseEvent) {
    if (event.target === event.currentTarget) this.close();
  }

  static override styles = [
    controls,
    css`
      dialog {
        width: min(var(--dialog-width, 34rem), calc(100vw - 1.5rem));
        max-height: calc(100dvh - 2rem);
        padding: 0;
        border: 1px solid var(--line);
        border-radius: 10px;
        background: var(--panel);
        color: var(--ink);
      }
      dialog::backdrop {
        background: rgb(0 0 0 / 45%);
      }
      .content {
        padding: 1rem 1.25rem 1.25rem;
      }
      header {
        display: flex;
        justify-content: space-between;
        align-items: center;
      }
      h1 {
        margin: 0;
        font: 600 1.05rem/1.3 var(--sans);
      }
      @media (max-width: 480px) {
        .content {
          padding: 0.8rem 0.8rem 1rem;
        }
      }
    `,
  ];
}

customElements.define('ni-dialog', NiDialog);

declare global {
  interface HTMLElementTagNameMap {
    'ni-dialog': NiDialog;
  }
}
