import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { ModelComparison, type ModelErrors } from '../../client/model-errors.ts';
import { bytes, value } from '../../draw/format.ts';
import { tokenLabel, visibleText } from '../../draw/token-label.ts';
import type { Edit, ReferenceFile } from '../../protocol.ts';
import { errorDetail } from '../ni-notice.ts';
import { controls, row } from '../shared-styles.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-numbers.ts';
import './ni-step-chart.ts';

const phaseWords = {
  loading: 'The reference is loaded…',
  running: 'The reference runs over the tokens…',
  comparing: 'Both are compared, token by token…',
};

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

  protected override willUpdate(changed: PropertyValues<this>) {
    if (changed.has('reference')) this.#comparison.use(this.reference);
  }

  override render() {
    const { progress, error, errors } = this.#comparison;
    return html`
      <p>
        ${this.reference.name} can run as well, in an engine of its own (it takes
        ${bytes(this.reference.file.size)} of memory meanwhile), over the tokens that are computed:
        what the rounding does to the residual stream behind each layer, and to each prediction.
        ${this.#leftOut()}
      </p>
      ${this.#start()}
      <p role="status">
        ${progress ? phaseWords[progress.doing] : errors ? this.#summary(errors) : nothing}
      </p>
      ${
        error
          ? html`<p role="alert">
              ${error.message} <span class="mono">${errorDetail(error)}</span>
            </p>`
          : nothing
      }
      ${errors ? this.#charts(errors) : nothing}
    `;
  }

  /** What of the run the comparison does not see. */
  #leftOut() {
    const { edits, hooks } = this.run;
    const isBehind = (edit: Edit) =>
      edit.do === 'logit_bias' || ('site' in edit && /^(final_norm|logits)$/.test(edit.site));
    return [
      hooks ? 'Your code takes no part in the reference’s run. ' : '',
      edits.some(isBehind) ? 'Predictions are those before edits of final_norm and logits.' : '',
    ];
  }

  #start() {
    const { nComputed, reference } = this;
    const comparison = this.#comparison;
    const { progress, errors } = comparison;
    const tokens = nComputed === 1 ? '1 token' : `${nComputed} tokens`;
    const again = errors ? 'Run the reference again, on' : 'Run the reference on';
    return html`<div class="row">
      <button
        ?disabled=${nComputed === 0 && !progress}
        @click=${() => (progress ? comparison.stop() : void comparison.start(reference))}
      >
        ${progress ? 'Stop' : `${again} ${tokens}`}
      </button>
      ${
        progress
          ? html`<progress
              max=${progress.of}
              .value=${progress.done}
              aria-label="Run of the reference"
            ></progress>`
          : nothing
      }
    </div>`;
  }

  #summary(errors: ModelErrors) {
    const { kl, likeliest, likeliestThere } = errors;
    const n = kl.length;
    const mean = kl.reduce((sum, x) => sum + x, 0) / n;
    const worst = kl.indexOf(Math.max(...kl));
    const same = likeliest.filter(({ id }, i) => id === likeliestThere[i]!.id).length;
    return html`
      ${
        this.#comparison.isOfBefore(errors)
          ? html`<b>The run has been computed anew since.</b>`
          : nothing
      }
      The likeliest next token is the same behind <b class="mono">${same} of ${n}</b> tokens.
      KL(reference‖loaded): mean <b class="mono">${value(mean)}</b> nats, most
      <b class="mono">${value(kl[worst]!)}</b> behind
      <span class="mono">${labelAt(errors, worst)}</span>.
    `;
  }

  #charts(errors: ModelErrors) {
    const { kl, first } = errors;
    const at = Math.max(0, Math.min(kl.length - 1, this.position - first));
    return html`
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
    row,
    css`
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
        overflow-wrap: anywhere;
      }
      .row {
        font-size: 12px;
      }
      progress {
        flex: 1 1 6rem;
        min-width: 4rem;
        max-width: 16rem;
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
