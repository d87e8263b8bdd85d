import { html, LitElement, nothing } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { catalogue, modelName, type Wanted } from '../client/catalogue.ts';
import { type Chat, describeReason } from '../client/chat.ts';
import type { Client } from '../client/client.ts';
import type { Settings } from '../client/conversation.ts';
import type { Loading } from '../client/loading.ts';
import type { KeptModel, LoadChoice, LoadedModel, Memory } from '../protocol.ts';
import { appStyles } from './app-styles.ts';
import { ModelDesk } from './model-desk.ts';
import './ni-composer.ts';
import './ni-context-meter.ts';
import './ni-empty.ts';
import './ni-engine-facts.ts';
import './ni-model-picker.ts';
import './ni-notices.ts';
import './ni-op-times.ts';
import './ni-readings.ts';
import './ni-settings.ts';
import './ni-token-chart.ts';
import './ni-turn.ts';

/** The chat page: owns the page's state, which flows down as properties and up as events. */
export class NiApp extends LitElement {
  static override properties = {
    client: { attribute: false },
    chat: { attribute: false },
    loading: { attribute: false },
    updateReady: { attribute: false },
    memory: { state: true },
    panelOpen: { state: true },
    benchmark: { state: true },
  };
  declare client: Client;
  declare chat: Chat;
  declare loading: Loading;
  /** Set when a newer page is there; calling it changes over. */
  declare updateReady: (() => void) | null;
  declare memory: Memory | null;
  declare panelOpen: boolean;
  readonly desk = new ModelDesk(this);
  /** Its script is fetched when it is asked for. */
  declare benchmark: 'not asked for' | 'there' | 'unavailable';
  #frame = 0;
  #memoryTimer: ReturnType<typeof setInterval> | undefined;
  #follow = true;

  constructor() {
    super();
    this.updateReady = null;
    this.memory = null;
    this.panelOpen = false;
    this.benchmark = 'not asked for';
  }

  protected override firstUpdated() {
    this.chat.addEventListener('change', this.#soon);
    this.client.addEventListener('load', this.#modelLoaded);
    this.client.addEventListener('lost', this.#modelLost);
    globalThis.addEventListener('pagehide', () => this.chat.flush());
    globalThis.addEventListener('focus', () => void this.chat.reread());
    this.#memoryTimer = setInterval(() => this.chat.running && this.#readMemory(), 1000);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#memoryTimer);
  }

  // Tokens may come a thousand times a second; the page is drawn once a frame.
  #soon = () => {
    if (this.#frame !== 0) return;
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0;
      this.requestUpdate();
    });
  };

  #modelLoaded = () => {
    const { model } = this.client;
    this.chat.modelChanged(model);
    this.#readMemory();
  };

