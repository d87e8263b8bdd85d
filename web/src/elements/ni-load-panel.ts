import { css, html, LitElement, nothing } from 'lit';
import { defaultContext, memoryNeeded, scratchNeeded } from '../client/client.ts';
import { bytes, count, parameters } from '../draw/format.ts';
import type { CheckedHeader, LoadChoice, LoadProgress, ModelInfo } from '../protocol.ts';
import { controls } from './shared-styles.ts';

const phases: Record<LoadProgress['phase'], string> = {
  connect: 'Opening',
  header: 'Reading the header',
  weights: 'Reading the weights',
  prepare: 'Preparing',
};

/**
 * A model on its way in: first what it needs, for a decision, then how far it has come.
 * @fires load-proceed - detail: LoadChoice
 * @fires load-cancel - the model is not wanted after all
 */
export class NiLoadPanel extends LitElement {
  static override properties = {
    label: { type: String },
    progress: { attribute: false },
    header: { attribute: false },
    choice: { attribute: false },
    keep: { type: Boolean },
    wantedNCtx: { attribute: false },
    nCtx: { state: true },
  };
  declare label: string;
  declare progress: LoadProgress | null;
  /** Set once the header has been read; it waits for a decision until there is a choice. */
  declare header: CheckedHeader | null;
  declare choice: LoadChoice | null;
  declare keep: boolean;
  /** The context that was asked for beforehand. */
  declare wantedNCtx: number | undefined;
  declare nCtx: number;

  constructor() {
    super();
    this.label = '';
    this.progress = null;
    this.header = null;
    this.choice = null;
    this.keep = false;
    this.nCtx = 0;
  }

  protected override willUpdate(changed: Map<string, unknown>) {
    if (changed.has('header') && this.header) {
      this.nCtx = this.wantedNCtx ?? defaultContext(this.header.info);
    }
  }

  /** A decision is wanted: the keyboard goes there. */
  protected override updated(changed: Map<string, unknown>) {
    if (changed.has('header') && this.header) {
      this.renderRoot.querySelector<HTMLButtonElement>('.primary')?.focus();
    }
  }

  override render() {
    return html`<section aria-label="Loading ${this.label}">
      ${this.header && !this.choice ? this.#decision(this.header) : this.#progress()}
    </section>`;
  }

