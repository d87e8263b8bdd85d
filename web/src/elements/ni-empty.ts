import { css, html, LitElement, nothing } from 'lit';
import type { LoadedModel } from '../protocol.ts';
import { controls } from './shared-styles.ts';

const chatPrompts = [
  'What is the capital of France?',
  'Explain in two sentences how a rainbow forms.',
  'Write a haiku about the sea.',
];
const tinyPrompts = [
  'Tell me a story about Mia and a kite.',
  'Tell me a story about a brave little fox.',
  'Mia has a red ball. Tom has a gold key. Who has the gold key?',
];

/**
 * What this page is, and something to begin with.
 * @fires send - detail { text }: an example prompt
 * @fires pick-model - another model is wanted
 */
export class NiEmpty extends LitElement {
  static override properties = { model: { attribute: false }, tiny: { type: Boolean } };
  declare model: LoadedModel | null;
  /** The model in use is the small one that comes with the page. */
  declare tiny: boolean;

  constructor() {
    super();
    this.model = null;
    this.tiny = false;
  }

  override render() {
    const prompts = this.tiny ? tinyPrompts : chatPrompts;
    return html`
      <h1>A language model, running inside this page.</h1>
      <p>
        Every product, every softmax and every choice of a token is computed here, by an engine
        written in C++ and compiled to WebAssembly. Nothing that you write leaves your machine, and
        after this visit the page works without a network.
      </p>
      ${
        this.tiny
          ? html`<p>
              The model at work now is a tiny one that came with the page, so that you can see it
              run at once. For real answers
              <button class="link" @click=${this.#pick}>choose a real model</button>.
            </p>`
          : nothing
      }
      ${
        this.model
          ? html`<h2>Begin with</h2>
              <div class="prompts">
                ${prompts.map(
                  (text) => html`<button @click=${() => this.#send(text)}>${text}</button>`,
                )}
              </div>`
          : nothing
      }
    `;
  }

  #send(text: string) {
    this.dispatchEvent(new CustomEvent('send', { detail: { text } }));
  }

  #pick() {
    this.dispatchEvent(new CustomEvent('pick-model'));
  }

  static override styles = [
    controls,
    css`
      :host {
        max-width: 40rem;
        padding: 6vh 0 2rem;
      }
      h1 {
        margin: 0 0 0.8rem;
        font: 500 clamp(1.45rem, 4.2vw, 2.1rem) / 1.2 var(--sans);
        letter-spacing: -0.015em;
        text-wrap: balance;
      }
      h2 {
        margin: 1.8rem 0 0.6rem;
      }
      p {
        margin: 0 0 0.7rem;
        color: var(--ink-soft);
      }
      .prompts {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem;
      }
      .prompts button {
        font-size: 14px;
        line-height: 1.3;
        text-align: left;
        background: var(--panel);
      }
      .link {
        font: inherit;
        min-height: 0;
        padding: 0;
        border: 0;
        color: var(--accent);
        text-decoration: underline;
        text-underline-offset: 3px;
      }
    `,
  ];
}

customElements.define('ni-empty', NiEmpty);

declare global {
  interface HTMLElementTagNameMap {
    'ni-empty': NiEmpty;
  }
}
