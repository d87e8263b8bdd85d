import { css, html, LitElement, nothing } from 'lit';
import { controls } from '../shared-styles.ts';
import './ni-data-table.ts';
import type { DataTable } from './ni-data-table.ts';

/** A table that is made only where it is opened. */
export class NiNumbers extends LitElement {
  static override properties = {
    label: { type: String },
    table: { attribute: false },
    open: { state: true },
  };
  declare label: string;
  declare table: () => DataTable;
  declare open: boolean;

  constructor() {
    super();
    this.open = false;
  }

  override render() {
    const toggle = (event: Event) => (this.open = (event.target as HTMLDetailsElement).open);
    return html`<details @toggle=${toggle}>
      <summary>${this.label}</summary>
      ${this.open ? html`<ni-data-table .data=${this.table()}></ni-data-table>` : nothing}
    </details>`;
  }

  static override styles = [
    controls,
    css`
      summary {
        margin: 0.3rem 0;
        cursor: pointer;
      }
    `,
  ];
}

customElements.define('ni-numbers', NiNumbers);

declare global {
  interface HTMLElementTagNameMap {
    'ni-numbers': NiNumbers;
  }
}
