import { html, nothing } from 'lit';
import { live } from 'lit/directives/live.js';
import type { LabRun } from '../../client/lab-run.ts';
import { duration, probability, value } from '../../draw/format.ts';
import {
  type CandidateCell,
  type CandidateRow,
  candidateRows,
  cumulativeLine,
} from '../../draw/sampler-rows.ts';
import { keptWords, stageName, stageRule } from '../../draw/sampler-words.ts';
import { cutMiddle, visibleText } from '../../draw/token-label.ts';
import type { Resampled, SamplerStages, SamplingParams, TokenPiece } from '../../protocol.ts';
import { typed } from '../typed.ts';
import { engineActs } from './engine-acts.ts';
import { LabPanel } from './lab-panel.ts';
import './ni-branches.ts';
import type { DataTable } from './ni-data-table.ts';
import { samplerStyles } from './sampler-styles.ts';

interface View {
  /** The draw is from this position's logits. */
  position: number;
  sampling: SamplingParams;
  /** null: what follows is the prompt's, and nothing is drawn. */
  draw: (Resampled & { ms: number }) | null;
  pieces: ReadonlyMap<number, TokenPiece>;
  /** The token that the run has there; null: none yet. */
  next: number | null;
}

interface Field {
  key: keyof Omit<SamplingParams, 'logit_bias' | 'seed'>;
  name: string;
  max: number;
  min?: number;
  step: number;
  /** The value at which the stage is left out. */
  off?: number;
}

const fields: readonly Field[] = [
  { key: 'temperature', name: 'Temperature', max: 2, step: 0.05 },
  { key: 'top_k', name: 'Top-k', max: 100, step: 1, off: 0 },
  { key: 'top_p', name: 'Top-p', max: 1, step: 0.01, off: 1 },
  { key: 'min_p', name: 'Min-p', max: 0.5, step: 0.01, off: 0 },
  { key: 'repetition_penalty', name: 'Repetition', min: 0.5, max: 2, step: 0.01, off: 1 },
  { key: 'presence_penalty', name: 'Presence', min: -2, max: 2, step: 0.05, off: 0 },
  { key: 'frequency_penalty', name: 'Frequency', min: -2, max: 2, step: 0.05, off: 0 },
  { key: 'penalty_window', name: 'Window', max: 256, step: 1 },
];

/** From logits to one token: the sampler's stages, the random number, and what else could be taken. */
export class NiLabSampler extends LabPanel<View> {
  /** What is tried on the same logits; null: the run's own settings. */
  #trial: SamplingParams | null = null;

