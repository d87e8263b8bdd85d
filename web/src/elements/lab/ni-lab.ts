import { html, LitElement, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { modelName, type Wanted } from '../../client/catalogue.ts';
import type { Client } from '../../client/client.ts';
import { labAddress, labViewOf, type WantedView } from '../../client/lab-address.ts';
import type { LabRun, StepUnit } from '../../client/lab-run.ts';
import type { Loading } from '../../client/loading.ts';
import type { KeptModel, LoadChoice } from '../../protocol.ts';
import { ModelDesk } from '../model-desk.ts';
import '../ni-model-picker.ts';
import '../ni-notices.ts';
import { labStyles } from './lab-styles.ts';
import './ni-panel.ts';
import './ni-prompt.ts';
import './ni-selection.ts';
import './ni-transport.ts';
import { openAtFirst, panels, type PanelEntry } from './panels.ts';

const addressDelayMs = 300;

/** The lab page: a run, its transport, and the panels that are open. */
export class NiLab extends LitElement {
  static override properties = {
    client: { attribute: false },
    run: { attribute: false },
    loading: { attribute: false },
    updateReady: { attribute: false },
    open: { state: true },
    expanded: { state: true },
    unit: { state: true },
  };
  declare client: Client;
  declare run: LabRun;
  declare loading: Loading;
  /** Set when a newer page is there; calling it changes over. */
  declare updateReady: (() => void) | null;
  declare open: readonly PanelEntry[];
  declare expanded: ReadonlySet<PanelEntry>;
  declare unit: StepUnit;
  readonly desk = new ModelDesk(this);
  /** What the address asks to look at, until there is a run. */
  #wanted: WantedView['selection'] | null = null;
  #addressTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.updateReady = null;
    this.open = [];
    this.expanded = new Set();
    this.unit = 'token';
  }

  override connectedCallback() {
    super.connectedCallback();
    this.run.addEventListener('change', this.#runChanged);
    globalThis.addEventListener('hashchange', this.#addressChanged);
    const { prompt } = this.#take(labViewOf(location.hash));
    if (prompt) this.run.prompt = prompt;
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.run.removeEventListener('change', this.#runChanged);
    globalThis.removeEventListener('hashchange', this.#addressChanged);
  }

  // ---- the address

  #take(view: WantedView): WantedView {
    const ids = view.panels ?? openAtFirst;
    this.open = ids.flatMap((id) => panels.find((entry) => entry.id === id) ?? []);
    this.#wanted = view.selection;
    return view;
  }

  #addressChanged = async () => {
    const { prompt } = this.#take(labViewOf(location.hash));
    if (prompt) await this.run.setPrompt(prompt);
    this.#look();
  };

  #runChanged = () => {
    this.requestUpdate();
    if (this.run.plan && !this.run.busy) this.#look();
  };

  #look() {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted) this.run.select(wanted);
  }

  protected override updated() {
    if (!this.run.plan || this.#wanted) return;
    clearTimeout(this.#addressTimer);
    // Browsers allow some hundred changes a minute.
    this.#addressTimer = setTimeout(this.#writeAddress, addressDelayMs);
  }

  #writeAddress = () => {
    const { prompt, selection } = this.run;
    const ids = this.open.map(({ id }) => id);
    history.replaceState(null, '', labAddress({ panels: ids, prompt, selection }));
  };

  // ---- the page

  override render() {
    const { model } = this.client;
    const name = model ? modelName(model.origin) : 'No model';
    return html`
      <header>
        <span class="brand">nanoinfer <span>lab</span></span>
        <button class="model" aria-label="Model: ${name}. Choose another" @click=${this.#pick}>
          <span class="name">${name}</span><span aria-hidden="true">▾</span>
        </button>
        <span class="gap"></span>
        <a href="./${location.search}">Chat</a>
      </header>
      <section class="bar" aria-label="Run">
        <ni-transport
          .run=${this.run}
          .unit=${this.unit}
          @unit-change=${(event: CustomEvent<StepUnit>) => (this.unit = event.detail)}
        ></ni-transport>
        <ni-selection .run=${this.run}></ni-selection>
      </section>
      <main tabindex="-1">
        ${this.#notices()}
        <ni-prompt .run=${this.run}></ni-prompt>
        <div class="panels">${this.#panels()}</div>
      </main>
      ${this.desk.dropping ? html`<div class="drop">Drop a GGUF file to open it</div>` : nothing}
      <ni-model-picker
        .kept=${this.desk.kept}
        @choose-model=${(event: CustomEvent<Wanted>) => this.desk.load(event.detail)}
        @delete-model=${(event: CustomEvent<KeptModel>) => this.desk.delete(event.detail)}
      ></ni-model-picker>
    `;
  }

  #panels() {
    return repeat(
      this.open,
      ({ id }) => id,
      (entry) =>
        html`<ni-panel
          .entry=${entry}
          .run=${this.run}
          .expanded=${this.expanded.has(entry)}
          @close-panel=${() => this.#toggle(entry)}
          @expand-panel=${() => this.#expand(entry)}
        ></ni-panel>`,
    );
  }

  #notices() {
    const { state, failure } = this.loading;
    return html`<ni-notices
      .model=${this.client.model}
      .load=${state}
      .failure=${failure}
      .question=${this.desk.question}
      .error=${this.run.error ?? this.client.error}
      .latest=${this.client.latest}
      .kept=${this.desk.kept}
      .nCtx=${this.loading.options.nCtx}
      .running=${this.run.playing !== null}
      .updateReady=${this.updateReady !== null}
      @load-model=${(event: CustomEvent<Wanted>) => this.desk.load(event.detail)}
      @load-proceed=${(event: CustomEvent<LoadChoice>) => this.loading.decide(event.detail)}
      @load-cancel=${() => this.loading.cancel()}
      @pick-model=${this.#pick}
      @dismiss-failure=${() => this.loading.dismissFailure()}
      @dismiss-error=${() => this.run.dismissError()}
      @change-over=${() => this.updateReady?.()}
    ></ni-notices>`;
  }

  #toggle(entry: PanelEntry) {
    this.open = this.open.includes(entry)
      ? this.open.filter((other) => other !== entry)
      : [...this.open, entry];
  }

  #expand(entry: PanelEntry) {
    const expanded = new Set(this.expanded);
    if (!expanded.delete(entry)) expanded.add(entry);
    this.expanded = expanded;
  }

  #pick = () => {
    void this.desk.refreshKept();
    this.renderRoot.querySelector('ni-model-picker')!.show();
  };

  static override styles = labStyles;
}

customElements.define('ni-lab', NiLab);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab': NiLab;
  }
}
