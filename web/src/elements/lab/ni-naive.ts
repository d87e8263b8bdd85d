import { css, html, LitElement, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { LabRun } from '../../client/lab-run.ts';
import {
  largestDifference,
  type NaiveResult,
  naiveVersion,
  type OpRows,
} from '../../client/naive-op.ts';
import { value } from '../../draw/format.ts';
import { errorDetail } from '../ni-notice.ts';
import { controls } from '../shared-styles.ts';

/** An op computed by its plain definition, held against what the pass left. */
export class NiNaive extends LitElement {
  static override properties = {
    run: { attribute: false },
    rows: { attribute: false },
    head: { attribute: false },
    open: { state: true },
    result: { state: true },
  };
  declare run: LabRun;
  declare rows: OpRows;
  /** Of attention, the one that is computed. */
  declare head: number;
  declare open: boolean;
  /** null: not asked for, or not there yet. */
  declare result: NaiveResult | EngineError | null;
  #asked = 0;

  constructor() {
    super();
    this.open = false;
    this.result = null;
  }

  protected override willUpdate(changed: Map<string, unknown>) {
    if (!['rows', 'head', 'open'].some((name) => changed.has(name))) return;
    this.result = null;
    if (this.open) void this.#compute(++this.#asked);
  }

  async #compute(nth: number) {
    const result = await naiveVersion(this.run, this.rows, this.head).catch((thrown: unknown) =>
      EngineError.from(thrown),
    );
    if (nth === this.#asked) this.result = result;
  }

  override render() {
    const toggle = (event: Event) => (this.open = (event.target as HTMLDetailsElement).open);
    return html`<details @toggle=${toggle}>
      <summary>The naive version</summary>
      ${this.open ? this.#shown() : nothing}
    </details>`;
  }

  #shown() {
    const { result } = this;
    if (!result) return html`<p role="status">Computing…</p>`;
    if (result instanceof EngineError) {
      return html`<p role="alert">
        ${result.message} <span class="mono">${errorDetail(result)}</span>
      </p>`;
    }
    const { most, element, scale } = largestDifference(result);
    const share = most === 0 ? '' : `, ${value((100 * most) / scale, 2)} % of the largest |y|`;
    return html`
      <p>Computed in the page: ${result.words}</p>
      <p role="status">
        max |naive − engine| = <b class="mono">${value(most)}</b>${
          most === 0 ? ', bit for bit' : `, at element ${element}${share}`
        }
        ${this.run.edits.length > 0 ? '. Edits are not part of the definition.' : ''}
      </p>
    `;
  }

  static override styles = [
    controls,
    css`
      summary {
        cursor: pointer;
        font-weight: 500;
      }
      p {
        margin: 0.4rem 0;
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('ni-naive', NiNaive);

declare global {
  interface HTMLElementTagNameMap {
    'ni-naive': NiNaive;
  }
}
