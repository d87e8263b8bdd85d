import { css, html, LitElement } from 'lit';
import { bitsPerWeight, type MatrixInfo, sumsByType } from '../../client/matrices.ts';
import { bytes, count, value } from '../../draw/format.ts';
import type { ModelInfo } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';

/**
 * All matrices of a model with their types and bits per weight.
 * @fires pick - detail: MatrixInfo
 */
export class NiTensorList extends LitElement {
  static override properties = {
    matrices: { attribute: false },
    info: { attribute: false },
    chosen: { attribute: false },
  };
  declare matrices: readonly MatrixInfo[];
  declare info: ModelInfo;
  declare chosen: MatrixInfo;

  /** Roles are spelled out: where it is narrow a row is a grid, which would take them away. */
  override render() {
    const { info } = this;
    const sums = sumsByType(this.matrices, info);
    const whole = {
      bytes: sums.reduce((sum, one) => sum + one.bytes, 0),
      nIn: sums.reduce((sum, one) => sum + one.weights, 0),
      nOut: 1,
    };
    const inFile = Object.entries(info.types).map(([type, n]) => `${n} ${type}`);
    return html`
      <p>
        Matrices: ${sums.map(sumWords).join('; ')}. All:
        <b>${value(bitsPerWeight(whole), 3)}</b> bits a weight. The file’s tensors, vectors
        included: ${inFile.join(', ')}.
      </p>
      <div class="scroll scrolls" tabindex="0" role="region" aria-label="Matrices">
        <table role="table">
          <thead>
            <tr role="row">
              <th scope="col" role="columnheader">Matrix</th>
              <th scope="col" role="columnheader">Layer</th>
              <th scope="col" role="columnheader">Rows × columns</th>
              <th scope="col" role="columnheader">Type</th>
              <th scope="col" role="columnheader">Bits a weight</th>
              <th scope="col" role="columnheader">Bytes</th>
            </tr>
          </thead>
          <tbody>
            ${this.matrices.map((matrix) => this.#row(matrix))}
          </tbody>
        </table>
      </div>
    `;
  }

  #row(matrix: MatrixInfo) {
    const { op, name, layer, type, nIn, nOut } = matrix;
    const chosen = op === this.chosen.op;
    const shared = this.info.tied_head && name === 'output';
    return html`<tr role="row" class=${chosen ? 'chosen' : ''}>
      <th scope="row" role="rowheader">
        <button
          class="plain"
          aria-pressed=${chosen ? 'true' : 'false'}
          aria-label="Look at ${name}${layer < 0 ? '' : ` of layer ${layer}`}"
          @click=${() => this.dispatchEvent(new CustomEvent('pick', { detail: matrix }))}
        >
          ${name}
        </button>
      </th>
      <td role="cell">${layer < 0 ? '' : layer}</td>
      <td role="cell">${count(nOut)} × ${count(nIn)}</td>
      <td role="cell">${type}</td>
      <td role="cell">${value(bitsPerWeight(matrix), 3)}</td>
      <td role="cell">${shared ? 'the embedding’s' : count(matrix.bytes)}</td>
    </tr>`;
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0 0 0.4rem;
        font-size: 12px;
      }
      .scroll {
        max-height: 14rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      table {
        border-collapse: collapse;
        width: 100%;
        font: 12px/1.4 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0 0.5rem;
        text-align: right;
        font-weight: 400;
        white-space: nowrap;
      }
      thead th {
        position: sticky;
        top: 0;
        padding-block: 0.3rem;
        color: var(--ink-soft);
        background: var(--panel);
      }
      th:first-child {
        text-align: left;
      }
      button.plain {
        min-height: 1.5rem;
        padding: 0.1rem 0.3rem;
        font: inherit;
        color: inherit;
      }
      .chosen {
        background: var(--accent-wash);
      }
      @container (max-width: 26rem) {
        tr {
          display: grid;
          grid-template-columns: minmax(0, 1fr) 4.5rem 8rem;
          align-items: baseline;
          padding-bottom: 0.25rem;
        }
        thead {
          position: sticky;
          top: 0;
          background: var(--panel);
        }
        thead th {
          position: static;
          padding-block: 0.1rem;
          white-space: normal;
        }
        tbody tr {
          border-top: 1px solid var(--line);
        }
        th:nth-child(4),
        td:nth-child(4) {
          padding-left: 0.8rem;
          text-align: left;
        }
      }
    `,
  ];
}

function sumWords({ type, matrices, weights, bytes: size }: ReturnType<typeof sumsByType>[0]) {
  return `${matrices} ${type}, ${count(weights)} weights in ${bytes(size)}`;
}

customElements.define('ni-tensor-list', NiTensorList);

declare global {
  interface HTMLElementTagNameMap {
    'ni-tensor-list': NiTensorList;
  }
}
