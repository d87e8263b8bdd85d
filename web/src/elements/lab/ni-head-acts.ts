import { css, html, LitElement } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import type { AttentionRow, Edit } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { engineActs } from './engine-acts.ts';

/** What can be done to one head: zero it, scale it, hide keys from it. */
export class NiHeadActs extends LitElement {
  static override properties = { run: { attribute: false }, row: { attribute: false } };
  declare run: LabRun;
  /** Of the head that is meant. */
  declare row: AttentionRow;

  override render() {
    const { layer, head, position } = this.row;
    const site = `L.${layer}.z`;
    const acts = html`<div role="group" aria-label="Change this head">
      <button @click=${() => this.#add({ do: 'zero', site, head })}>Zero head ${head}</button>
      <form @submit=${this.#scale}>
        <label>Scale it by <input name="by" type="number" step="any" value="2" required /></label>
        <button>Scale</button>
      </form>
      <form @submit=${this.#hide}>
        <label>
          Hide keys <input name="first" type="number" min="0" max=${position} value="0" required />
        </label>
        <label>
          to <input name="last" type="number" min="0" max=${position} value="0" required />
        </label>
        <button>Hide</button>
      </form>
    </div>`;
    return engineActs(this.run, acts);
  }

  #add(edit: Edit) {
    void this.run.setEdits((edits) => [...edits, edit]);
  }

  #scale = (event: SubmitEvent) => {
    event.preventDefault();
    const { layer, head } = this.row;
    this.#add({ do: 'scale', site: `L.${layer}.z`, head, by: numberOf(event, 'by') });
  };

  #hide = (event: SubmitEvent) => {
    event.preventDefault();
    const { layer, head } = this.row;
    const ends = [numberOf(event, 'first'), numberOf(event, 'last')];
    const keys: [number, number] = [Math.min(...ends), Math.max(...ends) + 1];
    this.#add({ do: 'mask', site: `L.${layer}.scores`, head, keys });
  };

  static override styles = [
    controls,
    css`
      div {
        display: flex;
        flex-wrap: wrap;
        gap: 0.5rem 1rem;
        margin-top: 0.7rem;
        padding-top: 0.6rem;
        border-top: 1px solid var(--line);
      }
      form {
        display: flex;
        align-items: center;
        gap: 0.3rem;
      }
      input {
        width: 4.2rem;
        padding: 0.25rem 0.3rem;
      }
    `,
  ];
}

function numberOf(event: SubmitEvent, name: string): number {
  const field = (event.target as HTMLFormElement).elements.namedItem(name);
  return (field as HTMLInputElement).valueAsNumber;
}

customElements.define('ni-head-acts', NiHeadActs);

declare global {
  interface HTMLElementTagNameMap {
    'ni-head-acts': NiHeadActs;
  }
}
