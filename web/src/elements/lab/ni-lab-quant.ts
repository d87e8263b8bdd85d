import { css, html, nothing } from 'lit';
import { matrixBlock, matrixRow } from '../../client/cached-reads.ts';
import { EngineError } from '../../client/errors.ts';
import { keptPositions } from '../../client/lab-kept.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { bitsPerWeight, matricesOf, type MatrixInfo } from '../../client/matrices.ts';
import { residualTaps } from '../../client/model-errors.ts';
import { type OutputErrors, outputErrors } from '../../client/output-errors.ts';
import {
  type Comparison,
  compareWithReference,
  type SampledRows,
} from '../../client/reference-errors.ts';
import { partsOf, partValue } from '../../draw/block-parts.ts';
import { value } from '../../draw/format.ts';
import { visibleText } from '../../draw/token-label.ts';
import type { MatrixBlock, ReferenceFile } from '../../protocol.ts';
import { typed } from '../typed.ts';
import { LabPanel, type Missing } from './lab-panel.ts';
import './ni-block-bits.ts';
import './ni-block-errors.ts';
import type { BlockPlace } from './ni-block-errors.ts';
import './ni-code-flip.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-histogram.ts';
import './ni-model-errors.ts';
import './ni-output-errors.ts';
import './ni-tensor-list.ts';
import './ni-vector.ts';
import './ni-weight-errors.ts';
import { tapsOf } from './op-taps.ts';

interface View {
  matrices: readonly MatrixInfo[];
  matrix: MatrixInfo;
  row: number;
  /** What the row stands for, where rows are tokens. */
  token: string;
  /** (nIn) the whole row. */
  values: Float32Array;
  /** Counted in blocks; of floats, which have none, in groups. */
  blockAt: number;
  blocks: number;
  /** Elements a block. */
  width: number;
  /** Of the block, chosen. */
  element: number;
  /** Of floats: the element alone. */
  block: MatrixBlock;
  /** The same row in another file, or why there is none. */
  compared: Comparison | EngineError | null;
  /** null: no reference is open. */
  reference: ReferenceFile | null;
  /** Where they can be compared. */
  product: Product | null;
}

/** A matrix's rows, and their product, against the reference's. */
interface Product {
  sampled: SampledRows;
  /** (rows) what the rows that are compared are called. */
  names: readonly string[];
  position: number;
  /** null: its rows are looked up and not multiplied. */
  errors: OutputErrors | null;
  /** Taps that are not there, without which there are no errors. */
  missing: readonly Missing[];
}

/** Floats have no blocks: so many are shown at once. */
const floatGroup = 32;

/** How weights are stored: a block bit by bit, a row's values, every matrix's type. */
export class NiLabQuant extends LabPanel<View> {
  #row = 0;
  #block = 0;
  #element = 0;

  protected override async read(run: LabRun): Promise<View> {
    const matrices = matricesOf(run.ops, run.model!.info);
    // The op looked at, or the last before it that has a matrix.
    const matrix = matrices.findLast(({ op }) => op <= run.selection.op) ?? matrices[0]!;
    const { op, nIn, nOut } = matrix;
    const row = Math.min(this.#row, nOut - 1);
    const values = await matrixRow(run, op, row);
    const first = await matrixBlock(run, op, row, 0);
    const isFloat = first.values.length === 1;
    const width = isFloat ? Math.min(floatGroup, nIn) : first.values.length;
    const blocks = Math.ceil(nIn / width);
    const blockAt = Math.min(this.#block, blocks - 1);
    const element = Math.min(this.#element, width - 1, nIn - blockAt * width - 1);
    const block = await matrixBlock(run, op, row, isFloat ? blockAt * width + element : blockAt);
    const token = nOut === run.model!.info.n_vocab ? await this.#tokenOf(run, row) : '';
    const compared = await compareWithReference(run, matrix, row).catch((thrown: unknown) =>
      EngineError.from(thrown),
    );
    return {
      matrices,
      matrix,
      row,
      token,
      values,
      blockAt,
      blocks,
      width,
      element,
      block,
      compared,
      reference: await run.trace.reference(),
      product:
        compared && !(compared instanceof EngineError)
          ? await this.#product(run, matrix, compared)
          : null,
    };
  }

  async #product(run: LabRun, matrix: MatrixInfo, { sampled }: Comparison): Promise<Product> {
    const { position } = run.selection;
    const names = await this.#namesOf(run, matrix, sampled.rows);
    const { inputs, output } = tapsOf(run, matrix.op);
    const [input] = inputs;
    if (input === undefined) return { sampled, names, position, errors: null, missing: [] };
    const missing = this.missing([input, output].map((tap) => ({ tap, position })));
    if (missing.length > 0) return { sampled, names, position, errors: null, missing };
    const errors = await outputErrors(run, matrix, { input, output }, position, sampled);
    return { sampled, names, position, errors, missing };
  }

  /** Rows of the vocabulary carry their token. */
  async #namesOf(run: LabRun, { nOut }: MatrixInfo, rows: readonly number[]): Promise<string[]> {
    if (nOut !== run.model!.info.n_vocab) return rows.map(String);
    const pieces = await run.pieces(rows);
    return rows.map((id) => `${id} ${visibleText(pieces.get(id)!.bytes)}`);
  }

  async #tokenOf(run: LabRun, id: number): Promise<string> {
    return visibleText((await run.pieces([id])).get(id)!.bytes);
  }

