import { css, html, LitElement } from 'lit';
import { dialog, dialogStyles, showDialog } from '../dialog.ts';
import { panels, type PanelEntry } from './panels.ts';

/**
 * All panels there are, to be opened and closed.
 * @fires toggle-panel - detail: PanelEntry
 */
export class NiPanelList extends LitElement {
  static override properties = { open: { attribute: false } };
  declare open: readonly PanelEntry[];

  constructor() {
    super();
    this.open = [];
  }

  show() {
    showDialog(this.renderRoot);
  }

  override render() {
    return dialog(
      'Panels',
      html`
        <ul>
          ${panels.map(
            (entry) =>
              html`<li>
                <label>
                  <input
                    type="checkbox"
                    .checked=${this.open.includes(entry)}
                    @change=${() => this.#toggle(entry)}
                  />
                  <strong>${entry.title}</strong>
                  <span>${entry.about}</span>
                </label>
              </li>`,
          )}
        </ul>
      `,
    );
  }

  #toggle(detail: PanelEntry) {
    this.dispatchEvent(new CustomEvent('toggle-panel', { detail }));
  }

  static override styles = [
    dialogStyles,
    css`
      ul {
        margin: 0.6rem 0 0;
        padding: 0;
        list-style: none;
        font-size: 13.5px;
        line-height: 1.4;
      }
      li {
        border-top: 1px solid var(--line);
      }
      label {
        display: grid;
        grid-template-columns: auto 7.5rem 1fr;
        align-items: baseline;
        gap: 0 0.6rem;
        padding: 0.45rem 0;
        cursor: pointer;
      }
      span {
        color: var(--ink-soft);
      }
      @media (max-width: 480px) {
        label {
          grid-template-columns: auto 1fr;
        }
        span {
          grid-column: 2;
        }
      }
      strong {
        font-weight: 600;
        color: var(--ink);
      }
    `,
  ];
}

customElements.define('ni-panel-list', NiPanelList);

declare global {
  interface HTMLElementTagNameMap {
    'ni-panel-list': NiPanelList;
  }
}
