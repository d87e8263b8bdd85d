import { css, html, LitElement } from 'lit';
import { dialog, dialogStyles, showDialog } from '../dialog.ts';
import { labKeys } from './keys.ts';

/** The list of the lab's keys. */
export class NiKeys extends LitElement {
  show() {
    showDialog(this.renderRoot);
  }

  override render() {
    return dialog(
      'Keys',
      html`
        <dl>
          ${labKeys.map(
            ({ shown, words }) =>
              html`<div>
                <dt>${shown.map((key) => html`<kbd>${key}</kbd>`)}</dt>
                <dd>${words}</dd>
              </div>`,
          )}
        </dl>
        <p>Fields keep their keys while you write in them.</p>
      `,
    );
  }

  static override styles = [
    dialogStyles,
    css`
      dl {
        margin: 0.6rem 0 0;
        font-size: 13.5px;
      }
      div {
        display: grid;
        grid-template-columns: 9.5rem 1fr;
        align-items: baseline;
        padding: 0.28rem 0;
        border-top: 1px solid var(--line);
      }
      dd {
        margin: 0;
      }
      @media (max-width: 480px) {
        div {
          grid-template-columns: 6.5rem 1fr;
        }
      }
      kbd {
        display: inline-block;
        margin: 0 0.3rem 0.15rem 0;
        padding: 0.1rem 0.4rem;
        font: 12px/1.4 var(--mono);
        background: var(--well);
        border-radius: 4px;
      }
      p {
        margin: 0.6rem 0 0;
        font-size: 12.5px;
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-keys', NiKeys);

declare global {
  interface HTMLElementTagNameMap {
    'ni-keys': NiKeys;
  }
}
