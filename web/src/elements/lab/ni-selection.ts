import { css, html, LitElement, nothing } from 'lit';
import type { LabRun, Selection } from '../../client/lab-run.ts';
import { cutMiddle, visibleText } from '../../draw/token-label.ts';
import { controls } from '../shared-styles.ts';
import { typed } from '../typed.ts';
import { RunWatch } from './run-watch.ts';

/** What all panels look at: a position, a layer, a head and an op, each to be moved. */
export class NiSelection extends LitElement {
  static override properties = { run: { attribute: false } };
  declare run: LabRun;

  constructor() {
    super();
    new RunWatch(this);
  }

  override render() {
    const { run } = this;
    if (!run.plan || !run.model) return nothing;
    const { info } = run.model;
    const { position, layer, head, op } = run.selection;
    const piece = run.tokens[position];
    const groups = info.n_heads / info.n_kv_heads;
    return html`<div role="group" aria-label="What the panels look at">
      ${this.#stepper('position', run.tokens.length, piece ? visibleText(piece.bytes) : '')}
      ${this.#stepper('layer', info.n_layers, `of ${info.n_layers}`)}
      ${this.#stepper(
        'head',
        info.n_heads,
        groups === 1 ? `of ${info.n_heads}` : `KV head ${Math.floor(head / groups)}`,
      )}
      ${this.#stepper('op', run.ops.length, opWords(run, op, layer))}
    </div>`;
  }

  #stepper(name: keyof Selection, size: number, words: string) {
    // Ops are counted from 1 in words everywhere.
    const base = name === 'op' ? 1 : 0;
    const at = this.run.selection[name];
    const look = (value: number) => this.run.select({ [name]: value });
    const typedIn = (event: Event) => (event.target as HTMLInputElement).valueAsNumber || base;
    return html`<div class="one">
      <label class="label" for=${name}>${name}</label>
      <span class="stepper">
        <button
          class="plain"
          aria-label="Previous ${name}"
          ?disabled=${at === 0}
          @click=${() => look(at - 1)}
        >
          ‹
        </button>
        <input
          id=${name}
          type="number"
          min=${base}
          max=${size - 1 + base}
          .value=${typed(String(at + base))}
          @change=${(event: Event) => look(typedIn(event) - base)}
        />
        <button
          class="plain"
          aria-label="Next ${name}"
          ?disabled=${at >= size - 1}
          @click=${() => look(at + 1)}
        >
          ›
        </button>
      </span>
      <span class="words mono" title=${words}>${cutMiddle(words, 20)}</span>
    </div>`;
  }

  static override styles = [
    controls,
    css`
      div[role='group'] {
        display: flex;
        flex-wrap: wrap;
        gap: 0.35rem 1.4rem;
      }
      .one {
        display: flex;
        align-items: center;
        gap: 0.4rem;
        font-size: 12.5px;
      }
      .stepper {
        display: flex;
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      .stepper button {
        padding: 0 0.5rem;
        font-size: 16px;
      }
      input {
        width: 2.9rem;
        padding: 0.15rem;
        text-align: center;
        border: 0;
        background: none;
        appearance: textfield;
      }
      input::-webkit-inner-spin-button {
        display: none;
      }
      .words {
        color: var(--ink-soft);
        white-space: pre;
      }
      @media (max-width: 640px) {
        div[role='group'] {
          display: grid;
          grid-template-columns: repeat(4, minmax(0, 1fr));
          gap: 0.4rem;
        }
        .one {
          display: grid;
          gap: 0.15rem;
        }
        .stepper button {
          padding: 0 0.4rem;
        }
        input {
          flex: 1;
          width: 0;
        }
        .label,
        .words {
          font-size: 10px;
          letter-spacing: 0;
          overflow: hidden;
          text-overflow: ellipsis;
        }
      }
    `,
  ];
}

function opWords({ ops }: LabRun, op: number, layer: number): string {
  const chosen = ops[op]!;
  return chosen.layer >= 0 && chosen.layer !== layer
    ? `${chosen.name}, layer ${chosen.layer}`
    : chosen.name;
}

customElements.define('ni-selection', NiSelection);

declare global {
  interface HTMLElementTagNameMap {
    'ni-selection': NiSelection;
  }
}
