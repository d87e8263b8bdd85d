import { css, html, LitElement, nothing } from 'lit';
import { EngineError } from '../../client/errors.ts';
import { labViewOf } from '../../client/lab-address.ts';
import type { LabRun } from '../../client/lab-run.ts';
import {
  goodParts,
  maxRecording,
  type Part,
  type PartId,
  partsOf,
  recordable,
  recordRun,
} from '../../client/record-run.ts';
import { fileOfRun } from '../../client/run-file.ts';
import { openingIn } from '../../client/run-opening.ts';
import { bytes } from '../../draw/format.ts';
import { controls, fileButton } from '../shared-styles.ts';
import { download } from './download.ts';
import { RunWatch } from './run-watch.ts';

const words: Record<PartId, string> = {
  values: 'text, draws and all kept values',
  attention: 'attention of all heads',
  lens: 'the lens behind each layer',
  logit: 'what adds to the logits of the likeliest tokens',
  cache: 'keys and values of the cache',
  weights: 'row 0 of each matrix, and the tokens’ embeddings',
  products: 'how element 0 of each product comes about',
};

/** A run as a file that plays without a model; and such a file, opened. */
export class NiSaveRun extends LitElement {
  static override properties = {
    run: { attribute: false },
    chosen: { state: true },
    progress: { state: true },
    said: { state: true },
  };
  declare run: LabRun;
  /** null: what is good for this run. */
  declare chosen: ReadonlySet<PartId> | null;
  /** Of a recording that is being made, from 0 to 1. */
  declare progress: number | null;
  declare said: string;
  #abort = new AbortController();

  constructor() {
    super();
    this.chosen = null;
    this.progress = null;
    this.said = '';
    new RunWatch(this);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.#abort.abort();
  }

  override render() {
    return html`<h3>A recorded run</h3>
      <p class="soft">One file, which plays in the lab on any device, without a model.</p>
      ${this.run.recorded ? nothing : this.#saving()}
      <label class="file">
        Open a recorded run
        <input type="file" accept=".nirun" @change=${this.#open} />
      </label>`;
  }

  #saving() {
    const { end, computed, why } = recordable(this.run);
    if (end === 0) return html`<p class="soft">${why}</p>`;
    const parts = partsOf(this.run, end);
    const chosen = this.#chosenOf(parts);
    const sum = chosen.reduce((all, part) => all + part.bytes, 0);
    const tooMuch = sum > maxRecording;
    return html`
      <fieldset ?disabled=${this.progress !== null}>
        <legend>What it holds of positions 0 to ${end - 1}</legend>
        ${parts.map((part) => this.#part(part, chosen.includes(part)))}
      </fieldset>
      ${
        end < computed
          ? html`<p class="soft">Tokens from position ${end} on are left out.</p>`
          : nothing
      }
      <div class="row">
        ${
          this.progress === null
            ? html`<button ?disabled=${tooMuch} @click=${() => void this.#save(chosen)}>
                Save this run (.nirun)
              </button>`
            : html`<progress aria-label="Saving the run" max="1" value=${this.progress}></progress>
                <button @click=${() => this.#abort.abort()}>Cancel</button>`
        }
        <span class="soft" role="status" aria-label="Recording">
          ${
            this.said ||
            `About ${bytes(sum)}${tooMuch ? `, more than the ${bytes(maxRecording)} that a recording may have` : ''}.`
          }
        </span>
      </div>
    `;
  }

  #chosenOf(parts: readonly Part[]): Part[] {
    const chosen = this.chosen ?? new Set(goodParts(parts));
    return parts.filter(({ id, why }) => id === 'values' || (why === '' && chosen.has(id)));
  }

  #part({ id, bytes: size, why }: Part, chosen: boolean) {
    return html`<label class="part">
      <input
        type="checkbox"
        .checked=${chosen}
        ?disabled=${id === 'values' || why !== ''}
        @change=${(event: Event) => this.#choose(id, (event.target as HTMLInputElement).checked)}
      />
      <span>${words[id]} <span class="soft">${why || bytes(size)}</span></span>
    </label>`;
  }

  #choose(id: PartId, on: boolean) {
    const { end } = recordable(this.run);
    const chosen = new Set(this.#chosenOf(partsOf(this.run, end)).map((part) => part.id));
    if (on) chosen.add(id);
    else chosen.delete(id);
    this.chosen = chosen;
    this.said = '';
  }

  async #save(parts: readonly Part[]) {
    this.#abort = new AbortController();
    this.progress = 0;
    this.said = '';
    const panels = labViewOf(location.hash).panels ?? [];
    try {
      const recorded = await recordRun(
        this.run,
        { parts: parts.map(({ id }) => id), panels },
        {
          signal: this.#abort.signal,
          onProgress: (done, all) => (this.progress = done / all),
        },
      );
      const file = await fileOfRun(recorded);
      download(file, 'run.nirun');
      this.said = `The run is saved: ${bytes(file.size)}.`;
    } catch (thrown) {
      this.said = EngineError.from(thrown).message;
    }
    this.progress = null;
  }

  #open = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = '';
    if (file) void openingIn(this.run).open(file);
  };

  static override styles = [
    controls,
    fileButton,
    css`
      :host {
        margin-top: 0.8rem;
        padding-top: 0.7rem;
        border-top: 1px solid var(--line);
      }
      h3 {
        margin: 0 0 0.2rem;
        font: 600 13px/1.4 var(--sans);
      }
      p {
        margin: 0 0 0.5rem;
      }
      .soft {
        color: var(--ink-soft);
      }
      fieldset {
        display: grid;
        gap: 0.25rem;
        margin: 0 0 0.6rem;
        padding: 0;
        border: 0;
      }
      legend {
        padding: 0 0 0.2rem;
      }
      .part {
        display: flex;
        align-items: baseline;
        gap: 0.1rem 0.4rem;
      }
      .part input {
        flex: none;
      }
      .row {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem 0.8rem;
        margin-bottom: 0.6rem;
      }
      progress {
        accent-color: var(--accent);
      }
    `,
  ];
}

customElements.define('ni-save-run', NiSaveRun);

declare global {
  interface HTMLElementTagNameMap {
    'ni-save-run': NiSaveRun;
  }
}