  protected override lead({ matrix, block, width }: View) {
    const isFloat = block.values.length === 1;
    return html`
      ${
        isFloat
          ? html`${matrix.type}: each weight is a number of its own, in
            ${value(bitsPerWeight(matrix), 3)} bits.`
          : html`${matrix.type}: ${width} weights share ${block.bytes.length} bytes, scales
            included: ${value(bitsPerWeight(matrix), 3)} bits a weight.`
      }
    `;
  }

  protected override draw(view: View) {
    const { matrix, block, width, element, blockAt, values } = view;
    const isFloat = block.values.length === 1;
    return html`
      ${this.#choices(view)}
      <ni-vector
        name="w"
        .values=${values.subarray(blockAt * width, (blockAt + 1) * width)}
        .at=${element}
        @pick=${(event: CustomEvent<number>) => this.#look({ element: event.detail })}
      ></ni-vector>
      <p class="soft small">
        ${isFloat ? 'Weights' : 'The block’s weights'} ${blockAt * width} to
        ${Math.min(values.length, (blockAt + 1) * width) - 1} of the row. Choose one: its bits are
        below.
      </p>
      <ni-block-bits .block=${block} .element=${element}></ni-block-bits>
      <p class="soft small">${gridWords(block, element)}</p>
      <ni-code-flip
        .run=${this.run}
        .matrix=${matrix}
        .block=${block}
        .element=${element}
        .column=${blockAt * width + element}
      ></ni-code-flip>
      <h2>The row</h2>
      <ni-histogram label="Weights of the row" .values=${values}></ni-histogram>
      <ni-weight-errors
        .run=${this.run}
        .values=${values}
        .first=${blockAt * width}
        .end=${Math.min(values.length, (blockAt + 1) * width)}
        .element=${element}
        .compared=${view.compared}
        @open=${() => this.readAgain()}
        @pick=${(event: CustomEvent<number>) => this.#look({ element: event.detail })}
      ></ni-weight-errors>
      ${this.#errors(view)} ${view.reference ? this.#model(view.reference) : nothing}
      <h2>Every matrix</h2>
      <ni-tensor-list
        .matrices=${view.matrices}
        .info=${this.run.model!.info}
        .chosen=${matrix}
        @pick=${(event: CustomEvent<MatrixInfo>) => this.#choose(event.detail)}
      ></ni-tensor-list>
    `;
  }