  #decision(header: CheckedHeader) {
    const { info } = header;
    const types = Object.keys(info.types).join(', ');
    const size = info.file_bytes > 0 ? ` · ${bytes(info.file_bytes)}` : '';
    return html`
      <strong>${this.label.slice(0, 200)}</strong>
      <p class="mono facts">
        ${info.architecture} · ${parameters(info.n_params)} parameters · ${types}${size}
      </p>
      <label class="context">
        <span>Context</span>
        <select @change=${this.#chooseContext}>
          ${contextSizes(info, this.nCtx).map(
            (size) =>
              html`<option value=${size} ?selected=${size === this.nCtx}>
                ${count(size)} tokens
              </option>`,
          )}
        </select>
      </label>
      <dl aria-label="Memory needed">
        <div>
          <dt>Weights</dt>
          <dd>${bytes(info.weights_bytes)}</dd>
        </div>
        <div>
          <dt>KV cache (${info.kv_type}), when full</dt>
          <dd>${bytes(info.kv_bytes_per_token * this.nCtx)}</dd>
        </div>
        <div>
          <dt>Scratch</dt>
          <dd>${bytes(scratchNeeded(header, this.nCtx))}</dd>
        </div>
        <div class="sum">
          <dt>Memory needed</dt>
          <dd>${bytes(memoryNeeded(header, this.nCtx))}</dd>
        </div>
      </dl>
      ${
        header.kept
          ? nothing
          : html`<label class="keep">
              <input
                type="checkbox"
                .checked=${this.keep}
                @change=${(event: Event) =>
                  (this.keep = (event.target as HTMLInputElement).checked)}
              />
              Keep it on this device
            </label>`
      }
      <div class="actions">
        <button class="primary" @click=${this.#proceed}>Load</button>
        <button @click=${this.#cancel}>Cancel</button>
      </div>
    `;
  }

  #progress() {
    const {
      phase,
      bytes: done,
      total,
      bytesPerSecond,
    } = this.progress ?? {
      phase: 'connect' as const,
      bytes: 0,
      total: null,
      bytesPerSecond: 0,
    };
    const amount = total === null ? bytes(done) : `${bytes(done)} of ${bytes(total)}`;
    const speed = bytesPerSecond > 0 ? ` · ${bytes(Math.round(bytesPerSecond))}/s` : '';
    const { header, choice } = this;
    const memory = header && choice ? bytes(memoryNeeded(header, choice.nCtx)) : null;
    return html`
      <div class="head">
        <strong>${this.label.slice(0, 200)}</strong>
        <button class="plain" @click=${this.#cancel}>Cancel</button>
      </div>
      <progress aria-label="Loading" max="1" value=${total ? done / total : nothing}></progress>
      <p class="mono facts">${phases[phase]}${done > 0 ? ` · ${amount}${speed}` : '…'}</p>
      ${memory ? html`<p class="mono facts">Memory needed: ${memory}</p>` : nothing}
    `;
  }

  #chooseContext(event: Event) {
    this.nCtx = Number((event.target as HTMLSelectElement).value);
  }

  #proceed() {
    const detail: LoadChoice = { nCtx: this.nCtx, keep: this.keep };
    this.dispatchEvent(new CustomEvent('load-proceed', { detail, bubbles: true, composed: true }));
  }

  #cancel() {
    this.dispatchEvent(new CustomEvent('load-cancel', { bubbles: true, composed: true }));
  }

  static override styles = [
    controls,
    css`
      section {
        padding: 1rem;
        background: var(--panel);
        border: 1px solid var(--line);
        border-left: 3px solid var(--accent);
        border-radius: var(--radius);
      }
      strong {
        font-weight: 600;
        overflow-wrap: anywhere;
      }
      .head {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 1rem;
      }
      .facts {
        margin: 0.3rem 0 0;
        font-size: 12.5px;
        color: var(--ink-soft);
      }
      progress {
        appearance: none;
        display: block;
        width: 100%;
        height: 6px;
        margin-top: 0.6rem;
        border: 0;
        border-radius: 3px;
        overflow: hidden;
        background: var(--well);
      }
      progress:indeterminate {
        animation: wait 1.2s ease-in-out infinite alternate;
        background: var(--accent);
      }
      @keyframes wait {
        from {
          opacity: 0.25;
        }
      }
      progress::-webkit-progress-bar {
        background: var(--well);
      }
      progress::-webkit-progress-value {
        background: var(--accent);
      }
      progress::-moz-progress-bar {
        background: var(--accent);
      }
      .context {
        display: flex;
        align-items: center;
        gap: 0.6rem;
        margin: 0.8rem 0 0.5rem;
        font-size: 13px;
      }
      dl {
        margin: 0;
        max-width: 24rem;
        font-size: 13px;
      }
      dl div {
        display: flex;
        justify-content: space-between;
        padding: 0.15rem 0;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        font-family: var(--mono);
        font-variant-numeric: tabular-nums;
      }
      .sum {
        border-top: 1px solid var(--line);
        margin-top: 0.15rem;
        font-weight: 600;
      }
      .sum dt {
        color: var(--ink);
      }
      .keep {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        margin-top: 0.7rem;
        font-size: 13px;
      }
      .actions {
        display: flex;
        gap: 0.5rem;
        margin-top: 0.9rem;
      }
    `,
  ];
}

/** Powers of two up to the trained length, that length itself, and the one that is chosen. */
function contextSizes({ n_ctx_train }: ModelInfo, chosen: number): number[] {
  const sizes = new Set([chosen, n_ctx_train]);
  for (let size = 256; size < n_ctx_train; size *= 2) sizes.add(size);
  return [...sizes].sort((a, b) => a - b);
}

customElements.define('ni-load-panel', NiLoadPanel);

declare global {
  interface HTMLElementTagNameMap {
    'ni-load-panel': NiLoadPanel;
  }
}