  #modelLost = () => {
    this.memory = null;
    this.#soon();
  };

  #readMemory() {
    const read = async () => {
      this.memory = this.client.model ? await this.client.memory() : null;
    };
    read().catch(() => (this.memory = null));
  }

  protected override willUpdate() {
    const thread = this.renderRoot.querySelector('.thread');
    if (!thread) return;
    const below = thread.scrollHeight - thread.scrollTop - thread.clientHeight;
    this.#follow = below < 80;
  }

  protected override updated() {
    const thread = this.renderRoot.querySelector('.thread')!;
    if (this.#follow) thread.scrollTop = thread.scrollHeight;
    if (!this.chat.running && this.memory?.contextTokens !== this.chat.readings.contextTokens) {
      if (this.chat.readings.contextTokens > 0 && this.#frame === 0) this.#readMemoryOnce();
    }
  }

  #memoryRead = -1;
  #readMemoryOnce() {
    const { contextTokens } = this.chat.readings;
    if (this.#memoryRead === contextTokens) return;
    this.#memoryRead = contextTokens;
    this.#readMemory();
  }

  override render() {
    const { model } = this.client;
    return html`
      <header>${this.#top(model)}</header>
      <section class="instruments" aria-label="Timings">
        <ni-readings
          .model=${model}
          .readings=${this.chat.readings}
          .memory=${this.memory}
        ></ni-readings>
        <ni-token-chart .tokenMs=${this.chat.readings.tokenMs}></ni-token-chart>
      </section>
      <main>
        <div class="thread">
          <div class="column">${this.#thread(model)}</div>
        </div>
        <div class="below">
          <div class="column">
            ${this.#notices(model)}
            <ni-composer
              .running=${this.chat.running}
              .disabled=${!model || !this.chat.isRead}
              @send=${(event: CustomEvent<{ text: string }>) => this.#send(event.detail.text)}
              @stop=${() => this.chat.stop()}
            ></ni-composer>
          </div>
        </div>
      </main>
      <aside class=${this.panelOpen ? 'open' : ''} aria-label="Instruments and settings">
        ${this.#panel(model)}
      </aside>
      <p class="unseen" role="status">${this.#status(model)}</p>
      ${this.desk.dropping ? html`<div class="drop">Drop a GGUF file to open it</div>` : nothing}
      <ni-model-picker
        .kept=${this.desk.kept}
        @choose-model=${(event: CustomEvent<Wanted>) => this.desk.load(event.detail)}
        @delete-model=${(event: CustomEvent<KeptModel>) => this.desk.delete(event.detail)}
      ></ni-model-picker>
      ${
        this.benchmark === 'there'
          ? html`<ni-benchmark
              .client=${this.client}
              .answering=${this.chat.running}
            ></ni-benchmark>`
          : nothing
      }
    `;
  }

  #top(model: LoadedModel | null) {
    const name = model ? modelName(model.origin) : 'No model';
    return html`
      <span class="brand">nanoinfer</span>
      <button class="model" aria-label="Model: ${name}. Choose another" @click=${this.#pick}>
        <span class="name">${name}</span><span aria-hidden="true">▾</span>
      </button>
      <span class="gap"></span>
      <a href="./lab.html${location.search}">Look inside</a>
      <button
        class="plain"
        ?disabled=${this.chat.turns.length === 0}
        @click=${() => void this.chat.clear()}
      >
        Clear
      </button>
      <button
        class="panel-button"
        aria-expanded=${this.panelOpen ? 'true' : 'false'}
        @click=${() => (this.panelOpen = !this.panelOpen)}
      >
        ${this.panelOpen ? 'Chat' : 'Panel'}
      </button>
    `;
  }

  #thread(model: LoadedModel | null) {
    const { turns, running, isRead } = this.chat;
    if (!isRead) return nothing;
    if (turns.length === 0) {
      return html`<ni-empty
        .model=${model}
        .tiny=${isTiny(model)}
        @send=${(event: CustomEvent<{ text: string }>) => this.#send(event.detail.text)}
        @pick-model=${this.#pick}
      ></ni-empty>`;
    }
    return html`<div
      role="log"
      aria-label="Conversation"
      aria-live="off"
      @edit-turn=${(event: CustomEvent<{ id: number; text: string }>) =>
        this.chat.edit(event.detail.id, event.detail.text)}
      @regenerate=${() => this.chat.regenerate()}
      @go-on=${() => this.chat.goOn()}
    >
      ${repeat(
        turns,
        ({ id }) => id,
        (turn, at) =>
          html`<ni-turn
            .turn=${turn}
            .last=${at === turns.length - 1}
            .streaming=${running && at === turns.length - 1 && turn.role === 'assistant'}
            .busy=${running || !model}
            .canLeaveOut=${this.chat.canLeaveOut}
          ></ni-turn>`,
      )}
    </div>`;
  }

  #notices(model: LoadedModel | null) {
    const { state, failure } = this.loading;
    return html`<ni-notices
      .model=${model}
      .load=${state}
      .failure=${failure}
      .question=${this.desk.question}
      .error=${this.chat.error ?? this.client.error}
      .latest=${this.client.latest}
      .kept=${this.desk.kept}
      .nCtx=${this.loading.options.nCtx}
      .running=${this.chat.running}
      .canLeaveOut=${this.chat.canLeaveOut}
      .updateReady=${this.updateReady !== null}
      @load-model=${(event: CustomEvent<Wanted>) => this.desk.load(event.detail)}
      @load-proceed=${(event: CustomEvent<LoadChoice>) => this.loading.decide(event.detail)}
      @load-cancel=${() => this.loading.cancel()}
      @pick-model=${this.#pick}
      @dismiss-failure=${() => this.loading.dismissFailure()}
      @dismiss-error=${() => this.chat.dismissError()}
      @go-on=${() => this.chat.goOn()}
      @change-over=${() => this.updateReady?.()}
    ></ni-notices>`;
  }

  #panel(model: LoadedModel | null) {
    const nCtx = model?.session.n_ctx ?? 0;
    return html`
      <ni-context-meter .used=${this.chat.readings.contextTokens} .size=${nCtx}></ni-context-meter>
      <ni-op-times .client=${this.client} .running=${this.chat.running}></ni-op-times>
      <button ?disabled=${!model} @click=${this.#openBenchmark}>
        ${this.benchmark === 'unavailable' ? 'Not available: try again' : 'Benchmark this machine'}
      </button>
      <details>
        <summary><h2>Settings</h2></summary>
        ${
          this.chat.isRead
            ? html`<ni-settings
                .settings=${this.chat.settings}
                @settings-change=${(event: CustomEvent<Settings>) =>
                  this.chat.setSettings(event.detail)}
              ></ni-settings>`
            : nothing
        }
      </details>
      <ni-engine-facts .model=${model} .memory=${this.memory}></ni-engine-facts>
    `;
  }

  /** For those who do not see the page: what has happened, once. */
  #status(model: LoadedModel | null): string {
    if (this.loading.state) return `Loading ${this.loading.state.wanted.label}`;
    if (this.chat.running) return 'Answering';
    const last = this.chat.turns.at(-1);
    // Readings begin anew with each model: before its first answer, what has happened is that it came.
    if (last?.role === 'assistant' && this.chat.readings.promptTokens > 0) {
      return describeReason(last.reason) || 'The answer is complete';
    }
    return model ? `Ready: ${modelName(model.origin)}` : '';
  }

  #send(text: string) {
    this.#follow = true;
    this.chat.dismissError();
    this.chat.send(text);
  }

  #pick = () => {
    void this.desk.refreshKept();
    this.renderRoot.querySelector('ni-model-picker')!.show();
  };

  #openBenchmark = async () => {
    try {
      await import('./ni-benchmark.ts');
      this.benchmark = 'there';
    } catch {
      this.benchmark = 'unavailable'; // No network, or a newer page has taken this one's place.
      return;
    }
    await this.updateComplete;
    this.renderRoot.querySelector('ni-benchmark')!.show();
  };

  static override styles = appStyles;
}

function isTiny(model: LoadedModel | null): boolean {
  return model?.source.kind === 'url' && model.source.url.endsWith(catalogue.tiny.url);
}

customElements.define('ni-app', NiApp);

declare global {
  interface HTMLElementTagNameMap {
    'ni-app': NiApp;
  }
}