  #errors({ product, matrix, width }: View) {
    if (!product) return nothing;
    const { sampled, names, position, errors, missing } = product;
    return html`
      <ni-block-errors
        .sampled=${sampled}
        .names=${names}
        .nIn=${matrix.nIn}
        .nOut=${matrix.nOut}
        .width=${width}
        @pick=${(event: CustomEvent<BlockPlace>) => this.#look(event.detail)}
      ></ni-block-errors>
      <section aria-label="Error of the output">
        <h2>Error of the output</h2>
        ${
          errors
            ? html`<ni-output-errors
                .errors=${errors}
                .names=${names}
                .nOut=${matrix.nOut}
                .token=${this.tokenAt(position)}
                ?edited=${this.run.edits.length > 0}
              ></ni-output-errors>`
            : missing.length > 0
              ? this.absent(missing)
              : html`<p class="soft small">
                  Rows of this matrix are looked up and not multiplied: a token’s output is its row,
                  and errs as the row does.
                </p>`
        }
      </section>
    `;
  }

  #model(reference: ReferenceFile) {
    const { run } = this;
    const { first, end } = keptPositions(run);
    const needs = end > 0 ? residualTaps(run).map((tap) => ({ tap, position: end - 1 })) : [];
    const missing = this.missing(needs);
    return html`<section aria-label="The whole model">
      <h2>The whole model</h2>
      ${
        missing.length > 0
          ? this.absent(missing)
          : html`<ni-model-errors
              .run=${run}
              .reference=${reference}
              .position=${run.selection.position}
              .nComputed=${end - first}
            ></ni-model-errors>`
      }
    </section>`;
  }

  #choose({ op, layer }: MatrixInfo) {
    this.run.select({ op, ...(layer >= 0 ? { layer } : {}) });
  }

  #look({ row = this.#row, block = this.#block, element = this.#element }) {
    this.#row = row;
    this.#block = block;
    this.#element = element;
    this.readAgain();
  }

  #choices({ matrix, row, token, blockAt, blocks, block }: View) {
    const { name, layer, nOut } = matrix;
    const choices = html`<div class="row">
      <b class="mono">${name}${layer < 0 ? '' : `, layer ${layer}`}</b>
      ${this.#number('Row', row, nOut, (at) => this.#look({ row: at }))}
      ${token ? html`<span class="mono soft">${token}</span>` : nothing}
      ${this.#number(block.values.length === 1 ? 'Group' : 'Block', blockAt, blocks, (at) =>
        this.#look({ block: at }),
      )}
    </div>`;
    if (!this.run.recorded) return choices;
    return html`<fieldset disabled style="display: contents">${choices}</fieldset>
      <p class="soft">The recording holds the first block of row 0. The model has them all.</p>`;
  }

  #number(label: string, at: number, size: number, look: (at: number) => void) {
    const change = (event: Event) => {
      const { valueAsNumber } = event.target as HTMLInputElement;
      if (Number.isInteger(valueAsNumber)) look(Math.max(0, Math.min(size - 1, valueAsNumber)));
      else this.requestUpdate();
    };
    return html`<label>
      ${label}
      <input type="number" min="0" max=${size - 1} .value=${typed(String(at))} @change=${change} />
      <span class="soft">of ${size}</span>
    </label>`;
  }

  // ---- the same in numbers

  protected override table(view: View): DataTable {
    const { matrix, row, block, blockAt, width, values, compared } = view;
    const reference = compared instanceof EngineError ? null : compared;
    const first = blockAt * width;
    const size = Math.min(width, values.length - first);
    const isFloat = block.values.length === 1;
    const names = isFloat ? [] : partsOf(block.type, 0).map(({ name }) => name);
    return {
      caption: `${matrix.name} (${matrix.type}), row ${row}, block ${blockAt}`,
      corner: 'Weight',
      columns: [
        ...names.map((label) => ({ label })),
        { label: 'value' },
        ...(reference ? [{ label: 'reference' }, { label: 'error' }] : []),
      ],
      rows: Array.from({ length: size }, (_, at) => {
        const weight = values[first + at]!;
        const parts = isFloat ? [] : partsOf(block.type, at);
        const exact = reference?.row[first + at];
        return {
          head: String(first + at),
          cells: [
            ...parts.map((part) => partValue(part, block.bytes)),
            weight,
            ...(exact === undefined ? [] : [exact, weight - exact]),
          ],
        };
      }),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      label input {
        width: 5.5rem;
      }
      .small {
        font-size: 12px;
      }
      h2 {
        margin: 0.8rem 0 0.3rem;
      }
    `,
  ];
}

/** Neighbouring codes lie this far apart. */
function gridWords({ type, bytes, d, values }: MatrixBlock, element: number) {
  if (values.length === 1) return '';
  const scale = partsOf(type, element).find(({ kind }) => kind === 'signed' && type === 'Q6_K');
  const step = Math.abs(d[Math.floor(element / 32)]! * (scale ? partValue(scale, bytes) : 1));
  return html`
    The codes of this weight lie ${value(step)} apart: a number between two of them is at most
    ${value(step / 2)} from the nearer.
  `;
}

customElements.define('ni-lab-quant', NiLabQuant);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-quant': NiLabQuant;
  }
}
