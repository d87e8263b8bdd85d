import { css, html, LitElement, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { LabRun } from '../../client/lab-run.ts';
import type { MatrixInfo } from '../../client/matrices.ts';
import { flipEdit, missingTaps, tapsAround } from '../../client/weight-flip.ts';
import { flipBit, partsOf, partValue, valueOf } from '../../draw/block-parts.ts';
import { value } from '../../draw/format.ts';
import { cutMiddle, visibleText } from '../../draw/token-label.ts';
import type { Edit, MatrixBlock } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { RunWatch } from './run-watch.ts';

const shown = 5;

/** A flipped bit, and what it has made of the likeliest tokens. */
interface Flip {
  edit: Edit;
  words: string;
  moves: { text: string; before: number; after: number }[];
}

/** Flips a bit of one weight's code and shows the logits move. */
export class NiCodeFlip extends LitElement {
  static override properties = {
    run: { attribute: false },
    matrix: { attribute: false },
    block: { attribute: false },
    element: { type: Number },
    column: { type: Number },
    flip: { state: true },
    problem: { state: true },
  };
  declare run: LabRun;
  declare matrix: MatrixInfo;
  declare block: MatrixBlock;
  /** Of the block, and of the row. */
  declare element: number;
  declare column: number;
  declare flip: Flip | null;
  declare problem: string;

  constructor() {
    super();
    this.flip = null;
    this.problem = '';
    new RunWatch(this);
  }

  override render() {
    const code = partsOf(this.block.type, this.element).find(({ name }) => name === 'code');
    if (!code || !tapsAround(this.matrix)) return nothing;
    return html`<section aria-label="Flip a bit">
      <h2>Flip a bit of the code</h2>
      ${this.#buttons()}
      ${this.problem ? html`<p role="alert">${this.problem}</p>` : this.#outcome()}
    </section>`;
  }

  #buttons() {
    const { run, matrix, block, element } = this;
    if (run.recorded) return html`<p>A recorded run cannot be changed: this needs its model.</p>`;
    if (!run.complete)
      return html`<p>Step to the end of a pass: then there are logits to move.</p>`;
    const missing = missingTaps(run, matrix);
    if (missing.length > 0 && missing.every((tap) => run.keeps(tap))) {
      return html`<p>
        For this, values of every position are needed, and the last ${run.kept?.positions} are kept,
        to save memory. Begin with a shorter text.
      </p>`;
    }
    if (missing.length > 0) {
      return html`<p>For this, ${missing.join(' and ')} must be kept at every position.</p>
        <button @click=${() => void run.keepAlso(missing)}>
          Keep, and compute again from position 0
        </button>`;
    }
    const code = partsOf(block.type, element).find(({ name }) => name === 'code')!;
    const width = code.bits.reduce((sum, { count }) => sum + count, 0);
    const now = partValue(code, block.bytes);
    return html`<div class="bits">
      ${Array.from({ length: width }, (_, i) => {
        const bit = width - 1 - i;
        const other = partValue(code, flipBit(code, block.bytes, bit));
        return html`<button
          aria-label="Flip bit ${bit}"
          title="code ${now} becomes ${other}"
          @click=${() => void this.#try(() => this.#flip(bit))}
        >
          ${(now >> bit) & 1}<small>→ ${other}</small>
        </button>`;
      })}
    </div>`;
  }

  /** The run may be taken elsewhere meanwhile. */
  async #try(action: () => Promise<void>) {
    this.problem = '';
    try {
      await action();
    } catch (thrown) {
      this.problem = EngineError.from(thrown).message;
    }
  }

  async #flip(bit: number) {
    const { run, matrix, block, element, column } = this;
    await this.#undo();
    const parts = partsOf(block.type, element);
    const code = parts.find(({ name }) => name === 'code')!;
    const before = valueOf(block.type, parts, block.bytes);
    const after = valueOf(block.type, parts, flipBit(code, block.bytes, bit));
    const was = await run.client.logits();
    const likeliest = await run.trace.top(shown);
    const edit = await flipEdit(run, matrix, block.row, column, after - before);
    await run.setEdits((edits) => [...edits, edit]);
    if (run.error) return;
    const now = await run.client.logits();
    const pieces = await run.pieces(likeliest.map(({ id }) => id));
    this.flip = {
      edit,
      words: `${matrix.name} of layer ${matrix.layer}, row ${block.row}, column ${column}: ${value(before)} became ${value(after)}`,
      moves: likeliest.map(({ id }) => ({
        text: cutMiddle(visibleText(pieces.get(id)!.bytes), 16),
        before: was[id]!,
        after: now[id]!,
      })),
    };
  }

  async #undo() {
    const { run, flip } = this;
    this.flip = null;
    if (flip) await run.setEdits((edits) => edits.filter((edit) => edit !== flip.edit));
  }

  #outcome() {
    const { flip, run } = this;
    if (!flip || !run.edits.includes(flip.edit)) return nothing;
    return html`<div role="status">
        <p>
          ${flip.words}. Each output of the row has changed by the difference times its input, at
          the ${run.place.end} positions computed so far; what was drawn behind them is forgotten.
        </p>
        <table>
          <thead>
            <tr>
              <th scope="col">Likeliest before</th>
              <th scope="col">logit</th>
              <th scope="col">now</th>
              <th scope="col">moved by</th>
            </tr>
          </thead>
          <tbody>
            ${flip.moves.map(
              ({ text, before, after }) =>
                html`<tr>
                  <th scope="row">${text}</th>
                  <td>${value(before, 6)}</td>
                  <td>${value(after, 6)}</td>
                  <td>${value(after - before, 3)}</td>
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <button @click=${() => void this.#try(() => this.#undo())}>Put the bit back</button>`;
  }

  static override styles = [
    controls,
    css`
      h2 {
        margin: 0.8rem 0 0.3rem;
      }
      p {
        margin: 0 0 0.4rem;
        font-size: 12px;
      }
      .bits {
        display: flex;
        flex-wrap: wrap;
        gap: 3px;
        margin-bottom: 0.4rem;
      }
      .bits button {
        padding: 0.25rem 0.4rem;
        font: 13px/1.2 var(--mono);
      }
      small {
        display: block;
        font-size: 10px;
        color: var(--ink-soft);
      }
      table {
        margin-bottom: 0.4rem;
        border-collapse: collapse;
        font: 12px/1.5 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0 0.9rem 0 0;
        font-weight: 400;
        text-align: right;
      }
      thead th {
        color: var(--ink-soft);
      }
      th:first-child {
        text-align: left;
      }
    `,
  ];
}

customElements.define('ni-code-flip', NiCodeFlip);

declare global {
  interface HTMLElementTagNameMap {
    'ni-code-flip': NiCodeFlip;
  }
}
