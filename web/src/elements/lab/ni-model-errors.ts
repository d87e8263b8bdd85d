import { css, html, LitElement, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { ModelComparison, type ModelErrors } from '../../client/model-errors.ts';
import { bytes, percent, value } from '../../draw/format.ts';
import { tokenLabel, visibleText } from '../../draw/token-label.ts';
import type { ReferenceFile } from '../../protocol.ts';
import { errorDetail } from '../ni-notice.ts';
import { controls } from '../shared-styles.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-numbers.ts';
import './ni-step-chart.ts';

/** The loaded model against a whole reference file, run over the same tokens. */
export class NiModelErrors extends LitElement {
  static override properties = {
    run: { attribute: false },
    reference: { attribute: false },
    position: { type: Number },
    nComputed: { type: Number },
  };
  declare run: LabRun;
  declare reference: ReferenceFile;
  /** The one whose layers are shown. */
  declare position: number;
  /** Positions of the run that are computed. */
  declare nComputed: number;
  #comparison!: ModelComparison;

  override connectedCallback() {
    super.connectedCallback();
    this.#comparison = ModelComparison.of(this.run);
    this.#comparison.addEventListener('change', this.#changed);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.#comparison.removeEventListener('change', this.#changed);
  }

  #changed = () => this.requestUpdate();

  override render() {
    const { progress, error } = this.#comparison;
    const errors = this.#comparison.errorsOf(this.reference);
    return html`
      <p>
        ${this.reference.name} can run as well, in an engine of its own (it takes
        ${bytes(this.reference.file.size)} of memory meanwhile), over the tokens that are computed:
        what the rounding does to the residual stream behind each layer, and to each prediction.
      </p>
      ${progress ? this.#running() : this.#start(errors)}
      ${
        error
          ? html`<p role="alert">
              ${error.message} <span class="mono">${errorDetail(error)}</span>
            </p>`
          : nothing
      }
      ${errors ? this.#shown(errors) : nothing}
    `;
  }

  #start(errors: ModelErrors | null) {
    const { nComputed, run, reference } = this;
    const tokens = nComputed === 1 ? '1 token' : `${nComputed} tokens`;
    return html`<button
        ?disabled=${nComputed === 0}
        @click=${() => void this.#comparison.start(reference)}
      >
        ${errors ? 'Run the reference again, on' : 'Run the reference on'} ${tokens}
      </button>
      ${run.hooks ? html`<p class="soft">Your code takes no part in the reference’s run.</p>` : nothing}`;
  }

  #running() {
    const { doing, done, of } = this.#comparison.progress!;
    const words = {
      loading: `The reference is loaded: ${percent(done / of)}`,
      running: `The reference runs: token ${done} of ${of}`,
      comparing: `Both are compared: token ${done} of ${of}`,
    };
    return html`<div class="row">
      <button @click=${() => this.#comparison.stop()}>Stop</button>
      <progress max=${of} .value=${done} aria-label="Run of the reference"></progress>
      <span>${words[doing]}</span>
    </div>`;
  }

  #shown(errors: ModelErrors) {
    const { kl, first, likeliest, likeliestThere } = errors;
    const n = kl.length;
    const mean = kl.reduce((sum, x) => sum + x, 0) / n;
    const worst = kl.indexOf(Math.max(...kl));
    const same = likeliest.filter(({ id }, i) => id === likeliestThere[i]!.id).length;
    const at = Math.max(0, Math.min(n - 1, this.position - first));
    return html`
      <p role="status">
        ${
          this.#comparison.isOfBefore(errors)
            ? html`<b>The run has been computed anew since.</b>`
            : nothing
        }
        The likeliest next token is the same behind <b class="mono">${same} of ${n}</b> tokens.
        KL(reference‖loaded): mean <b class="mono">${value(mean)}</b> nats, most
        <b class="mono">${value(kl[worst]!)}</b> behind
        <span class="mono">${labelAt(errors, worst)}</span>.
      </p>
      <ni-step-chart
        name="KL divergence of the loaded model from the reference"
        unit="nats"
        .values=${kl}
        .labels=${Array.from(kl, (_, i) => `behind ${labelAt(errors, i)}`)}
        @step-choice=${({ detail }: CustomEvent<number>) =>
          this.run.select({ position: first + detail })}
      ></ni-step-chart>
      <p>
        ‖x − x_ref‖ / ‖x_ref‖ of the residual stream behind each layer, at
        <span class="mono">${labelAt(errors, at)}</span>:
      </p>
      <ni-step-chart
        name="Error of the residual stream"
        unit="%"
        .values=${errors.layers[at]!.map((error) => 100 * error)}
        .labels=${Array.from(errors.layers[at]!, (_, layer) => `L.${layer}.resid_post`)}
        @step-choice=${({ detail }: CustomEvent<number>) => this.run.select({ layer: detail })}
      ></ni-step-chart>
      <ni-numbers label="Tokens in numbers" .table=${() => tokenTable(errors)}></ni-numbers>
      <ni-numbers label="Layers in numbers" .table=${() => layerTable(errors, at)}></ni-numbers>
    `;
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
        overflow-wrap: anywhere;
      }
      button {
        margin-bottom: 0.5rem;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem 0.8rem;
        margin-bottom: 0.5rem;
        font-size: 12px;
      }
      progress {
        flex: 1 1 6rem;
        min-width: 4rem;
        max-width: 16rem;
      }
      .row button {
        margin: 0;
      }
      .soft {
        color: var(--ink-soft);
      }
    `,
  ];
}

function labelAt({ tokens, first }: ModelErrors, i: number): string {
  return tokenLabel(first + i, tokens[first + i]!.bytes);
}

function tokenTable(errors: ModelErrors): DataTable {
  const { kl, layers, likeliest, likeliestThere } = errors;
  return {
    caption: `What each token leads to, in both; the reference is ${errors.reference.name}`,
    corner: 'Token',
    columns: [
      { label: 'KL(reference‖loaded)', unit: 'nats' },
      { label: 'likeliest next' },
      { label: 'in the reference' },
      { label: 'error behind the last layer' },
    ],
    rows: Array.from(kl, (nats, i) => ({
      head: labelAt(errors, i),
      cells: [
        nats,
        visibleText(likeliest[i]!.bytes),
        visibleText(likeliestThere[i]!.bytes),
        layers[i]!.at(-1)!,
      ],
    })),
  };
}

function layerTable(errors: ModelErrors, at: number): DataTable {
  const { layers } = errors;
  const n = layers.length;
  return {
    caption: '‖x − x_ref‖ / ‖x_ref‖ of the residual stream behind each layer',
    corner: 'Layer',
    columns: [{ label: `at ${labelAt(errors, at)}` }, { label: `root mean square of ${n} tokens` }],
    rows: Array.from(layers[at]!, (error, layer) => ({
      head: String(layer),
      cells: [error, Math.hypot(...layers.map((each) => each[layer]!)) / Math.sqrt(n)],
    })),
  };
}

customElements.define('ni-model-errors', NiModelErrors);

declare global {
  interface HTMLElementTagNameMap {
    'ni-model-errors': NiModelErrors;
  }
}
