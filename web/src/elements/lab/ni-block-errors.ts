import { css, html, LitElement, nothing, type PropertyValues } from 'lit';
import type { SampledRows } from '../../client/reference-errors.ts';
import { blockErrors, rowsCompared } from '../../draw/errors.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-heat-map.ts';
import type { Heat } from './ni-heat-map.ts';
import './ni-numbers.ts';

/** What was chosen of a matrix. */
export interface BlockPlace {
  row: number;
  block: number;
}

/**
 * Which blocks of a matrix's rows are how far from the reference.
 * @fires pick - detail: BlockPlace
 */
export class NiBlockErrors extends LitElement {
  static override properties = {
    sampled: { attribute: false },
    names: { attribute: false },
    nOut: { attribute: false },
    nIn: { attribute: false },
    width: { attribute: false },
  };
  declare sampled: SampledRows;
  /** (rows) what the rows that were compared are called. */
  declare names: readonly string[];
  declare nOut: number;
  declare nIn: number;
  /** Weights a block. */
  declare width: number;
  #cells = { blocks: 0, mean: new Float32Array(), most: new Float32Array() };

  protected override willUpdate(changed: PropertyValues<this>) {
    if (!changed.has('sampled') && !changed.has('width')) return;
    this.#cells = blockErrors(this.sampled.errors, this.nIn, this.width);
  }

  override render() {
    const { sampled, nOut, width } = this;
    const { length } = sampled.rows;
    return html`<section aria-label="Error by block">
      <h2>Error by block</h2>
      <p>
        Mean |w − w_ref| of each ${width} weights along a row, in ${rowsCompared(length, nOut)}
        rows${length === nOut ? '' : ', spread evenly'}.
        ${sampled.most === 0 ? 'No weight of them differs.' : 'Enter or a click looks at the block.'}
      </p>
      ${sampled.most === 0 ? nothing : this.#map()}
    </section>`;
  }

  #map() {
    return html`
      <ni-heat-map .heat=${this.#heat()} @pick=${this.#picked}></ni-heat-map>
      <ni-numbers label="Blocks in numbers" .table=${() => this.#table()}></ni-numbers>
    `;
  }

  #heat(): Heat {
    const { names, nIn, width } = this;
    const { blocks, mean, most } = this.#cells;
    return {
      label: 'Mean error of each block',
      rows: names,
      columns: Array.from({ length: blocks }, (_, block) => String(block)),
      rowName: 'row',
      columnName: 'block',
      values: mean,
      scale: { kind: 'sequential', min: 0, max: mean.reduce((a, b) => Math.max(a, b), 0) },
      words: (row, block) => {
        const cell = row * blocks + block;
        const weights = `${block * width} to ${Math.min(nIn, (block + 1) * width) - 1}`;
        return `Row ${names[row]!}, block ${block} (weights ${weights}): mean ${value(mean[cell]!)}, at most ${value(most[cell]!)}.`;
      },
    };
  }

  #picked = ({ detail: [at, block] }: CustomEvent<readonly [number, number]>) => {
    const detail: BlockPlace = { row: this.sampled.rows[at]!, block };
    this.dispatchEvent(new CustomEvent('pick', { detail }));
  };

  #table(): DataTable {
    const { blocks, mean } = this.#cells;
    return {
      caption: 'Mean |w − w_ref| by block',
      corner: 'Row',
      columns: Array.from({ length: blocks }, (_, block) => ({ label: `block ${block}` })),
      rows: this.names.map((head, row) => ({
        head,
        cells: [...mean.subarray(row * blocks, (row + 1) * blocks)],
      })),
    };
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
      }
      h2 {
        margin: 0.8rem 0 0.3rem;
      }
    `,
  ];
}

customElements.define('ni-block-errors', NiBlockErrors);

declare global {
  interface HTMLElementTagNameMap {
    'ni-block-errors': NiBlockErrors;
  }
}
