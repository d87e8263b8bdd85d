import { css, html, LitElement, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { editWords } from '../../draw/edit-words.ts';
import type { Edit } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { RunWatch } from './run-watch.ts';

/** The edits in force that are a panel's concern, each to be undone, and what was run again for them. */
export class NiPanelEdits extends LitElement {
  static override properties = { run: { attribute: false }, concerns: { attribute: false } };
  declare run: LabRun;
  declare concerns: (edit: Edit) => boolean;

  constructor() {
    super();
    new RunWatch(this);
  }

  override render() {
    const { run } = this;
    const shown = run.edits.filter(this.concerns);
    return html`
      ${
        shown.length === 0
          ? nothing
          : html`<ul aria-label="Edits in force">
              ${shown.map(
                (edit) =>
                  html`<li>
                    <span class="mono">${editWords(edit)}</span>
                    <button
                      class="plain"
                      ?disabled=${run.recorded !== null}
                      aria-label="Undo: ${editWords(edit)}"
                      @click=${() => void this.#undo(edit)}
                    >
                      Undo
                    </button>
                  </li>`,
              )}
            </ul>`
      }
      <p role="status">${run.note}</p>
    `;
  }

  #undo(edit: Edit) {
    return this.run.setEdits((edits) => edits.filter((other) => other !== edit));
  }

  static override styles = [
    controls,
    css`
      ul {
        margin: 0;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem;
        padding-left: 0.5rem;
        border-left: 3px solid var(--signal);
        font-size: 12px;
      }
      li span {
        overflow-wrap: anywhere;
      }
      p {
        margin: 0.2rem 0 0;
        font-size: 12px;
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-panel-edits', NiPanelEdits);

declare global {
  interface HTMLElementTagNameMap {
    'ni-panel-edits': NiPanelEdits;
  }
}
