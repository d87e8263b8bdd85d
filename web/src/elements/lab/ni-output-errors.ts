import { css, html, LitElement, type PropertyValues } from 'lit';
import { type OutputErrors, relativeDistance } from '../../client/output-errors.ts';
import { rowsCompared } from '../../draw/errors.ts';
import { percent } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-numbers.ts';
import './ni-vector.ts';

/** A product as the engine left it against that of the reference's weights, row by row. */
export class NiOutputErrors extends LitElement {
  static override properties = {
    errors: { attribute: false },
    names: { attribute: false },
    nOut: { attribute: false },
    token: { attribute: false },
    edited: { type: Boolean },
    at: { state: true },
  };
  declare errors: OutputErrors;
  /** (rows) what the rows that were compared are called. */
  declare names: readonly string[];
  declare nOut: number;
  /** The one at whose position the product is. */
  declare token: string;
  /** Edits are in force. */
  declare edited: boolean;
  /** Of the rows that were compared, the one chosen. */
  declare at: number;

  constructor() {
    super();
    this.edited = false;
    this.at = 0;
  }

  protected override willUpdate(changed: PropertyValues<this>) {
    if (changed.has('errors')) this.at = Math.min(this.at, this.errors.rows.length - 1);
  }

  override render() {
    const { engine, stored, exact, input, output, bias, rows } = this.errors;
    const part = (a: Float64Array, b: Float64Array) =>
      html`<b class="mono">${percent(relativeDistance(a, b, exact))}</b>`;
    return html`
      <p>
        y = W x at token <span class="mono">${this.token}</span>: x is
        <span class="mono">${input}</span>, y is <span class="mono">${output}</span> as the engine
        left ${bias ? html`it less <span class="mono">${bias}</span>` : 'it'}. y_ref = W_ref x is
        added up in double precision with the engine’s x, for
        ${rowsCompared(rows.length, this.nOut)} rows: what is left between them is the rounding of
        the weights, and what the engine rounds of x and in its float32
        sums.${this.edited ? ' An edit of y is not in y_ref.' : ''}
      </p>
      <p>
        ‖y − y_ref‖ / ‖y_ref‖ = ${part(engine, exact)}. The weights alone, ‖W x − W_ref x‖ /
        ‖y_ref‖: ${part(stored, exact)}; the engine alone, ‖y − W x‖ / ‖y_ref‖:
        ${part(engine, stored)}.
      </p>
      ${this.#vector('y', engine)} ${this.#vector('y_ref', exact)}
      ${this.#vector(
        '(y − y_ref)',
        engine.map((y, i) => y - exact[i]!),
      )}
      <ni-numbers label="Rows in numbers" .table=${() => this.#table()}></ni-numbers>
    `;
  }

  #vector(name: string, values: Float64Array) {
    return html`<ni-vector
      name=${name}
      .values=${Float32Array.from(values)}
      .at=${this.at}
      .numbers=${this.errors.rows}
      @pick=${(event: CustomEvent<number>) => (this.at = event.detail)}
    ></ni-vector>`;
  }

  #table(): DataTable {
    const { engine, stored, exact, output } = this.errors;
    return {
      caption: `${output} at token ${this.token}`,
      corner: 'Row',
      columns: ['y', 'y_ref', 'y − y_ref', 'W x'].map((label) => ({ label })),
      rows: this.names.map((head, i) => ({
        head,
        cells: [engine[i]!, exact[i]!, engine[i]! - exact[i]!, stored[i]!],
      })),
    };
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('ni-output-errors', NiOutputErrors);

declare global {
  interface HTMLElementTagNameMap {
    'ni-output-errors': NiOutputErrors;
  }
}
