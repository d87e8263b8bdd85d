import { css, html, LitElement, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { breakWords } from '../../draw/break-words.ts';
import type { Break } from '../../protocol.ts';
import { dialog, dialogStyles, showDialog } from '../dialog.ts';
import { RunWatch } from './run-watch.ts';

type Kind = 'layer' | 'op' | 'norm';

/** Every tap there is. */
const anywhere = ['embd', 'L.*.*', 'final_norm', 'logits'];
const sentinel: readonly Break[] = anywhere.map((at) => ({ at, when: 'non_finite' }));
const isSentinel = ({ when }: Break) => when === 'non_finite';

/** Where the run stops by itself: a list of conditions, and a form for another one. */
export class NiBreaks extends LitElement {
  static override properties = { run: { attribute: false }, kind: { state: true } };
  declare run: LabRun;
  declare kind: Kind;

  constructor() {
    super();
    this.kind = 'layer';
    new RunWatch(this);
  }

  show() {
    showDialog(this.renderRoot);
  }

  override render() {
    const { run } = this;
    return dialog(
      'Breaks',
      html`
        <p>A run stops by itself where one of these is met, in every pass.</p>
        ${run.plan ? html`${this.#list()} ${this.#form()}` : nothing}
      `,
    );
  }

  #list() {
    const { breaks, ops } = this.run;
    return html`<ul>
      <li>
        <label>
          <input
            type="checkbox"
            .checked=${breaks.some(isSentinel)}
            @change=${this.#watchNumbers}
          />
          when any tap holds a NaN or an infinity
        </label>
      </li>
      ${breaks
        .filter((one) => !isSentinel(one))
        .map((one) => {
          const words = breakWords(one, ops);
          return html`<li>
            <span>${words}</span>
            <button
              class="plain"
              aria-label="Remove: ${words}"
              @click=${() => this.#set((now) => now.filter((other) => other !== one))}
            >
              Remove
            </button>
          </li>`;
        })}
    </ul>`;
  }

  #form() {
    return html`<form @submit=${this.#add}>
      <select
        aria-label="Stop"
        @change=${(event: Event) => (this.kind = (event.target as HTMLSelectElement).value as Kind)}
      >
        <option value="layer">before layer</option>
        <option value="op">before op</option>
        <option value="norm">when the norm of</option>
      </select>
      ${this.#place()}
      ${
        this.kind === 'norm'
          ? html`<label>
              is above
              <input type="number" name="limit" step="any" min="0" required aria-label="Limit" />
            </label>`
          : nothing
      }
      <button class="primary">Add</button>
    </form>`;
  }

  #place() {
    const { kind, run } = this;
    const option = (value: number | string, words: string) =>
      html`<option value=${value}>${words}</option>`;
    if (kind === 'norm') {
      const names = run.plan!.taps.map(({ name }) => name);
      const ofAllLayers = new Set(names.map((name) => name.replace(/^L\.\d+\./, 'L.*.')));
      const patterns = [...ofAllLayers].filter((name) => name.startsWith('L.*.'));
      return html`<select name="at" aria-label="Tap">
        <optgroup label="of any layer">${patterns.map((name) => option(name, name))}</optgroup>
        <optgroup label="one">${names.map((name) => option(name, name))}</optgroup>
      </select>`;
    }
    const places = run.ops.flatMap((op, next) => {
      if (next === 0) return []; // A pass begins there anyway.
      const isFirst = op.layer >= 0 && op.layer !== run.ops[next - 1]!.layer;
      if (kind === 'layer') return isFirst ? [option(next - 1, `${op.layer}`)] : [];
      const layer = op.layer < 0 ? '' : `, layer ${op.layer}`;
      return [option(next - 1, `${next + 1} ${op.name}${layer}`)];
    });
    return html`<select name="at" aria-label=${kind === 'layer' ? 'Layer' : 'Op'}>
      ${places}
    </select>`;
  }

  #add = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    const at = fields.get('at') as string;
    const added: Break =
      this.kind === 'norm'
        ? { at, when: 'norm_above', limit: Number(fields.get('limit')) }
        : { at: Number(at) };
    this.#set((now) => [...now, added]);
  };

  #watchNumbers = (event: Event) => {
    const wanted = (event.target as HTMLInputElement).checked ? sentinel : [];
    this.#set((now) => [...now.filter((one) => !isSentinel(one)), ...wanted]);
  };

  #set(change: (now: readonly Break[]) => readonly Break[]) {
    void this.run.setBreaks(change);
  }

  static override styles = [
    dialogStyles,
    css`
      p,
      ul {
        margin: 0.4rem 0 0;
        font-size: 13.5px;
        line-height: 1.4;
      }
      p {
        color: var(--ink-soft);
      }
      ul {
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 0.6rem;
        min-height: 2.3rem;
        padding-block: 0.2rem;
        border-bottom: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      label,
      form {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
      }
      li label {
        flex-wrap: nowrap;
      }
      li button {
        flex: none;
      }
      form {
        margin-top: 0.8rem;
        font-size: 13.5px;
      }
      select {
        max-width: 15rem;
        min-height: 2.1rem;
      }
      input[type='number'] {
        width: 5.5rem;
      }
    `,
  ];
}

customElements.define('ni-breaks', NiBreaks);

declare global {
  interface HTMLElementTagNameMap {
    'ni-breaks': NiBreaks;
  }
}
