import { css, html, LitElement, nothing } from 'lit';
import type { LabRun, StepUnit } from '../../client/lab-run.ts';
import { hitWords } from '../../draw/break-words.ts';
import { cursorWords, positionWords } from '../../draw/place-words.ts';
import { icons } from '../icons.ts';
import { controls } from '../shared-styles.ts';
import { RunWatch } from './run-watch.ts';

const units: readonly StepUnit[] = ['op', 'layer', 'token'];
const speeds = [0.25, 0.5, 1, 2, 4, 8, Infinity];

/**
 * Moves the run: steps, playing, going back; and says where it stands.
 * @fires step - detail: StepUnit
 * @fires play-or-pause
 * @fires unit-change - detail: StepUnit, by which playing steps
 * @fires open-breaks
 */
export class NiTransport extends LitElement {
  static override properties = {
    run: { attribute: false },
    unit: { attribute: false },
    more: { state: true },
  };
  declare run: LabRun;
  /** Playing steps by this. */
  declare unit: StepUnit;
  /** Where it is narrow: what is needed less often is there too. */
  declare more: boolean;
  #nTokens = 20;

  constructor() {
    super();
    this.unit = 'token';
    this.more = false;
    new RunWatch(this);
  }

  override render() {
    const { more } = this;
    return html`<div class="buttons ${more ? 'all' : ''}" role="group" aria-label="Transport">
        ${this.#movement()} ${this.#steps()}
        <button
          class="more"
          aria-label="More of the transport"
          aria-expanded=${more ? 'true' : 'false'}
          @click=${() => (this.more = !more)}
        >
          ${icons.more}
        </button>
        ${this.#playing()}
      </div>
      ${this.#where()}`;
  }

