import { css, html, LitElement, nothing } from 'lit';
import { modelName } from '../../client/catalogue.ts';
import type { LabRun } from '../../client/lab-run.ts';
import type { RecordedRun } from '../../client/recorded-run.ts';
import { openingIn } from '../../client/run-opening.ts';
import { controls } from '../shared-styles.ts';
import '../ni-notice.ts';
import { errorDetail } from '../ni-notice.ts';
import { RunWatch } from './run-watch.ts';

/**
 * Says that a recorded run plays and no model is loaded, or what became of one that was to be opened.
 * @fires compute - the person wants its model, and what it computes
 */
export class NiRecorded extends LitElement {
  static override properties = { run: { attribute: false } };
  declare run: LabRun;

  constructor() {
    super();
    new RunWatch(this);
  }

  override connectedCallback() {
    super.connectedCallback();
    openingIn(this.run).addEventListener('change', this.#draw);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    openingIn(this.run).removeEventListener('change', this.#draw);
  }

  #draw = () => this.requestUpdate();

  override render() {
    const { recorded } = this.run;
    const { doing, error, question } = openingIn(this.run);
    return html`
      ${doing ? html`<ni-notice .message=${doing}></ni-notice>` : nothing}
      ${question ? this.#question(question) : nothing}
      ${
        error
          ? html`<ni-notice
              kind="error"
              .message=${error.message}
              .detail=${errorDetail(error)}
              closable
              @dismiss=${() => openingIn(this.run).dismissError()}
            ></ni-notice>`
          : nothing
      }
      ${recorded ? this.#recorded(recorded) : nothing}
    `;
  }

  #recorded({ experiment, tokens, savedAt }: RecordedRun) {
    return html`<section aria-label="Recorded run">
      <p>
        <b>Recorded run:</b> ${modelName(experiment.model.origin)}, ${tokens.length} tokens,
        ${new Date(savedAt).toISOString().slice(0, 10)}; no model is loaded. All numbers are those
        that the engine gave then.
      </p>
      <button @click=${() => this.dispatchEvent(new CustomEvent('compute'))}>
        Load the model and compute it
      </button>
    </section>`;
  }

  #question({ href, host }: URL) {
    return html`<ni-notice .message=${`The address asks for a recorded run from ${host}.`}>
      <button @click=${() => void openingIn(this.run).openAddress(href, { agreed: true })}>
        Fetch it from ${host}
      </button>
    </ni-notice>`;
  }

  static override styles = [
    controls,
    css`
      ni-notice {
        margin-bottom: 0.6rem;
      }
      section {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 1rem;
        margin-bottom: 0.8rem;
        padding: 0.6rem 0.9rem;
        font-size: 14px;
        background: var(--accent-wash);
        border-radius: var(--radius);
      }
      p {
        flex: 1 1 18rem;
        margin: 0;
        overflow-wrap: anywhere;
      }
      section button {
        background: var(--panel);
      }
    `,
  ];
}

customElements.define('ni-recorded', NiRecorded);

declare global {
  interface HTMLElementTagNameMap {
    'ni-recorded': NiRecorded;
  }
}
