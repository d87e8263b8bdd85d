import { css, html, LitElement } from 'lit';
import { letterKeysAct, setLetterKeysAct } from '../../client/letter-keys.ts';
import { dialog, dialogStyles, showDialog } from '../dialog.ts';
import { isLetterKey, labKeys } from './keys.ts';

/** The list of the lab's keys, and the switch for those of one character. */
export class NiKeys extends LitElement {
  show() {
    showDialog(this.renderRoot);
  }

  override render() {
    return dialog(
      'Keys',
      html`
        <label>
          <input
            type="checkbox"
            .checked=${letterKeysAct()}
            @change=${(event: Event) => this.#switch(event.target as HTMLInputElement)}
          />
          Letters, signs and Space act
        </label>
        <p>
          Switch them off where speech input or a slip of the hand presses them unmeant; keys with a
          name still act, and so do all buttons. Fields keep their keys while you write in them.
        </p>
        <dl>
          ${labKeys.map(
            ({ keys, shown, words }) =>
              html`<div>
                <dt>${shown.map((key, i) => this.#key(key, isLetterKey(keys[i]!)))}</dt>
                <dd>${words}</dd>
              </div>`,
          )}
        </dl>
      `,
    );
  }

  #key(shown: string, isLetter: boolean) {
    return isLetter && !letterKeysAct()
      ? html`<kbd class="off"><s>${shown}</s></kbd>`
      : html`<kbd>${shown}</kbd>`;
  }

  #switch({ checked }: HTMLInputElement) {
    setLetterKeysAct(checked);
    this.requestUpdate();
  }

  static override styles = [
    dialogStyles,
    css`
      dl {
        margin: 0.6rem 0 0;
        font-size: 13.5px;
      }
      dl div {
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
        dl div {
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
      kbd.off {
        color: var(--ink-soft);
      }
      label {
        display: inline-flex;
        align-items: center;
        gap: 0.5rem;
        margin-top: 0.6rem;
        font-size: 13.5px;
        cursor: pointer;
      }
      p {
        margin: 0.2rem 0 0;
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
