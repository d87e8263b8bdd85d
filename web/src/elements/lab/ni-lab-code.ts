import { css, html, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { HookUse } from '../../client/lab-hooks.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { value } from '../../draw/format.ts';
import { errorDetail } from '../ni-notice.ts';
import { codeExamples } from './code-examples.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';

interface View {
  /** What each call of the code does; null: no code takes part. */
  uses: readonly HookUse[] | null;
  /** Tokens drawn so far by the code's sampler; null: the engine draws. */
  drawn: number | null;
  /** Why it runs no more. */
  failure: EngineError | null;
}

/** Code of the reader's own, which takes part in the run once it is switched on. */
export class NiLabCode extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    code: { state: true },
    refusal: { state: true },
  };
  declare code: string;
  declare refusal: EngineError | null;

  constructor() {
    super();
    this.code = '';
    this.refusal = null;
  }

  protected override readonly needsModel =
    'Code of your own draws from logits as they are computed, and a recorded run is drawn already. Load its model to run it.';

  override connectedCallback() {
    if (this.code === '') this.code = this.run.hooks?.code.source ?? codeExamples[0]!.code;
    super.connectedCallback();
  }

  protected override read({ tokens, nPrompt, hooks }: LabRun): Promise<View> {
    return Promise.resolve({
      uses: hooks?.uses.map((use) => ({ ...use })) ?? null,
      drawn: hooks?.draws ? tokens.length - nPrompt : null,
      failure: hooks?.code.failure ?? null,
    });
  }

  protected override lead() {
    return html`
      JavaScript that takes part in the run, in a worker of its own:
      <code>lab.sampler((logits, ctx, rng) =&gt; id)</code>
      <code>lab.logits((logits, ctx) =&gt; …)</code>
      <code>lab.on('L.*.z', (t, ctx) =&gt; …)</code>
      <code>lab.on('L.*.scores', (t, ctx) =&gt; …)</code>
      <code>lab.replace('attn', { layers }, ({ q, K, V, out, scale }) =&gt; …)</code>
    `;
  }

  protected override draw({ uses, drawn, failure }: View) {
    const refusal = this.refusal ?? failure;
    return html`
      <div class="row">
        <label>
          Example
          <select @change=${this.#choose}>
            <option value="" .selected=${!codeExamples.some(({ code }) => code === this.code)}>
              …
            </option>
            ${codeExamples.map(
              ({ title, code }, i) =>
                html`<option value=${i} .selected=${code === this.code}>${title}</option>`,
            )}
          </select>
        </label>
      </div>
      <textarea
        aria-label="Your code"
        spellcheck="false"
        rows="16"
        .value=${this.code}
        @input=${(event: Event) => (this.code = (event.target as HTMLTextAreaElement).value)}
      ></textarea>
      <div class="row">
        <button class="primary" @click=${() => void this.#use(this.code)}>Use this code</button>
        <button ?disabled=${uses === null} @click=${() => void this.#use(null)}>
          Switch it off
        </button>
        <span role="status" class="soft">${statusWords(uses, drawn, failure)}</span>
      </div>
      ${
        refusal
          ? html`<p role="alert" class="refusal">${refusal.message} ${errorDetail(refusal)}</p>`
          : nothing
      }
      ${
        uses
          ? html`<ul aria-label="What the code does">
              ${uses.map((use) => html`<li>${useWords(use)}</li>`)}
            </ul>`
          : nothing
      }
    `;
  }

  #choose(event: Event) {
    const { value: chosen } = event.target as HTMLSelectElement;
    if (chosen !== '') this.code = codeExamples[Number(chosen)]!.code;
  }

  /** What is wrong with it is said here, beside the code. */
  async #use(code: string | null) {
    const { run } = this;
    this.refusal = null;
    await run.setCode(code);
    this.refusal = run.error;
    run.dismissError();
  }

  protected override table({ uses }: View): DataTable {
    return {
      caption: 'What your code does',
      corner: 'Call',
      columns: [
        { label: 'Line' },
        { label: 'Ops a pass' },
        { label: 'Tokens' },
        { label: 'Time', unit: 'ms' },
        { label: 'Largest difference from the engine’s attention' },
      ],
      rows: (uses ?? []).map(({ call, line, ops, tokens, ms, off }) => ({
        head: call,
        cells: [line, ops, tokens, ms, off ?? ''],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      textarea {
        width: 100%;
        font: 12px/1.45 var(--mono);
        resize: vertical;
        white-space: pre;
        margin-bottom: 0.4rem;
      }
      /* Lines that do not fit are wrapped, where there is no room to see that they go on. */
      @container (max-width: 34rem) {
        textarea {
          white-space: pre-wrap;
        }
      }
      ul {
        margin: 0;
        padding-left: 1.1rem;
        overflow-wrap: anywhere;
      }
      code {
        display: block;
        font: 12px/1.45 var(--mono);
      }
      .refusal {
        color: var(--signal);
        overflow-wrap: anywhere;
      }
    `,
  ];
}

function statusWords(
  uses: readonly HookUse[] | null,
  drawn: number | null,
  failure: EngineError | null,
): string {
  if (uses === null) return 'No code of yours takes part.';
  if (failure) return 'Your code has failed and runs no more. Mend it, or switch it off.';
  return drawn === null
    ? 'Your code takes part.'
    : `Your code draws. ${drawn} token${drawn === 1 ? '' : 's'} so far.`;
}

function useWords({ call, line, ops, ms, tokens, off }: HookUse): string {
  const where = ops > 0 ? `, behind ${ops} op${ops > 1 ? 's' : ''} of a pass` : '';
  const cost = tokens > 0 ? `: ${value(ms / tokens)} ms a token over ${tokens}` : '';
  const difference = off === null ? '' : `, at most ${value(off)} from the engine’s own`;
  return `Line ${line}, ${call}${where}${cost}${difference}.`;
}

customElements.define('ni-lab-code', NiLabCode);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-code': NiLabCode;
  }
}
