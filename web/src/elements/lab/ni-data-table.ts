import { css, html, LitElement, nothing } from 'lit';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';

const rowsPerPage = 100;
const digits = 6;

/** A panel's numbers: what its picture shows, to be read, scrolled by keyboard, and copied. */
export interface DataTable {
  /** What the numbers are: the tap's name, and of what. */
  caption: string;
  /** Of the column of row headings. */
  corner: string;
  columns: readonly { label: string; unit?: string }[];
  rows: readonly { head: string; cells: readonly (number | string)[] }[];
}

/** Shows a DataTable, a hundred rows at a time; numbers with six digits, copied with all of them. */
export class NiDataTable extends LitElement {
  static override properties = {
    data: { attribute: false },
    page: { state: true },
    copied: { state: true },
  };
  declare data: DataTable;
  declare page: number;
  declare copied: string;

  constructor() {
    super();
    this.page = 0;
    this.copied = '';
  }

  protected override willUpdate(changed: Map<string, unknown>) {
    if (!changed.has('data')) return;
    this.page = Math.max(0, Math.min(this.page, this.#pages - 1));
    this.copied = '';
  }

  get #pages(): number {
    return Math.ceil(this.data.rows.length / rowsPerPage);
  }

  override render() {
    const { caption, corner, columns, rows } = this.data;
    const first = this.page * rowsPerPage;
    const shown = rows.slice(first, first + rowsPerPage);
    return html`
      <div class="scroll scrolls" tabindex="0" role="region" aria-label="Table: ${caption}">
        <table>
          <caption>
            ${caption}
          </caption>
          <thead>
            <tr>
              <th scope="col">${corner}</th>
              ${columns.map(
                ({ label, unit }) => html`<th scope="col">${label}${unitText(unit)}</th>`,
              )}
            </tr>
          </thead>
          <tbody>
            ${shown.map(
              ({ head, cells }) =>
                html`<tr>
                  <th scope="row">${head}</th>
                  ${cells.map((cell) => html`<td>${cellText(cell)}</td>`)}
                </tr>`,
            )}
          </tbody>
        </table>
      </div>
      <div class="actions">
        ${this.#pages > 1 ? this.#pager(first, first + shown.length) : nothing}
        <button class="plain" @click=${() => void this.#copy()}>Copy as TSV</button>
        <span role="status">${this.copied}</span>
      </div>
    `;
  }

  #pager(first: number, end: number) {
    return html`
      <button class="plain" ?disabled=${this.page === 0} @click=${() => (this.page -= 1)}>
        Rows before
      </button>
      <span class="mono">${first} to ${end - 1} of ${this.data.rows.length}</span>
      <button
        class="plain"
        ?disabled=${this.page === this.#pages - 1}
        @click=${() => (this.page += 1)}
      >
        Rows after
      </button>
    `;
  }

  async #copy() {
    const { corner, columns, rows } = this.data;
    const lines = [
      [corner, ...columns.map(({ label, unit }) => `${label}${unitText(unit)}`)],
      ...rows.map(({ head, cells }) => [head, ...cells.map(String)]),
    ];
    const plain = (text: string) => text.replace(/[\t\n\r]/g, ' ');
    const text = lines.map((line) => line.map(plain).join('\t')).join('\n');
    try {
      await navigator.clipboard.writeText(text);
      this.copied = `${rows.length} rows copied`;
    } catch {
      this.copied = 'This browser does not let the page copy.';
    }
  }

  static override styles = [
    controls,
    css`
      .scroll {
        max-height: 24rem;
        overflow: auto;
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      table {
        border-collapse: collapse;
        font: 12px/1.4 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      caption {
        position: sticky;
        left: 0;
        padding: 0.3rem 0.5rem;
        text-align: left;
        color: var(--ink-soft);
        width: max-content;
      }
      th,
      td {
        padding: 0.15rem 0.5rem;
        text-align: right;
        white-space: pre;
        border-top: 1px solid var(--line);
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--panel);
        font-weight: 400;
        color: var(--ink-soft);
      }
      tr > th:first-child {
        position: sticky;
        left: 0;
        background: var(--panel);
        text-align: left;
        font-weight: 400;
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem;
        margin-top: 0.3rem;
        font-size: 12px;
        color: var(--ink-soft);
      }
    `,
  ];
}

/** The schema's '1' is a number without a unit. */
function unitText(unit: string | undefined): string {
  return unit === undefined || unit === '1' ? '' : ` (${unit})`;
}

function cellText(cell: number | string): string {
  if (typeof cell !== 'number') return cell;
  // Bytes and addresses are read as whole numbers, however large.
  return Number.isInteger(cell) ? String(cell) : value(cell, digits);
}

customElements.define('ni-data-table', NiDataTable);

declare global {
  interface HTMLElementTagNameMap {
    'ni-data-table': NiDataTable;
  }
}
