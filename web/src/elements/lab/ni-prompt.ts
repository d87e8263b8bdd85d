import { css, html, LitElement } from 'lit';
import type { LabRun, Prompt } from '../../client/lab-run.ts';
import { controls } from '../shared-styles.ts';
import { engineActs } from './engine-acts.ts';
import { RunWatch } from './run-watch.ts';

/** The text that a run begins with, and how the model gets it. */
export class NiPrompt extends LitElement {
  static override properties = { run: { attribute: false } };
  declare run: LabRun;
  #shown: Prompt | null = null;

  constructor() {
    super();
    new RunWatch(this);
  }

  /** What is being written stays until the run begins with another text. */
  protected override updated() {
    const { prompt } = this.run;
    if (prompt === this.#shown) return;
    this.#shown = prompt;
    this.#text.value = prompt.text;
    this.#form.value = prompt.asChat ? 'chat' : 'plain';
  }

  get #text() {
    return this.renderRoot.querySelector('textarea')!;
  }

  get #form() {
    return this.renderRoot.querySelector('select')!;
  }

  override render() {
    const { run } = this;
    const template = run.model?.info.chat_template != null;
    return html`<form @submit=${this.#begin}>${engineActs(run, this.#fields(template))}</form>`;
  }

  #fields(template: boolean) {
    const { run } = this;
    return html` <label class="label" for="text">Prompt</label>
      <textarea
        id="text"
        rows="1"
        spellcheck="false"
        title="Enter begins; Shift and Enter make a new line"
        @keydown=${this.#keydown}
      ></textarea>
      <select aria-label="Given to the model as" title="Given to the model as">
        <option value="plain">plain text</option>
        <option value="chat" ?disabled=${!template}>chat message</option>
      </select>
      <label class="each">
        <input
          type="checkbox"
          .checked=${run.tokenByToken}
          ?disabled=${!run.plan}
          @change=${(event: Event) =>
            void run.setTokenByToken((event.target as HTMLInputElement).checked)}
        />
        one token a pass
      </label>
      <button ?disabled=${!run.plan}>Begin</button>`;
  }

  #keydown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.#begin();
  };

  #begin = (event?: Event) => {
    event?.preventDefault();
    if (!this.run.plan || this.run.recorded) return;
    const asChat = this.#form.value === 'chat';
    void this.run.setPrompt({ text: this.#text.value, asChat });
  };

  static override styles = [
    controls,
    css`
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 0.6rem;
      }
      textarea {
        flex: 1 1 18rem;
        field-sizing: content;
        min-height: 2.2rem;
        max-height: 9rem;
        resize: vertical;
      }
      select {
        min-height: 2.2rem;
      }
      .each {
        display: flex;
        align-items: center;
        gap: 0.35rem;
        font-size: 13px;
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-prompt', NiPrompt);

declare global {
  interface HTMLElementTagNameMap {
    'ni-prompt': NiPrompt;
  }
}
