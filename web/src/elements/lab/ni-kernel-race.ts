import { css, html, LitElement, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { rate, threads } from '../../draw/format.ts';
import type { BenchmarkProgress, BenchmarkResult, BenchmarkRun, Spread } from '../../protocol.ts';
import { controls, row } from '../shared-styles.ts';

/** Two kernel sets measured by turns: which is faster here, and by how much. */
export class NiKernelRace extends LitElement {
  static override properties = {
    run: { attribute: false },
    race: { attribute: false },
    inUse: { attribute: false },
    progress: { attribute: false },
    busy: { type: Boolean },
    a: { state: true },
    b: { state: true },
  };
  declare run: LabRun;
  /** null: none has been run. */
  declare race: BenchmarkResult | null;
  /** The set that the run has. */
  declare inUse: string;
  /** How far the race has come; null: none is run. */
  declare progress: BenchmarkProgress | null;
  /** The run does something, this or another thing. */
  declare busy: boolean;
  /** As they were chosen; null: not yet. */
  declare a: string | null;
  declare b: string | null;

  constructor() {
    super();
    this.a = null;
    this.b = null;
  }

  override render() {
    const { race, progress, busy } = this;
    const { kernels } = this.run.model!.build;
    const b = this.b ?? this.inUse;
    const a = this.a ?? kernels.findLast((name) => name !== b) ?? b;
    const choice = (name: 'A' | 'B', chosen: string) =>
      html`<label>
        ${name}
        <select
          aria-label="Kernel set ${name}"
          @change=${(event: Event) => {
            const { value } = event.target as HTMLSelectElement;
            if (name === 'A') this.a = value;
            else this.b = value;
          }}
        >
          ${kernels.map(
            (each) => html`<option value=${each} ?selected=${each === chosen}>${each}</option>`,
          )}
        </select>
      </label>`;
    const start = () => (progress ? this.run.pause() : void this.run.raceKernels(a, b));
    return html`
      <div class="row">
        ${choice('A', a)} ${choice('B', b)}
        <button ?disabled=${!progress && (busy || a === b)} @click=${start}>
          ${progress ? 'Stop' : 'Run A and B by turns'}
        </button>
        <span class="soft">
          ${progress ? `${progress.doing}, ${progress.step} of ${progress.steps}` : a === b ? 'Choose two sets.' : ''}
        </span>
      </div>
      <p role="status">${race ? outcomeOf(race) : nothing}</p>
    `;
  }

  static override styles = [
    controls,
    row,
    css`
      label {
        display: flex;
        align-items: center;
        gap: 0.35rem;
      }
      .soft {
        color: var(--ink-soft);
      }
      p {
        margin: 0 0 0.5rem;
        font-size: 12px;
      }
      span {
        display: block;
      }
    `,
  ];
}

function outcomeOf({ runs, prompt, generate }: BenchmarkResult) {
  return html`
    ${runs.map((run, i) => lineOf('AB'[i]!, run))}
    ${verdict('Decode', runs, (run) => run.decodePerSecond)}
    ${verdict('Prefill', runs, (run) => run.prefillPerSecond)} Medians of ${runs[0]!.repeats} runs
    of ${prompt} + ${generate} tokens, quartiles in brackets. Both give the same bits.
  `;
}

const spreadWords = ({ low, median, high }: Spread) =>
  html`<b class="mono">${rate(median)}</b> (${rate(low)}–${rate(high)})`;

function lineOf(name: string, { kernels, nThreads, ...run }: BenchmarkRun) {
  return html`<span>
    ${name}, ${kernels}, ${threads(nThreads)}: decode ${spreadWords(run.decodePerSecond)}, prefill
    ${spreadWords(run.prefillPerSecond)} tokens/s.
  </span>`;
}

/** Quartiles that overlap are no difference. */
function verdict(
  what: string,
  [a, b]: readonly BenchmarkRun[],
  figure: (run: BenchmarkRun) => Spread,
): string {
  const [inA, inB] = [figure(a!), figure(b!)];
  if (inA.low <= inB.high && inB.low <= inA.high) return `${what}: no difference on this machine.`;
  return `${what}: B is ${(inB.median / inA.median).toPrecision(3)} times as fast as A.`;
}

customElements.define('ni-kernel-race', NiKernelRace);

declare global {
  interface HTMLElementTagNameMap {
    'ni-kernel-race': NiKernelRace;
  }
}
