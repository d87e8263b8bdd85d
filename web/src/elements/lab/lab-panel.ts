import { css, type CSSResultGroup, html, LitElement, nothing, type TemplateResult } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { Held, LabRun } from '../../client/lab-run.ts';
import { bytes } from '../../draw/format.ts';
import { tokenLabel } from '../../draw/token-label.ts';
import type { TapInfo } from '../../protocol.ts';
import { isNamed } from '../../tap-pattern.ts';
import { controls, row } from '../shared-styles.ts';
import { errorDetail } from '../ni-notice.ts';
import './ni-data-table.ts';
import type { DataTable } from './ni-data-table.ts';

export interface Need {
  tap: string;
  position: number;
}

export interface Missing extends Need {
  held: Held;
}

/**
 * A panel of the lab. It is given the run, reads named taps and hears of every change:
 *
 * - `needs` names the taps (and their position) without which there is nothing to show. One that is
 *   not computed yet or not kept is said so, with a button that keeps it.
 * - `read` asks for values, through `run.read`, `run.norms` and `run.once`, and makes the view of
 *   them. It is called again at each change; playing waits for it, and only the newest counts.
 * - `forget` drops choices that mean nothing in another model.
 * - `lead` says in a sentence what is seen, `draw` makes the picture, `table` the same numbers to be
 *   read. They see only the view, so a panel can show nothing that was not read.
 *
 * `run.select` moves what all panels look at; `readAgain` is for what only this panel looks at.
 */
export abstract class LabPanel<View> extends LitElement {
  static override properties = {
    run: { attribute: false },
    asTable: { state: true },
    view: { state: true },
    failure: { state: true },
  };
  declare run: LabRun;
  declare asTable: boolean;
  /** The newest that `read` gave; null: nothing yet. */
  declare view: View | null;
  declare failure: EngineError | null;
  #readings = 0;

  constructor() {
    super();
    this.asTable = false;
    this.view = null;
    this.failure = null;
  }

  protected needs?(run: LabRun): readonly Need[];
  /** What the button keeps when these are not: more of them, where the reader will soon ask for it. */
  protected toKeep(missing: readonly string[]): readonly string[] {
    return missing;
  }
  /** Why a recorded run does not do for this panel; left out: it does. */
  protected readonly needsModel?: string;
  /** The model is gone: so is what was chosen of it. */
  protected forget(): void {
    // Nothing, for most.
  }
  protected abstract read(run: LabRun): Promise<View>;
  protected abstract lead(view: View): TemplateResult;
  protected abstract draw(view: View): TemplateResult;
  protected abstract table(view: View): DataTable;

