import { css, html, LitElement, nothing } from 'lit';
import {
  catalogue,
  modelName,
  type Wanted,
  wantedAgain,
  wantedFromCatalogue,
  wantedKept,
} from '../client/catalogue.ts';
import type { EngineError } from '../client/errors.ts';
import type { LoadFailure, LoadState } from '../client/loading.ts';
import type { KeptModel, LoadedModel } from '../protocol.ts';
import './ni-load-panel.ts';
import { errorDetail } from './ni-notice.ts';
import { controls } from './shared-styles.ts';

/**
 * What needs the reader's attention, above the composer: a model on its way in, failures, offers.
 * The load panel's events 'load-proceed' and 'load-cancel' pass through.
 * @fires load-model - detail: Wanted
 * @fires pick-model - another model is wanted
 * @fires dismiss-failure - the failed load has been read
 * @fires dismiss-error - the failed answer has been read
 * @fires go-on - without the oldest turns
 * @fires change-over - to the newer page
 * @cssprop --notice-space - below each notice
 */
export class NiNotices extends LitElement {
  static override properties = {
    model: { attribute: false },
    load: { attribute: false },
    failure: { attribute: false },
    question: { attribute: false },
    error: { attribute: false },
    latest: { attribute: false },
    kept: { attribute: false },
    nCtx: { attribute: false },
    running: { type: Boolean },
    canLeaveOut: { type: Boolean },
    updateReady: { type: Boolean },
  };
  declare model: LoadedModel | null;
  declare load: LoadState | null;
  declare failure: LoadFailure | null;
  /** A model that a link asks for from another host. */
  declare question: { wanted: Wanted; host: string } | null;
  /** Why there is no answer, or no engine. */
  declare error: EngineError | null;
  /** The model that was loaded last, for a fresh engine. */
  declare latest: LoadedModel | null;
  declare kept: readonly KeptModel[];
  /** The context that the page's address asks for. */
  declare nCtx: number | undefined;
  declare running: boolean;
  declare canLeaveOut: boolean;
  declare updateReady: boolean;

  override render() {
    return html`
      ${this.#load()} ${this.error && !this.running ? this.#error(this.error) : nothing}
      ${this.model?.notice ? html`<ni-notice .message=${this.model.notice}></ni-notice>` : nothing}
      ${
        this.updateReady
          ? html`<ni-notice message="A newer version of this page is ready.">
              <button @click=${() => this.#fire('change-over')}>Reload</button>
            </ni-notice>`
          : nothing
      }
    `;
  }

  #load() {
    if (this.question) return this.#hostQuestion(this.question);
    if (this.load) return this.#loadPanel(this.load);
    return this.failure ? this.#failure(this.failure) : this.#offer();
  }

  #loadPanel({ wanted, progress, header, choice }: LoadState) {
    return html`<ni-load-panel
      .label=${wanted.label}
      .progress=${progress}
      .header=${header}
      .choice=${choice}
      .keep=${wanted.keep}
      .wantedNCtx=${this.nCtx}
    ></ni-load-panel>`;
  }

  #hostQuestion({ wanted, host }: { wanted: Wanted; host: string }) {
    const tiny = wantedFromCatalogue(catalogue.tiny);
    return html`<ni-notice
      .message="The link that you followed asks for a model from another site, ${host}."
      .detail=${wanted.source.kind === 'url' ? wanted.source.url : ''}
    >
      <button class="primary" @click=${() => this.#fire('load-model', wanted)}>
        Fetch it from ${host}
      </button>
      <button @click=${() => this.#fire('load-model', tiny)}>Use the tiny model</button>
    </ni-notice>`;
  }

  #failure({ wanted, error }: LoadFailure) {
    const stays = this.model ? ` The model in use stays: ${modelName(this.model.origin)}.` : '';
    const why = error.message.replace(/[^.!?]$/, '$&.');
    const absent = error.code === 'http' && wanted.label === catalogue.default.name;
    const place = absent ? ` A server offers it as ${catalogue.default.url} beside the page.` : '';
    return html`<ni-notice
      kind="error"
      .message="${wanted.label.slice(0, 200)}: ${why}${place}${stays}"
      .detail=${errorDetail(error)}
      closable
      @dismiss=${() => this.#fire('dismiss-failure')}
    >
      <button @click=${() => this.#fire('pick-model')}>Choose a model</button>
    </ni-notice>`;
  }

  /** The tiny model is at work, and a real one lies on this device. */
  #offer() {
    const kept = this.kept.find(({ id }) => id !== this.model?.kept?.id);
    const tiny = this.model?.source.kind === 'url' && !this.model.kept;
    if (!kept || (this.model && !tiny) || this.running) return nothing;
    const wanted = wantedKept(kept, true);
    return html`<ni-notice .message="${wanted.label} is kept on this device and needs no network.">
      <button @click=${() => this.#fire('load-model', wanted)}>Use ${wanted.label}</button>
    </ni-notice>`;
  }

  #error(error: EngineError) {
    const { latest } = this;
    return html`<ni-notice
      kind="error"
      .message=${error.message}
      .detail=${errorDetail(error)}
      ?closable=${this.model !== null}
      @dismiss=${() => this.#fire('dismiss-error')}
    >
      ${
        error.code === 'context_full' && this.canLeaveOut
          ? html`<button @click=${() => this.#fire('go-on')}>
              Go on without the oldest turns
            </button>`
          : nothing
      }
      ${
        !this.model && latest && !this.load
          ? html`<button @click=${() => this.#fire('load-model', wantedAgain(latest))}>
              Start a fresh engine
            </button>`
          : nothing
      }
    </ni-notice>`;
  }

  #fire(name: string, detail?: unknown) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: 0.6rem;
        max-height: 60dvh;
        overflow-y: auto;
      }
      ni-notice,
      ni-load-panel {
        margin-bottom: var(--notice-space, 0);
      }
    `,
  ];
}

customElements.define('ni-notices', NiNotices);

declare global {
  interface HTMLElementTagNameMap {
    'ni-notices': NiNotices;
  }
}
