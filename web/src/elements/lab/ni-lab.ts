import { html, LitElement, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { modelName, type Wanted, wantedAt } from '../../client/catalogue.ts';
import type { Client } from '../../client/client.ts';
import { labAddress, labViewOf, type WantedView } from '../../client/lab-address.ts';
import { openedIn } from '../../client/lab-experiment.ts';
import type { LabRun, Selection, StepUnit } from '../../client/lab-run.ts';
import type { Loading } from '../../client/loading.ts';
import { openingIn } from '../../client/run-opening.ts';
import type { KeptModel, LoadChoice } from '../../protocol.ts';
import { icons } from '../icons.ts';
import { ModelDesk } from '../model-desk.ts';
import '../ni-model-picker.ts';
import '../ni-notices.ts';
import { actOnKey, type LabActions } from './keys.ts';
import { labStyles } from './lab-styles.ts';
import './ni-breaks.ts';
import './ni-keys.ts';
import './ni-panel-list.ts';
import './ni-panel.ts';
import './ni-prompt.ts';
import './ni-recorded.ts';
import './ni-selection.ts';
import './ni-transport.ts';
import { openAtFirst, panels, type PanelEntry } from './panels.ts';

const addressDelayMs = 300;

/** The lab page: a run, its transport, and the panels that are open. */
export class NiLab extends LitElement implements LabActions {
  static override properties = {
    client: { attribute: false },
    run: { attribute: false },
    loading: { attribute: false },
    updateReady: { attribute: false },
    open: { state: true },
    expanded: { state: true },
    presenting: { type: Boolean, reflect: true },
    alone: { state: true },
    unit: { state: true },
  };
  declare client: Client;
  declare run: LabRun;
  declare loading: Loading;
  /** Set when a newer page is there; calling it changes over. */
  declare updateReady: (() => void) | null;
  declare open: readonly PanelEntry[];
  declare expanded: ReadonlySet<PanelEntry>;
  /** Big type, one panel at a time: `alone`, counted in `open`. */
  declare presenting: boolean;
  declare alone: number;
  declare unit: StepUnit;
  readonly desk = new ModelDesk(this);
  /** What the address asks to look at, until there is a run. */
  #wanted: WantedView['selection'] | null = null;
  readonly #made = new Map<PanelEntry, HTMLElement>();
  #addressTimer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.updateReady = null;
    this.open = [];
    this.expanded = new Set();
    this.presenting = false;
    this.alone = 0;
    this.unit = 'token';
  }

  override connectedCallback() {
    super.connectedCallback();
    this.run.addEventListener('change', this.#runChanged);
    openingIn(this.run).addEventListener('opened', this.#runOpened);
    globalThis.addEventListener('hashchange', this.#addressChanged);
    globalThis.addEventListener('keydown', this.#keydown);
    const { prompt } = this.#take(labViewOf(location.hash));
    if (prompt) this.run.prompt = prompt;
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.run.removeEventListener('change', this.#runChanged);
    openingIn(this.run).removeEventListener('opened', this.#runOpened);
    globalThis.removeEventListener('hashchange', this.#addressChanged);
    globalThis.removeEventListener('keydown', this.#keydown);
  }

  // ---- the address

  #take(view: WantedView): WantedView {
    const ids = view.panels ?? openAtFirst;
    this.open = ids.flatMap((id) => panels.find((entry) => entry.id === id) ?? []);
    this.turn(0);
    this.#wanted = view.selection;
    return view;
  }

  #addressChanged = () => {
    const { prompt } = this.#take(labViewOf(location.hash));
    const { text, asChat } = this.run.prompt;
    if (prompt && (prompt.text !== text || prompt.asChat !== asChat)) {
      void this.run.setPrompt(prompt);
    } else {
      this.#look();
    }
  };

  #runChanged = () => {
    this.requestUpdate();
    if (this.run.plan && !this.run.busy) this.#look();
  };

  #look() {
    const wanted = this.#wanted;
    this.#wanted = null;
    if (wanted && Object.keys(wanted).length > 0) this.run.select(wanted);
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
    const isNew = labViewOf(location.hash).panels?.join() !== ids.join();
    history.replaceState(null, '', labAddress({ panels: ids, prompt, selection }));
    if (isNew) this.run.changed(); // The panel Share reads them off the address.
  };

  // ---- recorded runs

  openRun(file: File) {
    void openingIn(this.run).open(file);
  }

  #runOpened = () => {
    const { panels, selection } = this.run.recorded!.experiment;
    this.#take({ panels, selection });
  };

  /** Its model, and then the same experiment: computed by the engine of this page. */
  #compute() {
    const { experiment } = this.run.recorded!;
    openedIn(this.run).open(experiment);
    void this.#share();
    const wanted = wantedAt(experiment.model.origin, location.href);
    if (wanted) void this.desk.load(wanted);
    else this.#pick();
  }

  // ---- what keys and buttons do

  #keydown = (event: KeyboardEvent) => actOnKey(event, this, this.presenting);

  playOrPause() {
    if (this.run.playing) this.run.pause();
    else void this.run.play(this.unit);
  }

  step(unit: StepUnit) {
    if (this.run.playing) this.run.pause();
    else void this.run.step(unit);
  }

  stepOn() {
    this.step(this.unit);
  }

  back(unit: 'step' | 'token' = 'step') {
    if (this.run.canGoBack) void this.run.back(unit);
  }

  restart() {
    void this.run.restart();
  }

  move(what: keyof Selection, by: 1 | -1) {
    this.run.select({ [what]: this.run.selection[what] + by });
  }

  openDialog(name: 'breaks' | 'panels' | 'keys') {
    if (name === 'breaks' && this.run.recorded) return;
    const tag = { breaks: 'ni-breaks', panels: 'ni-panel-list', keys: 'ni-keys' } as const;
    this.renderRoot.querySelector(tag[name])!.show();
  }

  present(on: boolean) {
    this.presenting = on;
    this.turn(0);
  }

  turn(by: 1 | -1 | 0) {
    this.alone = Math.max(0, Math.min(this.open.length - 1, this.alone + by));
  }

  // ---- the page

  override render() {
    return html`
      <header>${this.presenting ? this.#presenterTop() : this.#top()}</header>
      <section class="bar" aria-label="Run">
        <ni-transport
          .run=${this.run}
          .unit=${this.unit}
          ?presenting=${this.presenting}
          @step=${(event: CustomEvent<StepUnit>) => this.step(event.detail)}
          @play-or-pause=${() => this.playOrPause()}
          @unit-change=${(event: CustomEvent<StepUnit>) => (this.unit = event.detail)}
          @open-breaks=${() => this.openDialog('breaks')}
        ></ni-transport>
        <ni-selection .run=${this.run}></ni-selection>
      </section>
      <main>
        ${this.#notices()}<ni-recorded .run=${this.run} @compute=${this.#compute}></ni-recorded>
        ${this.presenting ? nothing : html`<ni-prompt .run=${this.run}></ni-prompt>`}
        ${this.#greeting()}
        <div class="panels">${this.#panels()}</div>
      </main>
      ${this.desk.dropping ? html`<div class="drop">Drop a GGUF file or a recorded run</div>` : nothing}
      ${this.#dialogs()}
    `;
  }

  #top() {
    const { model, recorded } = this.client;
    const name = model && !recorded ? modelName(model.origin) : 'No model';
    return html`
      <h1 class="brand">nanoinfer <span>lab</span></h1>
      <button class="model" aria-label="Model: ${name}. Choose another" @click=${this.#pick}>
        <span class="name">${name}</span><span aria-hidden="true">▾</span>
      </button>
      <span class="gap"></span>
      <button title="Choose panels (P)" @click=${() => this.openDialog('panels')}>Panels</button>
      <button title="The experiment as a link or a file" @click=${() => void this.#share()}>
        Share
      </button>
      <button
        class="plain present"
        title="Big type, one panel at a time (T)"
        @click=${() => this.present(true)}
      >
        Present
      </button>
      <button class="plain" title="Keys (?)" @click=${() => this.openDialog('keys')}>Keys</button>
      <a href="./${location.search}">Chat</a>
    `;
  }

  #presenterTop() {
    const entry = this.open[this.alone];
    const { length } = this.open;
    return html`
      <h1>${entry?.title ?? 'No panel is open'}</h1>
      <span class="soft">${entry ? `${this.alone + 1} of ${length}` : ''}</span>
      <button
        class="plain"
        aria-label="Panel before"
        ?disabled=${this.alone === 0}
        @click=${() => this.turn(-1)}
      >
        ${icons.before}
      </button>
      <button
        class="plain"
        aria-label="Panel after"
        ?disabled=${this.alone >= length - 1}
        @click=${() => this.turn(1)}
      >
        ${icons.after}
      </button>
      <span class="gap"></span>
      <button class="plain" title="Leave (Esc)" @click=${() => this.present(false)}>
        Stop presenting
      </button>
    `;
  }

  /** Until the first step: what this is, and how to begin. */
  #greeting() {
    const { plan, place } = this.run;
    if (!plan || this.presenting || place.first > 0 || place.cursor > 0) return nothing;
    return html`<p class="greeting">
      A language model, held still, with all that it computes open to view.
      <b>Play</b> lets it write on from the prompt; <b>op</b>, <b>layer</b> and <b>token</b> go step
      by step. The panels show one position, layer, head and op, chosen in the bar or with the arrow
      keys.
    </p>`;
  }

  #panels() {
    if (this.open.length === 0) {
      return html`<p class="empty">
        No panel is open.
        <button @click=${() => this.openDialog('panels')}>Choose panels</button>
      </p>`;
    }
    const { presenting, alone } = this;
    return repeat(
      presenting ? this.open.slice(alone, alone + 1) : this.open,
      ({ id }) => id,
      (entry) =>
        html`<ni-panel
          .entry=${entry}
          .run=${this.run}
          .made=${this.#made}
          .expanded=${presenting || this.expanded.has(entry)}
          .bare=${presenting}
          @close-panel=${() => this.#toggle(entry)}
          @expand-panel=${() => this.#expand(entry)}
        ></ni-panel>`,
    );
  }

  #dialogs() {
    return html`
      <ni-model-picker
        .kept=${this.desk.kept}
        @choose-model=${(event: CustomEvent<Wanted>) => this.desk.load(event.detail)}
        @delete-model=${(event: CustomEvent<KeptModel>) => this.desk.delete(event.detail)}
      ></ni-model-picker>
      <ni-panel-list
        .open=${this.open}
        @toggle-panel=${(event: CustomEvent<PanelEntry>) => this.#toggle(event.detail)}
      ></ni-panel-list>
      <ni-breaks .run=${this.run}></ni-breaks>
      <ni-keys></ni-keys>
    `;
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
      .kept=${this.run.recorded ? [] : this.desk.kept}
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
    this.#made.delete(entry);
    this.open = this.open.includes(entry)
      ? this.open.filter((other) => other !== entry)
      : [...this.open, entry];
  }

  /** The panel Share: before the others, where its button is, unless it is open somewhere. */
  async #share() {
    const share = panels.find(({ id }) => id === 'share')!;
    if (!this.open.includes(share)) this.open = [share, ...this.open];
    await this.updateComplete;
    const frames = [...this.renderRoot.querySelectorAll('ni-panel')];
    frames.find(({ entry }) => entry === share)!.focus();
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
