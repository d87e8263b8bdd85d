import { css, html, nothing } from 'lit';
import { editsFromJson, editsToJson } from '../../client/edit-json.ts';
import { EngineError } from '../../client/errors.ts';
import { editsOf, type Intervention } from '../../client/interventions.ts';
import { JsonValue } from '../../client/json-reader.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { editWords } from '../../draw/edit-words.ts';
import type { Edit, Rerun } from '../../protocol.ts';
import { errorDetail } from '../ni-notice.ts';
import { engineActs } from './engine-acts.ts';
import { LabPanel } from './lab-panel.ts';
import './ni-edit-form.ts';
import type { DataTable } from './ni-data-table.ts';

interface View {
  interventions: readonly Intervention[];
  rerun: Rerun | null;
  passRerun: boolean;
}

/** Changes of what is computed: a list to add to, switch and remove, and what they made stale. */
export class NiLabInterventions extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    refusal: { state: true },
    written: { state: true },
  };
  /** Why what was pasted, or added last, is not in force. */
  declare refusal: EngineError | null;
  /** What stands in the JSON field and is not applied yet; null: the edits in force. */
  declare written: string | null;

  constructor() {
    super();
    this.refusal = null;
    this.written = null;
  }

  protected override read({ interventions, rerun, passRerun }: LabRun): Promise<View> {
    return Promise.resolve({ interventions, rerun, passRerun });
  }

  protected override lead() {
    return html`
      Each edit acts behind the op whose tap it names, in this order, in every pass. What the
      context holds is computed again from the first position that depends on a change.
    `;
  }

  protected override draw(view: View) {
    const { interventions } = view;
    const { refusal } = this;
    const again = this.run.recorded ? '' : rerunWords(view);
    return html`
      ${engineActs(
        this.run,
        html`<ul aria-label="Edits">
          ${interventions.map((one) => this.#item(one))}
        </ul>`,
      )}
      ${interventions.length === 0 ? html`<p>No edit: the model computes what its file says.</p>` : nothing}
      <p role="status" aria-label="Computed again" class="mono ${again ? 'said' : ''}">${again}</p>
      ${
        refusal
          ? html`<div role="alert" class="refusal">
              <p>${refusal.message}</p>
              <p class="mono">${errorDetail(refusal)}</p>
            </div>`
          : nothing
      }
      ${this.run.recorded ? nothing : this.#more(interventions)}
    `;
  }

  #more(interventions: readonly Intervention[]) {
    return html`<ni-edit-form
        .run=${this.run}
        @add-edit=${(event: CustomEvent<Edit>) =>
          void this.#set((now) => [...now, { edit: event.detail, on: true }])}
      ></ni-edit-form>
      ${this.#json(interventions)}`;
  }

  #item(one: Intervention) {
    const words = editWords(one.edit);
    const replaced = (by: readonly Intervention[]) =>
      void this.#set((now) => now.flatMap((other) => (other.edit === one.edit ? by : other)));
    return html`<li>
      <label>
        <input
          type="checkbox"
          .checked=${one.on}
          @change=${() => replaced([{ edit: one.edit, on: !one.on }])}
        />
        <span class=${one.on ? '' : 'off'}>${words}</span>
      </label>
      <button class="plain" aria-label="Remove: ${words}" @click=${() => replaced([])}>
        Remove
      </button>
    </li>`;
  }

  #json(interventions: readonly Intervention[]) {
    const text = this.written ?? jsonOf(interventions);
    return html`<details>
      <summary>As JSON</summary>
      <p class="soft">The edits that are on, as links and files hold them.</p>
      <textarea
        aria-label="Edits as JSON"
        spellcheck="false"
        rows=${Math.min(12, text.split('\n').length + 1)}
        .value=${text}
        @input=${(event: Event) => (this.written = (event.target as HTMLTextAreaElement).value)}
      ></textarea>
      <div class="row">
        <button ?disabled=${this.written === null} @click=${this.#apply}>Apply</button>
        <button
          class="plain"
          ?disabled=${this.written === null}
          @click=${() => (this.written = null)}
        >
          Undo writing
        </button>
      </div>
    </details>`;
  }

  #apply = () => {
    try {
      const edits = editsFromJson(JsonValue.parse(this.written ?? '', 'edits'));
      void this.#set(() => edits.map((edit) => ({ edit, on: true })));
    } catch (thrown) {
      this.refusal = EngineError.from(thrown);
    }
  };

  async #set(change: (now: readonly Intervention[]) => readonly Intervention[]) {
    const { run } = this;
    const wanted: { list?: readonly Intervention[] } = {};
    await run.setInterventions((now) => (wanted.list = change(now)));
    this.refusal = run.interventions === wanted.list ? null : run.error;
    if (this.refusal) run.dismissError();
    else this.written = null;
    this.requestUpdate();
  }

  protected override table({ interventions }: View): DataTable {
    return {
      caption: 'Edits, in the order in which they act',
      corner: 'Edit',
      columns: [{ label: 'Kind' }, { label: 'On' }, { label: 'In words' }],
      rows: interventions.map(({ edit, on }, at) => ({
        head: String(at),
        cells: [edit.do, on ? 'yes' : 'no', editWords(edit)],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      ul {
        margin: 0 0 0.6rem;
        padding: 0;
        list-style: none;
      }
      li {
        display: flex;
        justify-content: space-between;
        align-items: center;
        gap: 0.6rem;
        min-height: 2.1rem;
        border-bottom: 1px solid var(--line);
        overflow-wrap: anywhere;
      }
      li label {
        display: flex;
        align-items: center;
        gap: 0.5rem;
      }
      li :is(button, input) {
        flex: none;
      }
      .off {
        color: var(--ink-soft);
        text-decoration: line-through;
      }
      [role='status'].said {
        padding: 0.4rem 0.5rem;
        font-size: 12px;
        background: var(--well);
        border-radius: var(--radius);
        overflow-wrap: anywhere;
      }
      .refusal {
        color: var(--signal);
        overflow-wrap: anywhere;
      }
      details {
        margin-top: 0.8rem;
      }
      summary {
        cursor: pointer;
        color: var(--ink-soft);
        margin-bottom: 0.4rem;
      }
      textarea {
        width: 100%;
        font: 12px/1.4 var(--mono);
        resize: vertical;
        margin-bottom: 0.3rem;
      }
    `,
  ];
}

function rerunWords({ interventions, rerun, passRerun }: View): string {
  if (rerun) {
    return `The last change: positions ${rerun.from} to ${rerun.to - 1} were computed again. ${rerun.because}`;
  }
  if (passRerun) {
    return 'The last change: the pass at hand depends on it, and was run again to where it stands.';
  }
  if (interventions.length === 0) return '';
  return 'The last change: nothing in the context depends on it, so nothing was computed again.';
}

/** One edit a line. */
function jsonOf(interventions: readonly Intervention[]): string {
  const lines = editsToJson(editsOf(interventions)).map((edit) => `  ${JSON.stringify(edit)}`);
  return lines.length === 0 ? '[]' : `[\n${lines.join(',\n')}\n]`;
}

customElements.define('ni-lab-interventions', NiLabInterventions);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-interventions': NiLabInterventions;
  }
}