  override connectedCallback() {
    super.connectedCallback();
    this.run.addEventListener('change', this.#changed);
    this.#changed();
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    this.run.removeEventListener('change', this.#changed);
  }

  /** '7 “␣dog”': how positions are named on every axis. */
  protected tokenAt(position: number): string {
    const piece = this.run.tokens[position];
    return piece ? tokenLabel(position, piece.bytes) : String(position);
  }

  /** For a panel's own choices: the run is as it was, and something else of it is wanted. */
  protected readAgain() {
    this.#changed();
  }

  #changed = () => {
    const { run } = this;
    this.requestUpdate();
    if (!run.plan) this.#forget();
    if (!run.plan || run.busy || this.#missing.length > 0) return;
    if (run.recorded && this.needsModel) return;
    const reading = this.#read(++this.#readings);
    run.waitFor(reading);
  };

  /** What was read is of a model that is gone, and so is what is still being read. */
  #forget() {
    this.#readings += 1;
    this.view = null;
    this.failure = null;
    this.forget();
  }

  async #read(nth: number) {
    try {
      const view = await this.read(this.run);
      if (nth !== this.#readings) return;
      this.view = view;
      this.failure = null;
    } catch (thrown) {
      const error = EngineError.from(thrown);
      // A step has begun meanwhile: behind it all is read again.
      const again = error.code === 'busy' && this.run.busy;
      if (nth === this.#readings && !again) this.failure = error;
    }
    await this.updateComplete;
  }

  get #missing(): Missing[] {
    return this.missing(this.needs?.(this.run) ?? []);
  }

  /** Of these taps, those that are not to be read, and why. */
  protected missing(needs: readonly Need[]): Missing[] {
    return needs
      .map(({ tap, position }) => ({ tap, position, held: this.run.held(tap, position) }))
      .filter(({ held }) => held !== 'kept');
  }

  override render() {
    const { run, view, failure } = this;
    if (!run.plan) return html`<p class="empty">Load a model to begin.</p>`;
    if (run.recorded && this.needsModel) return html`<p class="empty">${this.needsModel}</p>`;
    const missing = this.#missing;
    if (missing.length > 0 && !run.busy) return this.absent(missing);
    if (failure?.code === 'not_recorded') return html`<p class="empty">${failure.message}</p>`;
    if (failure) {
      return html`<p class="empty" role="alert">${failure.message}</p>
        <p class="empty mono">${errorDetail(failure)}</p>`;
    }
    if (view === null) return html`<p class="empty">Reading…</p>`;
    return html`
      <div class="head">
        <p>${this.lead(view)}</p>
        <button
          class="plain"
          aria-pressed=${this.asTable ? 'true' : 'false'}
          @click=${() => (this.asTable = !this.asTable)}
        >
          Table
        </button>
      </div>
      ${
        this.asTable
          ? html`<ni-data-table .data=${this.table(view)}></ni-data-table>`
          : this.draw(view)
      }
    `;
  }

  /** Says so, and what can be done about it. */
  protected absent(missing: readonly Missing[]) {
    const later = missing.find(({ held }) => held === 'not yet');
    if (later) {
      const { tap, position } = later;
      return html`<p class="empty">Token ${this.tokenAt(position)} has no ${tap} yet: step on.</p>`;
    }
    const noRow = missing.find(({ held }) => held === 'no row');
    if (noRow) {
      const { tap, position } = noRow;
      return html`<p class="empty">
        A pass computes ${tap} for its last token alone, and ${this.tokenAt(position)} is not that.
        With one token a pass every token has it.
      </p>`;
    }
    const { kept } = this.run;
    if (missing.every(({ tap }) => this.run.keeps(tap))) {
      return html`<p class="empty">
        Values of the last ${kept?.positions} positions are kept, to save memory, and token
        ${this.tokenAt(missing[0]!.position)} lies before them.
      </p>`;
    }
    const names = [...new Set(missing.map(({ tap }) => tap))];
    const shown = names.length > 3 ? `${names.slice(0, 3).join(', ')}…` : names.join(', ');
    if (this.run.recorded) {
      return html`<p class="empty">
        ${shown} ${names.length > 1 ? 'are' : 'is'} not in the recording. Keep
        ${names.length > 1 ? 'them' : 'it'} in the lab, and save the run again.
      </p>`;
    }
    return html`<p class="empty">
        ${shown} ${names.length > 1 ? 'are' : 'is'} not kept at token
        ${this.tokenAt(missing[0]!.position)}, to save memory.
      </p>
      ${
        names.length === 0
          ? nothing
          : html`<button @click=${() => void this.run.keepAlso(this.toKeep(names))}>
                Keep, and compute again from position 0
              </button>
              <span class="soft">${bytes(this.#keptBytes(names))} a token</span>`
      }`;
  }

  /** Of each position, what keeping these besides takes. */
  #keptBytes(names: readonly string[]): number {
    const size = ({ axes }: TapInfo) => axes.reduce((all, axis) => all * (axis.size ?? 1), 1);
    const asked = this.toKeep(names);
    const isAsked = ({ name }: TapInfo) => asked.some((one) => isNamed(name, one));
    const taps = this.run.plan!.taps.filter((tap) => isAsked(tap) && !this.run.keeps(tap.name));
    return 4 * taps.reduce((sum, tap) => sum + size(tap), 0);
  }

  static override styles: CSSResultGroup = [
    controls,
    row,
    css`
      :host {
        container-type: inline-size;
        font-size: 13px;
      }
      p {
        margin: 0 0 0.5rem;
      }
      .empty {
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      .head {
        display: flex;
        align-items: flex-start;
        gap: 0.5rem;
        color: var(--ink-soft);
      }
      .head p {
        flex: 1;
        min-width: 0;
      }
      .head b {
        color: var(--ink);
      }
      .head button {
        flex: none;
        margin-top: -0.3rem;
      }
      button[aria-pressed='true'] {
        color: var(--accent);
        background: var(--accent-wash);
      }
      .soft {
        color: var(--ink-soft);
      }
    `,
  ];
}