  get #wanted(): SamplingParams {
    return this.#trial ?? this.run.sampling;
  }

  #follows({ selection, nPrompt }: LabRun): boolean {
    return selection.position >= nPrompt - 1;
  }

  protected override needs(run: LabRun) {
    if (!this.#follows(run)) return [];
    const { position } = run.selection;
    // Final norm and head give the same logits again.
    const residual = `L.${run.model!.info.n_layers - 1}.resid_post`;
    const tap = run.held('logits', position) === 'not kept' ? residual : 'logits';
    return [{ tap, position }];
  }

  protected override async read(run: LabRun): Promise<View> {
    const { position } = run.selection;
    const sampling = this.#wanted;
    const next = run.tokens[position + 1]?.id ?? null;
    if (!this.#follows(run)) return { position, sampling, draw: null, pieces: new Map(), next };
    const draw = await run.resample(position, sampling);
    const pieces = await run.pieces(candidateRows(draw).map(({ id }) => id));
    return { position, sampling, draw, pieces, next };
  }

  protected override lead({ position, draw }: View) {
    if (!draw) {
      return html`The prompt itself says what follows token ${this.tokenAt(position)}: nothing is
      drawn there.`;
    }
    return html`
      Stages, in the engine’s order, from the logits behind token ${this.tokenAt(position)} to the
      token at ${position + 1}: the probability among those that each stage
      keeps.${this.run.recorded ? '' : ' Choose a candidate and the run goes on from it.'}
    `;
  }

  protected override draw(view: View) {
    const { draw } = view;
    if (!draw) return this.#inPrompt();
    const rows = candidateRows(draw);
    return html`
      ${this.#candidates(view, draw, rows)} ${this.#line(view, draw)} ${this.#rules(view, draw)}
      ${this.#sliders(draw)}
      <ni-branches .run=${this.run}></ni-branches>
    `;
  }

  #inPrompt() {
    const last = this.run.nPrompt - 1;
    return html`<button @click=${() => this.run.select({ position: last })}>
      Look at ${this.tokenAt(last)}, behind which drawing begins
    </button>`;
  }

  #text({ pieces }: View, id: number): string {
    const bytes = pieces.get(id)?.bytes;
    return bytes ? cutMiddle(visibleText(bytes), 14) : `id ${id}`;
  }

  // ---- the stages

  #candidates(view: View, draw: SamplerStages, rows: readonly CandidateRow[]) {
    const most = Math.max(...draw.stages.map(({ top }) => top[0]!.p));
    return html`<div
      class="scroll scrolls"
      tabindex="0"
      role="region"
      aria-label="Candidates by stage"
    >
      <table>
        <thead>
          <tr>
            <th scope="col">Candidate</th>
            ${draw.stages.map(
              ({ stage }, nth) =>
                html`<th scope="col">
                  ${stageName(stage)}<small>${keptWords(draw, nth)}</small>
                </th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${rows.map((row) => this.#candidate(view, draw, row, most))}
        </tbody>
      </table>
    </div>`;
  }

  #candidate(view: View, draw: SamplerStages, { id, cells }: CandidateRow, most: number) {
    const text = this.#text(view, id);
    const drawn = id === draw.chosen;
    return html`<tr class=${drawn ? 'drawn' : ''}>
      <th scope="row">
        ${
          this.run.recorded
            ? html`<span title="id ${id}">${text}</span>`
            : html`<button
                aria-label="Take ${text}"
                title="id ${id}: the run goes on from this token"
                @click=${() => void this.run.fork(view.position, id)}
              >
                ${text}
              </button>`
        }
        ${drawn ? html`<small>${draw.random === null ? 'taken' : 'drawn'}</small>` : nothing}
      </th>
      ${cells.map((cell, nth) => html`<td>${cellView(cell, cells[nth - 1], most)}</td>`)}
    </tr>`;
  }

  // ---- the draw

  #line(view: View, draw: SamplerStages) {
    const { random, chosen } = draw;
    const name = this.#text(view, chosen);
    const run = this.#ofRun(view, draw);
    if (random === null) {
      return html`<p aria-live="polite">
        No random number: greedy takes the likeliest, <b class="mono">“${name}”</b>. ${run}
      </p>`;
    }
    const parts = cumulativeLine(draw);
    const { kept } = draw.stages.at(-1)!;
    return html`<p aria-live="polite">
        The random number u = <b class="mono">${value(random, 6)}</b> of seed ${view.sampling.seed}
        falls on <b class="mono">“${name}”</b>. ${run}
      </p>
      <div class="line" role="img" aria-label=${this.#lineWords(view, draw)}>
        ${parts.map(
          ({ id, from, to }) =>
            html`<span
              class="${id === null ? 'rest' : ''} ${id === chosen ? 'hit' : ''}"
              style="width:${(to - from) * 100}%"
              title="${id === null ? `${kept - parts.length + 1} more` : this.#text(view, id)}: ${value(from)} to ${value(to)}"
              >${id === null ? `${kept - parts.length + 1} more` : this.#text(view, id)}</span
            >`,
        )}
        <i style="left:${random * 100}%"></i>
      </div>
      <div class="scale mono" aria-hidden="true">
        <span>0</span><span>summed probability</span><span>1</span>
      </div>`;
  }

  #lineWords(view: View, draw: SamplerStages): string {
    const parts = cumulativeLine(draw).map(({ id, from, to }) => {
      return `${id === null ? 'the others' : this.#text(view, id)} from ${value(from)} to ${value(to)}`;
    });
    return `Summed probability: ${parts.join('; ')}. u is ${value(draw.random ?? 0, 6)}.`;
  }

  /** What the run itself has there, where that is something else. */
  #ofRun(view: View, { chosen }: SamplerStages) {
    const { next, position } = view;
    if (next === null || next === chosen) return nothing;
    return html`The run has ${this.tokenAt(position + 1)} there.`;
  }

  #rules({ sampling }: View, draw: SamplerStages) {
    return html`<dl>
      ${draw.stages.map(
        ({ stage }, nth) =>
          html`<div>
            <dt>${stageName(stage)}</dt>
            <dd>${stageRule(draw, nth, sampling)}</dd>
          </div>`,
      )}
    </dl>`;
  }

  // ---- other settings on the same logits

  /** They show what is chosen, also while the stages of that are still worked out. */
  #sliders({ ms, from }: NonNullable<View['draw']>) {
    const sampling = this.#wanted;
    const acts = html`<div class="sliders" role="group" aria-label="Settings tried on these logits">
        ${fields.map((field) => this.#slider(field, sampling))}
        <label>
          <span>Seed</span>
          <input
            type="number"
            min="0"
            max="4294967295"
            .value=${typed(String(sampling.seed))}
            @change=${(event: Event) => {
              const input = event.target as HTMLInputElement;
              if (input.validity.valid) this.#try({ ...sampling, seed: input.valueAsNumber || 0 });
            }}
          />
        </label>
      </div>
      <div class="row">
        <button @click=${() => this.#try({ ...sampling, seed: sampling.seed + 1 })}>
          Next seed
        </button>
        ${this.#trial ? this.#trialButtons(this.#trial) : nothing}
        <span class="soft">
          ${this.run.recorded ? 'Recorded: worked out' : `Worked out in ${duration(ms)}`} from the
          ${from === 'kept' ? 'stored logits' : 'stored residual by final norm and head'}, without a
          forward pass.
        </span>
      </div>`;
    return engineActs(this.run, acts);
  }

  #slider({ key, name, min = 0, max, step, off }: Field, sampling: SamplingParams) {
    const at = sampling[key];
    return html`<label>
      <span>${name} <output>${at === off ? 'off' : at}</output></span>
      <input
        type="range"
        aria-label=${name}
        min=${min}
        max=${max}
        step=${step}
        .value=${live(String(at))}
        @input=${(event: Event) =>
          this.#try({ ...sampling, [key]: (event.target as HTMLInputElement).valueAsNumber })}
      />
    </label>`;
  }

  #trialButtons(trial: SamplingParams) {
    return html`
      <button
        class="primary"
        @click=${() => {
          this.#trial = null;
          void this.run.setSampling(trial);
        }}
      >
        Draw with these from token ${this.run.place.end} on
      </button>
      <button @click=${() => this.#try(null)}>Back to the run’s</button>
    `;
  }

  #try(trial: SamplingParams | null) {
    this.#trial = trial;
    this.readAgain();
  }

  // ---- the same in numbers

  protected override table(view: View): DataTable {
    const { position, draw } = view;
    const stages = draw?.stages ?? [];
    const cell = (one: CandidateCell, key: 'logit' | 'p') =>
      typeof one === 'string' ? one : one[key];
    return {
      caption: `Sampler behind token ${this.tokenAt(position)}; u ${draw?.random ?? 'is not drawn'}`,
      corner: 'Candidate',
      columns: stages.flatMap(({ stage }) => [
        { label: `${stageName(stage)} p` },
        { label: stageName(stage), unit: 'logit' },
      ]),
      rows: (draw ? candidateRows(draw) : []).map(({ id, cells }) => ({
        head: `${this.#text(view, id)}${id === draw?.chosen ? ' (chosen)' : ''}`,
        cells: cells.flatMap((one) => [cell(one, 'p'), cell(one, 'logit')]),
      })),
    };
  }

  static override styles = [LabPanel.styles, samplerStyles];
}

/** `most`: the probability of a whole bar. */
function cellView(cell: CandidateCell, before: CandidateCell | undefined, most: number) {
  if (cell === 'below') return html`<span class="soft">below</span>`;
  if (cell === 'out') return before === 'out' ? nothing : html`<span class="out">out</span>`;
  return html`<span>${probability(cell.p)}</span><i style="width:${(cell.p / most) * 100}%"></i>`;
}

customElements.define('ni-lab-sampler', NiLabSampler);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-sampler': NiLabSampler;
  }
}
