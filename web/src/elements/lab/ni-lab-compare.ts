import { css, html, nothing } from 'lit';
import { Comparison, type KeptRun, logSum, type RunDifference } from '../../client/lab-compare.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { value } from '../../draw/format.ts';
import { settingsWords } from '../../draw/run-words.ts';
import { tokenLabel, visibleText } from '../../draw/token-label.ts';
import type { OpInfo } from '../../protocol.ts';
import { errorDetail } from '../ni-notice.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-step-chart.ts';

interface View {
  a: KeptRun | null;
  b: KeptRun | null;
  difference: RunDifference | null;
  ops: readonly OpInfo[];
}

/** Two runs from one checkpoint: where they part, how far, and both texts. */
export class NiLabCompare extends LabPanel<View> {
  #comparison!: Comparison;

  override connectedCallback() {
    this.#comparison = Comparison.of(this.run);
    this.#comparison.addEventListener('change', this.#newRuns);
    super.connectedCallback();
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.#comparison.removeEventListener('change', this.#newRuns);
  }

  #newRuns = () => {
    this.view = this.#viewOf(this.run);
    this.requestUpdate();
  };

  protected override readonly needsModel =
    'Two runs are computed from one checkpoint, and a recorded run holds one of them. Load its model to compare.';

  #viewOf({ ops }: LabRun): View {
    const { a, b, difference } = this.#comparison;
    return { a, b, difference: b && difference, ops };
  }

  protected override read(run: LabRun): Promise<View> {
    return Promise.resolve(this.#viewOf(run));
  }

  protected override lead() {
    return html`
      Keep a run as A, change edits or sampling, and run B from the same checkpoint. KL(A‖B) = Σ
      p<sub>A</sub> (ln p<sub>A</sub> − ln p<sub>B</sub>) over the vocabulary, each step.
    `;
  }

  protected override draw({ a, b, difference, ops }: View) {
    const { running, error } = this.#comparison;
    return html`
      ${this.#sampling()} ${this.#start(a, running)}
      ${error ? html`<p role="alert" class="refusal">${error.message} ${errorDetail(error)}</p>` : nothing}
      ${a && b && difference ? this.#outcome(a, b, difference, ops) : nothing}
      ${a ? this.#texts(a, b, difference) : nothing}
    `;
  }

  #sampling() {
    const { sampling } = this.run;
    const field = (name: 'temperature' | 'seed', max: number, step: string) =>
      html`<label>
        ${name}
        <input
          type="number"
          min="0"
          max=${max}
          step=${step}
          aria-label="Sampling ${name}"
          .value=${String(sampling[name])}
          @change=${(event: Event) => this.#setSampling(name, event.target as HTMLInputElement)}
        />
      </label>`;
    return html`<div class="row">
      ${field('temperature', 5, 'any')} ${field('seed', 2 ** 32 - 1, '1')}
      <span class="soft">${editCount(this.run.edits.length)} in force</span>
    </div>`;
  }

  #setSampling(name: 'temperature' | 'seed', input: HTMLInputElement) {
    if (!input.reportValidity() || input.value === '') return;
    const value = input.valueAsNumber;
    void this.run.setSampling((sampling) => ({ ...sampling, [name]: value }));
  }

  #start(a: KeptRun | null, running: 'A' | 'B' | null) {
    const { tokens, nPrompt, model } = this.run;
    const label = a ? tokenLabel(a.from - 1, a.tokens[a.from - 1]!.bytes) : '';
    return html`<form class="row" @submit=${this.#keep}>
        <label>
          from behind position
          <input
            type="number"
            name="last"
            aria-label="Checkpoint behind position"
            min="0"
            max=${tokens.length - 1}
            value=${nPrompt - 1}
            required
          />
        </label>
        <label>
          <input
            type="number"
            name="steps"
            aria-label="Tokens of each run"
            min="1"
            max=${Math.min(512, model!.session.n_ctx)}
            value="24"
            required
          />
          tokens
        </label>
        <button ?disabled=${running !== null}>
          ${running === 'A' ? 'Running A…' : 'Keep run A'}
        </button>
      </form>
      ${
        a
          ? html`<div class="row">
              <button class="primary" ?disabled=${running !== null} @click=${this.#runB}>
                ${running === 'B' ? 'Running B…' : 'Run B'}
              </button>
              <label class="check">
                <input type="checkbox" id="follow" /> B gets A’s tokens, so that only KL differs
              </label>
              <span class="soft">both behind token ${label}</span>
            </div>`
          : nothing
      }`;
  }

  #keep = (event: SubmitEvent) => {
    event.preventDefault();
    const fields = new FormData(event.target as HTMLFormElement);
    void this.#comparison.keepA(Number(fields.get('last')) + 1, Number(fields.get('steps')));
  };

  #runB = () => {
    const follow = this.renderRoot.querySelector<HTMLInputElement>('#follow')!.checked;
    void this.#comparison.runB(follow);
  };

  #outcome(a: KeptRun, b: KeptRun, { first, token, kl }: RunDifference, ops: readonly OpInfo[]) {
    return html`
      <div role="status" aria-label="First difference" class="found">
        <p>${this.#firstWords(a, first, ops)}</p>
        <p>${tokenWords(a, b, token)}</p>
      </div>
      <ni-step-chart
        name="KL divergence of B from A"
        unit="nats"
        .values=${kl}
        .labels=${Array.from(kl, (_, i) => `drawing ${pairWords(a, b, a.from + i)}`)}
        .mark=${token === null ? -1 : token - a.from + 1}
        @step-choice=${(event: CustomEvent<number>) =>
          this.run.select({ position: a.from - 1 + event.detail })}
      ></ni-step-chart>
      ${
        token === null
          ? nothing
          : html`<p class="soft">
              Behind the dashed line the two have different texts before them.
            </p>`
      }
    `;
  }

  #firstWords(a: KeptRun, first: RunDifference['first'], ops: readonly OpInfo[]) {
    const taps = tapWords(a);
    if (!first) return `Of ${taps}, none differs before the tokens do.`;
    const op = this.run.tap(first.tap)?.op ?? ops.length - 1;
    const { layer } = ops[op]!;
    const where = layer < 0 ? '' : `, layer ${layer}`;
    const token = tokenLabel(first.position, a.tokens[first.position]!.bytes);
    const what = first.element === null ? 'its norm' : `element ${first.element}`;
    return html`First of ${taps} to differ: <b class="mono">${first.tap}</b> (op ${op + 1} of
      ${ops.length}${where}) at token <b class="mono">${token}</b>, ${what}: A ${value(first.a, 6)},
      B ${value(first.b, 6)}.`;
  }

  #texts(a: KeptRun, b: KeptRun | null, difference: RunDifference | null) {
    const text = (name: 'A' | 'B', one: KeptRun) =>
      html`<section aria-label="Text of run ${name}">
        <h3>${name} <span>${settingsWords(one.edits, one.code, one.sampling)}</span></h3>
        <p class="text">
          <span class="given">${joined(one, 0, one.from)}</span>${one.tokens
            .slice(one.from)
            .map(({ bytes }, i) => {
              const parted = difference?.token === one.from + i;
              return html`<span class=${parted ? 'parted' : ''}>${visibleText(bytes)}</span>`;
            })}
        </p>
      </section>`;
    return html`<div class="texts">${text('A', a)} ${b ? text('B', b) : nothing}</div>`;
  }

  protected override table({ a, b, difference }: View): DataTable {
    const kl = difference?.kl ?? new Float64Array();
    const p = (run: KeptRun, step: number, id: number) =>
      Math.exp(run.logits[step]![id]! - logSum(run.logits[step]!));
    return {
      caption: 'Step by step: what was drawn, and KL(A‖B) of the distributions before sampling',
      corner: 'Token',
      columns: [
        { label: 'A' },
        { label: 'B' },
        { label: 'KL(A‖B)', unit: 'nats' },
        { label: 'p of A’s token in A' },
        { label: 'p of A’s token in B' },
      ],
      rows: Array.from(kl, (nats, i) => {
        const at = a!.from + i;
        const { id, bytes } = a!.tokens[at]!;
        const other = b!.tokens[at];
        return {
          head: tokenLabel(at, bytes),
          cells: [
            visibleText(bytes),
            other ? visibleText(other.bytes) : '',
            nats,
            p(a!, i, id),
            p(b!, i, id),
          ],
        };
      }),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      label {
        display: flex;
        align-items: center;
        gap: 0.35rem;
      }
      input[type='number'] {
        width: 4.6rem;
        min-height: 2rem;
        padding: 0.2rem 0.35rem;
      }
      .found {
        padding: 0.5rem 0.6rem 0.1rem;
        margin-bottom: 0.7rem;
        background: var(--well);
        border-radius: var(--radius);
        overflow-wrap: anywhere;
      }
      .refusal {
        color: var(--signal);
        overflow-wrap: anywhere;
      }
      .texts {
        display: grid;
        grid-template-columns: repeat(auto-fit, minmax(min(100%, 14rem), 1fr));
        gap: 0.8rem;
      }
      section {
        min-width: 0;
      }
      h3 {
        margin: 0 0 0.3rem;
        font: 600 13px/1.4 var(--sans);
      }
      h3 span {
        font-weight: 400;
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      .text {
        font: 13px/1.5 var(--mono);
        overflow-wrap: anywhere;
      }
      .given {
        color: var(--ink-soft);
      }
      .parted {
        color: var(--signal);
        font-weight: 700;
        text-decoration: underline;
      }
    `,
  ];
}

function joined({ tokens }: KeptRun, first: number, end: number): string {
  return tokens
    .slice(first, end)
    .map(({ bytes }) => visibleText(bytes))
    .join('');
}

/** '9 “␣was” in A, “␣is” in B' */
function pairWords(a: KeptRun, b: KeptRun, at: number): string {
  const [inA, inB] = [a, b].map(({ tokens }) => tokens[at]);
  const text = (piece: typeof inA) => (piece ? `“${visibleText(piece.bytes)}”` : '(ended)');
  return inA?.id === inB?.id ? `${at} ${text(inA)}` : `${at} ${text(inA)} in A, ${text(inB)} in B`;
}

/** The logits are kept as well. */
function tapWords({ taps }: KeptRun): string {
  const norms = taps.filter(({ width }) => width === 1).length;
  return `${taps.length + 1} kept taps${norms > 0 ? ` (of ${norms} the norm alone)` : ''}`;
}

function tokenWords(a: KeptRun, b: KeptRun, token: number | null): string {
  const drawn = a.tokens.length - a.from;
  if (token === null)
    return drawn === 1 ? 'The token is the same.' : `All ${drawn} tokens are the same.`;
  return `The first ${token - a.from} of ${drawn} tokens are the same, then ${pairWords(a, b, token)}.`;
}

function editCount(n: number): string {
  return n === 1 ? '1 edit' : `${n} edits`;
}

customElements.define('ni-lab-compare', NiLabCompare);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-compare': NiLabCompare;
  }
}
