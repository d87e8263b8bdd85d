import { css, html, LitElement } from 'lit';
import { isComposing } from './composing.ts';
import { controls } from './shared-styles.ts';

/**
 * Where a message is written. Enter sends, Shift+Enter makes a new line.
 * @fires send - detail { text }
 * @fires stop - the running answer is to end
 */
export class NiComposer extends LitElement {
  static override properties = {
    running: { type: Boolean },
    disabled: { type: Boolean },
    text: { state: true },
  };
  declare running: boolean;
  /** There is no model that could answer. */
  declare disabled: boolean;
  declare text: string;

  constructor() {
    super();
    this.running = false;
    this.disabled = false;
    this.text = '';
  }

  override focus() {
    this.renderRoot.querySelector('textarea')?.focus();
  }

  override render() {
    return html`<form @submit=${this.#send}>
      <textarea
        aria-label="Message"
        rows="1"
        placeholder=${this.disabled ? 'Load a model to write to it' : 'Write a message'}
        .value=${this.text}
        @input=${this.#input}
        @keydown=${this.#key}
      ></textarea>
      ${
        this.running
          ? html`<button type="button" class="stop" @click=${this.#stop}>Stop</button>`
          : html`<button
              class="primary"
              type="submit"
              ?disabled=${this.disabled || this.text.trim() === ''}
            >
              Send
            </button>`
      }
    </form>`;
  }

  #input(event: Event) {
    this.text = (event.target as HTMLTextAreaElement).value;
  }

  #key(event: KeyboardEvent) {
    if (isComposing(event)) return;
    if (event.key === 'Escape' && this.running) this.#stop();
    if (event.key !== 'Enter' || event.shiftKey) return;
    this.#send(event);
  }

  #send(event: Event) {
    event.preventDefault();
    const text = this.text.trim();
    if (text === '' || this.disabled || this.running) return;
    this.text = '';
    this.dispatchEvent(new CustomEvent('send', { detail: { text } }));
  }

  #stop() {
    this.dispatchEvent(new CustomEvent('stop'));
  }

  /** The field grows with its text, up to a third of the window. */
  protected override updated() {
    const field = this.renderRoot.querySelector('textarea')!;
    field.style.height = 'auto';
    field.style.height = `${field.scrollHeight + 2}px`;
  }

  static override styles = [
    controls,
    css`
      form {
        display: grid;
        grid-template-columns: minmax(0, 1fr) auto;
        align-items: end;
        gap: 0.5rem;
        padding: 0.4rem;
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: 10px;
      }
      form:has(textarea:focus-visible) {
        outline: 2px solid var(--accent);
        outline-offset: -1px;
      }
      textarea {
        font: 16px/1.45 var(--sans);
        border: 0;
        background: none;
        resize: none;
        max-height: 33vh;
        padding: 0.4rem 0.5rem;
      }
      textarea:focus-visible {
        outline: none;
      }
      textarea::placeholder {
        color: var(--ink-soft);
        opacity: 1;
      }
      button {
        min-width: 4.5rem;
        min-height: 2.4rem;
      }
      .stop {
        color: var(--signal);
        border-color: var(--signal);
      }
      .stop:hover:not(:disabled) {
        color: var(--signal);
        border-color: var(--signal);
        background: var(--signal-wash);
      }
    `,
  ];
}

customElements.define('ni-composer', NiComposer);

declare global {
  interface HTMLElementTagNameMap {
    'ni-composer': NiComposer;
  }
}
