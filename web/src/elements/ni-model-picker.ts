import { css, html, LitElement, nothing } from 'lit';
import {
  catalogue,
  type CatalogueModel,
  type Wanted,
  wantedFile,
  wantedFromCatalogue,
  wantedKept,
  wantedUrl,
} from '../client/catalogue.ts';
import { bytes } from '../draw/format.ts';
import type { KeptModel } from '../protocol.ts';
import { closeDialog, dialog, dialogStyles, showDialog } from './dialog.ts';

/**
 * Chooses a model: one that comes with the page, one kept on this device, an address, or a file.
 * @fires choose-model - detail: Wanted
 * @fires delete-model - detail: KeptModel
 */
export class NiModelPicker extends LitElement {
  static override properties = {
    kept: { attribute: false },
    problem: { state: true },
    deleting: { state: true },
  };
  declare kept: readonly KeptModel[];
  declare problem: string;
  /** The kept model whose deletion waits for a second click. */
  declare deleting: string;

  constructor() {
    super();
    this.kept = [];
    this.problem = '';
    this.deleting = '';
  }

  show() {
    this.problem = '';
    this.deleting = '';
    showDialog(this.renderRoot);
  }

  override render() {
    return dialog(
      'Choose a model',
      html`
        <h2>With this page</h2>
        <ul>
          ${[catalogue.tiny, catalogue.default].map((model) => this.#catalogueRow(model))}
        </ul>
        ${
          this.kept.length === 0
            ? nothing
            : html`<h2>Kept on this device</h2>
                <ul>
                  ${this.kept.map((model) => this.#keptRow(model))}
                </ul>`
        }
        <h2>By address</h2>
        <form @submit=${this.#openUrl} novalidate>
          <input
            type="url"
            aria-label="Model URL"
            placeholder="https://…/model.gguf"
            autocomplete="off"
            spellcheck="false"
          />
          <button type="submit">Open</button>
        </form>
        <p class="note">
          This page asks no other server for anything but the address you give here.
        </p>
        ${this.problem ? html`<p class="problem" role="alert">${this.problem}</p>` : nothing}
        <h2>From this device</h2>
        <label class="file">
          <input type="file" accept=".gguf" aria-label="Model file" @change=${this.#openFile} />
          <span>Choose a GGUF file, or drop one anywhere on the page</span>
        </label>
        <p class="note">
          Llama and Qwen2 layouts, in F32, F16, BF16, Q8_0, Q4_0, Q4_1, Q5_0, Q5_1, Q4_K, Q5_K and
          Q6_K. Nothing is sent anywhere.
        </p>
      `,
    );
  }

  #catalogueRow(model: CatalogueModel) {
    return html`<li>
      <div>
        <strong>${model.name}</strong>
        <p>${model.note}</p>
      </div>
      <button
        aria-label="Use ${model.name}"
        @click=${() => this.#choose(wantedFromCatalogue(model))}
      >
        Use
      </button>
    </li>`;
  }

  #keptRow(model: KeptModel) {
    const wanted = wantedKept(model, true);
    const { label } = wanted;
    const sure = this.deleting === model.id;
    return html`<li>
      <div>
        <strong>${label}</strong>
        <p class="mono">${bytes(model.bytes)}</p>
      </div>
      <button
        class="plain"
        aria-label="${sure ? 'Really delete' : 'Delete'} ${label}"
        @click=${() => this.#delete(model)}
      >
        ${sure ? 'Really delete?' : 'Delete'}
      </button>
      <button aria-label="Use kept ${label}" @click=${() => this.#choose(wanted)}>Use</button>
    </li>`;
  }

  #delete(model: KeptModel) {
    if (this.deleting !== model.id) {
      this.deleting = model.id;
      return;
    }
    this.deleting = '';
    this.dispatchEvent(new CustomEvent('delete-model', { detail: model }));
  }

  #openUrl(event: Event) {
    event.preventDefault();
    const text = this.renderRoot.querySelector<HTMLInputElement>('input[type=url]')!.value;
    const wanted = text.trim() === '' ? null : wantedUrl(text, document.baseURI);
    this.problem = wanted ? '' : 'This is not a web address: it begins with https:// or http://.';
    if (wanted) this.#choose(wanted);
  }

  #openFile(event: Event) {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    if (file) this.#choose(wantedFile(file));
    input.value = '';
  }

  #choose(detail: Wanted) {
    closeDialog(this.renderRoot);
    this.dispatchEvent(new CustomEvent('choose-model', { detail }));
  }

  static override styles = [
    dialogStyles,
    css`
      h2 {
        margin: 1.1rem 0 0.3rem;
      }
      ul {
        list-style: none;
        margin: 0;
        padding: 0;
      }
      li {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        padding: 0.5rem 0;
        border-bottom: 1px solid var(--line);
      }
      li div {
        flex: 1;
        min-width: 0;
        overflow-wrap: anywhere;
      }
      li strong {
        font-weight: 600;
        font-size: 14px;
      }
      li p,
      .note {
        margin: 0.1rem 0 0;
        font-size: 12.5px;
        line-height: 1.4;
        color: var(--ink-soft);
      }
      form {
        display: flex;
        gap: 0.5rem;
      }
      form input {
        flex: 1;
      }
      .problem {
        margin: 0.3rem 0 0;
        font-size: 13px;
        color: var(--signal);
      }
      .note {
        margin-top: 0.35rem;
      }
      .file {
        display: block;
        position: relative;
        padding: 0.9rem;
        border: 1px dashed var(--line);
        border-radius: var(--radius);
        font-size: 14px;
        text-align: center;
      }
      .file:hover,
      .file:focus-within {
        border-color: var(--accent);
      }
      .file input {
        position: absolute;
        inset: 0;
        opacity: 0;
        cursor: pointer;
      }
    `,
  ];
}

customElements.define('ni-model-picker', NiModelPicker);

declare global {
  interface HTMLElementTagNameMap {
    'ni-model-picker': NiModelPicker;
  }
}
