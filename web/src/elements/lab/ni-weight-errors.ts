import { css, html, LitElement, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { LabRun } from '../../client/lab-run.ts';
import type { Comparison } from '../../client/reference-errors.ts';
import { errorsOf } from '../../draw/errors.ts';
import { count, percent, value } from '../../draw/format.ts';
import { errorDetail } from '../ni-notice.ts';
import { controls, fileButton } from '../shared-styles.ts';
import './ni-histogram.ts';
import './ni-vector.ts';

/** No rounding is as wrong as this: the weights are others. */
const otherWeights = 0.7;

const recordedWords = html`<p>
  A recorded run does not hold the weights. Load its model to compare them, and the op’s output,
  with another file.
</p>`;

/**
 * A row of weights against the same row in a file of a higher precision, which can be chosen here.
 * @fires open - another file has been opened to compare with
 * @fires pick - detail: an element of the block
 */
export class NiWeightErrors extends LitElement {
  static override properties = {
    run: { attribute: false },
    values: { attribute: false },
    first: { attribute: false },
    end: { attribute: false },
    element: { attribute: false },
    compared: { attribute: false },
    refusal: { state: true },
    opening: { state: true },
  };
  declare run: LabRun;
  /** (n_in) the row. */
  declare values: Float32Array;
  /** Of it, the block [first, end), and the chosen element of that. */
  declare first: number;
  declare end: number;
  declare element: number;
  /** null: no file is open. An error: this matrix is not to be compared with it. */
  declare compared: Comparison | EngineError | null;
  declare refusal: EngineError | null;
  declare opening: boolean;

  constructor() {
    super();
    this.refusal = null;
    this.opening = false;
  }

  override render() {
    return html`<section aria-label="Error">
      <h2>Error against another file</h2>
      ${this.run.recorded ? recordedWords : this.#shown()}
    </section>`;
  }

  #shown() {
    const { compared, refusal, opening } = this;
    const failure = refusal ?? (compared instanceof EngineError ? compared : null);
    return html`
      ${
        failure
          ? html`<p role="alert">
              ${failure.message} <span class="mono">${errorDetail(failure)}</span>
            </p>`
          : compared === null
            ? html`<p>
                A file holds the stored weights and not those they were made from. Choose a file of
                the same model in a higher precision (F32, F16, Q8_0) as the reference: its header
                is checked, and of its weights only the rows shown here are read. Then each block’s
                error is drawn too, and what the errors do to the op’s output.
              </p>`
            : this.#errors(compared as Comparison)
      }
      <label class="file">
        ${compared === null ? 'Choose a reference file' : 'Choose another reference file'}
        <input type="file" accept=".gguf" ?disabled=${opening} @change=${this.#chosen} />
      </label>
      <span role="status">${opening ? 'Its header is read…' : ''}</span>
    `;
  }

  #errors({ file, name, type, row: exact, sampled }: Comparison) {
    const { values, first, end, element } = this;
    const { errors, rms, relative, most } = errorsOf(values, exact);
    const at = first + element;
    const vector = (label: string, all: Float32Array) =>
      html`<ni-vector
        name=${label}
        .values=${all.subarray(first, end)}
        .at=${element}
        @pick=${(event: CustomEvent<number>) =>
          this.dispatchEvent(new CustomEvent('pick', { detail: event.detail }))}
      ></ni-vector>`;
    return html`
      <p>
        Against <b>${name}</b> (${type}) of ${file.name}. Weight ${at} of the row:
        <span class="mono"
          >${value(values[at]!, 6)} − ${value(exact[at]!, 6)} =
          <b>${value(errors[at]!, 6)}</b></span
        >.
      </p>
      ${vector('reference', exact)} ${vector('error', errors)}
      <p>
        The row: RMS error <b class="mono">${value(rms)}</b>, which is
        <b class="mono">${percent(relative)}</b> of the reference’s own; at most
        <b class="mono">${value(most)}</b>. The matrix, by ${count(sampled.rows.length)} of its
        rows: relative RMS error <b class="mono">${percent(sampled.relative)}</b>, at most
        <b class="mono">${value(sampled.most)}</b>.
      </p>
      ${
        sampled.relative > otherWeights
          ? html`<p role="alert">
              No rounding errs by that much: the two files have the same shape and not the same
              weights.
            </p>`
          : nothing
      }
      <ni-histogram label="Errors of the row" .values=${errors}></ni-histogram>
    `;
  }

  #chosen = async (event: Event) => {
    const input = event.target as HTMLInputElement;
    const [file] = input.files ?? [];
    if (!file) return;
    this.opening = true;
    this.refusal = null;
    try {
      await this.run.trace.openReference(file);
      this.dispatchEvent(new CustomEvent('open'));
    } catch (thrown) {
      this.refusal = EngineError.from(thrown);
    }
    this.opening = false;
    input.value = '';
  };

  static override styles = [
    controls,
    fileButton,
    css`
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
        overflow-wrap: anywhere;
      }
      h2 {
        margin: 0.8rem 0 0.3rem;
      }
    `,
  ];
}

customElements.define('ni-weight-errors', NiWeightErrors);

declare global {
  interface HTMLElementTagNameMap {
    'ni-weight-errors': NiWeightErrors;
  }
}
