import { css, html, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { StudentSampler } from '../../client/student-code.ts';
import { errorDetail } from '../ni-notice.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';

const example = `// The likeliest token, but never the one before it.
lab.sampler((logits, ctx, rng) => {
  let best = 0;
  for (let id = 1; id < logits.length; ++id) {
    if (id !== ctx.ids.at(-1) && logits[id] > logits[best]) best = id;
  }
  return best;
});`;

interface View {
  /** Tokens drawn so far by whoever draws. */
  drawn: number;
  own: boolean;
}

/** A sampler of the reader's own, which draws in place of the engine's once it is switched on. */
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
    this.code = this.run.sampler?.code ?? example;
    super.connectedCallback();
  }

  protected override read({ tokens, nPrompt, sampler }: LabRun): Promise<View> {
    return Promise.resolve({ drawn: tokens.length - nPrompt, own: sampler !== null });
  }

  protected override draw({ own, drawn }: View) {
    const { refusal } = this;
    return html`
      <p class="soft">
        JavaScript that draws the next token, in a worker of its own:
        <span class="mono">lab.sampler((logits, ctx, rng) =&gt; id)</span>. logits: a Float32Array
        of ${this.run.model!.info.n_vocab}; ctx: ids and position; rng(): [0, 1), from the seed.
      </p>
      <textarea
        aria-label="Code of the sampler"
        spellcheck="false"
        rows="9"
        .value=${this.code}
        @input=${(event: Event) => (this.code = (event.target as HTMLTextAreaElement).value)}
      ></textarea>
      <div class="row">
        <button class="primary" @click=${() => void this.#use()}>Use this code</button>
        <button ?disabled=${!own} @click=${() => void this.run.setSampler(null)}>
          Back to the engine’s sampler
        </button>
        <span role="status" class="soft">
          ${own ? `Your code draws. ${drawn} tokens so far.` : 'The engine’s sampler draws.'}
        </span>
      </div>
      ${
        refusal
          ? html`<p role="alert" class="refusal">${refusal.message} ${errorDetail(refusal)}</p>`
          : nothing
      }
    `;
  }

  /** Tried at once on the logits that are there, so that a mistake is seen before the run stands still. */
  async #use() {
    const { run } = this;
    const sampler = new StudentSampler(this.code);
    this.refusal = null;
    try {
      if (run.complete) {
        const ids = run.tokens.map(({ id }) => id);
        const ctx = { ids, position: ids.length };
        await sampler.pick(await run.client.logits(), ctx, run.sampling.seed);
      }
      await run.setSampler(sampler);
    } catch (thrown) {
      sampler.end();
      this.refusal = EngineError.from(thrown);
    }
  }

  protected override table({ own, drawn }: View): DataTable {
    return {
      caption: 'Who draws',
      corner: 'Sampler',
      columns: [{ label: 'Tokens drawn' }],
      rows: [{ head: own ? 'your code' : 'the engine', cells: [drawn] }],
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
      .refusal {
        color: var(--signal);
        overflow-wrap: anywhere;
      }
    `,
  ];
}

customElements.define('ni-lab-code', NiLabCode);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-code': NiLabCode;
  }
}