  #movement() {
    const { run } = this;
    const { playing } = run;
    return html`<div class="group">
      <button
        aria-label="Restart"
        title="Restart: back to the beginning (R)"
        ?disabled=${!run.plan}
        @click=${() => void run.restart()}
      >
        ${icons.restart}
      </button>
      <button
        aria-label="Back"
        title="Back to before the last step (Backspace)"
        ?disabled=${!run.plan || !run.canGoBack}
        @click=${() => void run.back()}
      >
        ${icons.back}
      </button>
      <button
        class="primary play"
        title="${playing ? 'Pause' : 'Play'} (Space)"
        ?disabled=${!run.plan}
        @click=${() => this.#fire('play-or-pause')}
      >
        ${playing ? icons.pause : icons.play}<span>${playing ? 'Pause' : 'Play'}</span>
      </button>
    </div>`;
  }

  #steps() {
    const { run } = this;
    const keys: Record<StepUnit, string> = { op: 'F10', layer: 'F11', token: 'K' };
    return html`<div class="group" role="group" aria-label="Step">
      <span class="label" aria-hidden="true">Step</span>
      ${units.map(
        (unit) =>
          html`<button
            aria-label="Step ${unit}"
            title="One ${unit} on (${keys[unit]})"
            ?disabled=${!run.plan}
            @click=${() => this.#fire('step', unit)}
          >
            ${unit}
          </button>`,
      )}
    </div>`;
  }

  #playing() {
    const { run } = this;
    return html`<div class="group besides">
        <label>
          <span class="label">Play by</span>
          <select
            @change=${(event: Event) => this.#chooseUnit((event.target as HTMLSelectElement).value)}
          >
            ${units.map(
              (unit) =>
                html`<option value=${unit} ?selected=${unit === this.unit}>${unit}</option>`,
            )}
          </select>
        </label>
        <label>
          <span class="label">at</span>
          <select aria-label="Speed" @change=${this.#chooseSpeed}>
            ${speeds.map(
              (speed, at) =>
                html`<option value=${at} ?selected=${speed === run.speed}>
                  ${speed === Infinity ? 'as fast as panels show' : `${speed} a second`}
                </option>`,
            )}
          </select>
        </label>
      </div>
      <form class="group besides" @submit=${this.#runTokens}>
        <button ?disabled=${!run.plan || run.playing !== null}>Run</button>
        <input
          type="number"
          min="1"
          max="9999"
          required
          aria-label="Tokens to run"
          .value=${String(this.#nTokens)}
        />
        <span class="soft">tokens</span>
      </form>
      <button
        class="breaks besides"
        title=${run.recorded ? 'Breaks need the model' : 'Breaks (B)'}
        ?disabled=${run.recorded !== null}
        @click=${() => this.#fire('open-breaks')}
      >
        Breaks${run.breaks.length > 0 ? html` <b>on</b>` : nothing}
      </button>`;
  }

  #where() {
    const { run } = this;
    const { first, end, cursor } = run.place;
    if (!run.plan || end === 0) return html`<p class="place mono">No run yet</p>`;
    return html`<div class="where">
      <p
        class="place mono"
        role="status"
        aria-label="Where the run stands"
        aria-live=${run.playing ? 'off' : 'polite'}
      >
        <b>${positionWords(run.tokens, first, end)}</b> · ${cursorWords(run.ops, cursor)}
        ${this.#remark()}
      </p>
      <progress aria-label="Ops of this pass" max=${run.ops.length} value=${cursor}></progress>
    </div>`;
  }

  /** What there is to say besides: the work that is being done again, or why the run stands here. */
  #remark() {
    const { progress, hit, breaks, ops, tokens, note, ended, complete, recorded } = this.run;
    if (progress) {
      return html`<span class="remark"
        >· computing again: token ${progress.done} of ${progress.tokens}</span
      >`;
    }
    if (hit) return html`<span class="hit">· ${hitWords(hit, breaks, ops, tokens)}</span>`;
    if (note) return html`<span class="remark">· ${note}</span>`;
    const words = recorded ? 'the recording ends here' : 'the text has ended';
    return ended && complete ? html`<span class="remark">· ${words}</span>` : nothing;
  }

  #chooseUnit(value: string) {
    this.#fire(
      'unit-change',
      units.find((unit) => unit === value),
    );
  }

  #chooseSpeed = (event: Event) => {
    this.run.speed = speeds[Number((event.target as HTMLSelectElement).value)]!;
  };

  #runTokens = (event: Event) => {
    event.preventDefault();
    const input = this.renderRoot.querySelector<HTMLInputElement>('input')!;
    if (!input.reportValidity()) return;
    this.#nTokens = input.valueAsNumber;
    void this.run.runTokens(this.#nTokens);
  };

  #fire(name: string, detail?: unknown) {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  static override styles = [
    controls,
    css`
      :host {
        display: grid;
        gap: 0.55rem;
      }
      .buttons,
      .group,
      label {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
      }
      .buttons {
        gap: 0.5rem 1.1rem;
      }
      .group {
        gap: 0.3rem;
      }
      label {
        gap: 0.4rem;
      }
      button {
        background: var(--panel);
        white-space: nowrap;
      }
      button:has(svg) {
        display: inline-flex;
        align-items: center;
        justify-content: center;
        gap: 0.4rem;
      }
      .play {
        min-width: 5.6rem;
      }
      .more.more {
        display: none;
      }
      select {
        padding: 0.3rem 0.3rem;
        min-height: 2rem;
      }
      input {
        width: 4.2rem;
        min-height: 2rem;
      }
      .soft {
        font-size: 13px;
        color: var(--ink-soft);
      }
      .breaks {
        margin-left: auto;
      }
      .breaks b,
      .hit {
        color: var(--signal);
      }
      .where {
        display: grid;
        gap: 0.35rem;
      }
      .place {
        margin: 0;
        font-size: 13px;
        line-height: 1.4;
        color: var(--ink-soft);
        overflow-wrap: anywhere;
      }
      .place b {
        color: var(--ink);
        font-weight: 600;
      }
      :host([presenting]) .besides {
        display: none;
      }
      @media (max-width: 640px) {
        .buttons {
          gap: 0.4rem;
          justify-content: space-between;
        }
        .buttons button {
          padding-inline: 0.55rem;
        }
        .play {
          min-width: 2.6rem;
        }
        .play span,
        [role='group'] .label,
        .buttons:not(.all) .besides {
          display: none;
        }
        .more.more {
          display: inline-flex;
        }
        .place {
          font-size: 12px;
        }
      }
      progress {
        appearance: none;
        display: block;
        width: 100%;
        height: 3px;
        border: 0;
        background: var(--well);
      }
      progress::-webkit-progress-bar {
        background: var(--well);
      }
      progress::-webkit-progress-value {
        background: var(--accent);
      }
      progress::-moz-progress-bar {
        background: var(--accent);
      }
    `,
  ];
}

customElements.define('ni-transport', NiTransport);

declare global {
  interface HTMLElementTagNameMap {
    'ni-transport': NiTransport;
  }
}
