import { css, html, LitElement, type PropertyValues } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { value } from '../../draw/format.ts';
import { thetaOf } from '../../draw/rope.ts';
import type { Edit } from '../../protocol.ts';
import { controls, row } from '../shared-styles.ts';
import { engineActs } from './engine-acts.ts';

/**
 * The base of RoPE's angles: a slider whose value the engine takes once it is let go.
 * @fires hold - detail: the theta that a hand holds, or that is still being computed; null: none is
 */
export class NiTheta extends LitElement {
  static override properties = {
    run: { attribute: false },
    seen: { attribute: false },
    held: { attribute: false },
  };
  declare run: LabRun;
  /** What was read last, by the theta that was in force then. */
  declare seen: { theta: number };
  /** As `hold` told it. */
  declare held: number | null;
  /** Changes that the engine still computes. */
  #setting = 0;
  #isDown = false;

  constructor() {
    super();
    this.held = null;
  }

  protected override willUpdate(changed: PropertyValues<this>) {
    const isReadAnew = changed.get('seen') !== undefined;
    if (isReadAnew && !this.#isDown && this.#setting === 0) this.#hold(null);
  }

  #hold(theta: number | null) {
    if (theta === this.held) return;
    this.held = theta;
    this.dispatchEvent(new CustomEvent('hold', { detail: theta }));
  }

  async #set(theta: number) {
    const { rope_theta } = this.run.model!.info;
    const own: Edit[] = theta === rope_theta ? [] : [{ do: 'rope_theta', theta }];
    this.#hold(theta);
    this.#setting += 1;
    await this.run.setEdits((edits) => [
      ...edits.filter((edit) => edit.do !== 'rope_theta'),
      ...own,
    ]);
    this.#setting -= 1;
  }

  /** Where the slider is back, there is no `change`; one that there is comes before this. */
  #letGo = () => {
    this.#isDown = false;
    setTimeout(() => {
      const { model, edits } = this.run;
      const isToBeRead = model && thetaOf(edits, model.info) !== this.seen.theta;
      if (this.#setting === 0 && !isToBeRead) this.#hold(null);
    });
  };

  override render() {
    const { rope_theta } = this.run.model!.info;
    const theta = this.held ?? this.seen.theta;
    const at = ({ target }: Event) =>
      Number((10 ** (target as HTMLInputElement).valueAsNumber).toPrecision(4));
    const acts = html`<div class="row">
      <label>
        θ
        <input
          type="range"
          aria-label="Theta, as a power of ten"
          min="1"
          max="7"
          step="0.05"
          .value=${String(Math.log10(theta))}
          aria-valuetext=${value(theta)}
          @input=${(event: Event) => this.#hold(at(event))}
          @change=${(event: Event) => void this.#set(at(event))}
          @pointerdown=${() => (this.#isDown = true)}
          @pointerup=${this.#letGo}
          @pointercancel=${this.#letGo}
          @keyup=${this.#letGo}
          @blur=${this.#letGo}
        />
      </label>
      <output class="mono">${value(theta, 6)}</output>
      <button ?disabled=${theta === rope_theta} @click=${() => void this.#set(rope_theta)}>
        The model’s own, ${value(rope_theta, 6)}
      </button>
    </div>`;
    return engineActs(this.run, acts);
  }

  static override styles = [
    controls,
    row,
    css`
      .row {
        border-top: 1px solid var(--line);
        padding-top: 0.6rem;
      }
      input {
        vertical-align: middle;
        accent-color: var(--accent);
        padding: 0;
      }
    `,
  ];
}

customElements.define('ni-theta', NiTheta);

declare global {
  interface HTMLElementTagNameMap {
    'ni-theta': NiTheta;
  }
}
