import { css, html, svg } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { largest, signedBar } from '../../draw/bars.ts';
import { scaleOf } from '../../draw/colour-map.ts';
import { count, value } from '../../draw/format.ts';
import type { Edit } from '../../protocol.ts';
import { engineActs } from './engine-acts.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-heat-map.ts';
import './ni-panel-edits.ts';

const tapNames = ['gate', 'up', 'act'] as const;
type TapName = (typeof tapNames)[number];

interface View {
  layer: number;
  position: number;
  /** (d_ffn) each. */
  gate: Float32Array;
  up: Float32Array;
  act: Float32Array;
  /** Neurons, the largest |act| first. */
  sorted: Uint32Array;
}

const columns = 48;
const nTop = 12;
const curvePoints = 300;

const concerns = (edit: Edit) => 'site' in edit && /\.(gate|up|act)$/.test(edit.site);

/** The neurons of one layer at one position. */
export class NiLabMlp extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    shown: { state: true },
    inOrder: { state: true },
    threshold: { state: true },
  };
  declare shown: TapName;
  /** By number, and not by |act|. */
  declare inOrder: boolean;
  declare threshold: number;

  constructor() {
    super();
    this.shown = 'act';
    this.inOrder = false;
    this.threshold = 0.1;
  }

  protected override needs({ selection: { layer, position } }: LabRun) {
    return tapNames.map((name) => ({ tap: `L.${layer}.${name}`, position }));
  }

  protected override async read(run: LabRun): Promise<View> {
    const { layer, position } = run.selection;
    const [gate, up, act] = await Promise.all(
      tapNames.map(async (name) => (await run.read(`L.${layer}.${name}`, position)).data),
    );
    const sorted = Uint32Array.from(act!.keys()).sort(
      (a, b) => Math.abs(act![b]!) - Math.abs(act![a]!) || a - b,
    );
    return { layer, position, gate: gate!, up: up!, act: act!, sorted };
  }

  // ---- the picture

  protected override lead({ layer, position, act }: View) {
    return html`
      Layer ${layer} at ${this.tokenAt(position)}: act = SiLU(gate) · up, SiLU(x) = x / (1 +
      e<sup>−x</sup>), for each of ${count(act.length)} neurons; ffn_down adds them up.
    `;
  }

  protected override draw(view: View) {
    const { act } = view;
    return html`
      <div class="two">
        <div>${this.#sparsity(view)}</div>
        ${this.#top(view)}
      </div>
      ${this.#grid(view)}
      ${engineActs(
        this.run,
        html`<form class="row acts" @submit=${(event: SubmitEvent) => this.#zeroRange(event, view)}>
          <label>
            Zero neurons
            <input name="first" type="number" min="0" max=${act.length - 1} value="0" required />
          </label>
          <label>
            to <input name="last" type="number" min="0" max=${act.length - 1} value="0" required />
          </label>
          <button>Zero</button>
        </form>`,
      )}
      <ni-panel-edits .run=${this.run} .concerns=${concerns}></ni-panel-edits>
    `;
  }

  #sparsity({ act, sorted }: View) {
    const { threshold } = this;
    const below = act.reduce((n, x) => n + (Math.abs(x) < threshold ? 1 : 0), 0);
    return html`
      <p>
        <b>${((below / act.length) * 100).toFixed(1)} %</b> of |act| lie below
        <input
          type="number"
          aria-label="Threshold"
          min="0"
          step="any"
          .value=${String(threshold)}
          @change=${(event: Event) => {
            const { valueAsNumber } = event.target as HTMLInputElement;
            if (valueAsNumber >= 0) this.threshold = valueAsNumber;
          }}
        />
        (${count(below)} of ${count(act.length)}).
      </p>
      ${this.#curve(act, sorted)}
    `;
  }

  /** |act| from the largest to the smallest, and the threshold. */
  #curve(act: Float32Array, sorted: Uint32Array) {
    const n = Math.min(curvePoints, sorted.length);
    const most = Math.abs(act[sorted[0]!]!) || 1;
    const y = (x: number) => 100 - (Math.min(x, most) / most) * 98;
    const points = Array.from({ length: n }, (_, i) => {
      const rank = Math.round((i / Math.max(1, n - 1)) * (sorted.length - 1));
      return `${((i / Math.max(1, n - 1)) * 600).toFixed(1)} ${y(Math.abs(act[sorted[rank]!]!)).toFixed(1)}`;
    });
    return html`<div class="curve">
      <svg
        viewBox="0 0 600 100"
        preserveAspectRatio="none"
        role="img"
        aria-label="Sizes of act from the largest, ${value(most)}, to the smallest"
      >
        ${svg`<path class="area" d="M0 100L${points.join('L')}L600 100z"></path>
          <line x1="0" x2="600" y1=${y(this.threshold)} y2=${y(this.threshold)}></line>`}
      </svg>
      <div class="ranks mono">
        ${[0, 1, 2, 3, 4].map((i) => html`<span>${Math.round((i / 4) * (sorted.length - 1))}</span>`)}
      </div>
      <span>|act| by rank, the largest ${value(most)}; line: the threshold</span>
    </div>`;
  }

  #top({ layer, gate, up, act, sorted }: View) {
    const top = [...sorted.subarray(0, nTop)];
    const most = largest(top.map((at) => act[at]!));
    return html`<div class="scroll scrolls" tabindex="0" role="region" aria-label="Largest neurons">
      <table>
        <thead>
          <tr>
            <th scope="col">neuron</th>
            <th scope="col">gate</th>
            <th scope="col">up</th>
            <th scope="col">act</th>
            <td></td>
            <th scope="col"><span class="unseen">Zero</span></th>
          </tr>
        </thead>
        <tbody>
          ${top.map(
            (at) =>
              html`<tr>
                <th scope="row">${at}</th>
                <td>${value(gate[at]!)}</td>
                <td>${value(up[at]!)}</td>
                <td>${value(act[at]!)}</td>
                <td class="signed">
                  <i class=${act[at]! < 0 ? 'minus' : ''} style=${signedBar(act[at]!, most)}></i>
                </td>
                <td>
                  <button
                    class="plain"
                    ?disabled=${this.run.recorded !== null}
                    aria-label="Zero neuron ${at}"
                    @click=${() => this.#zero(layer, at, at + 1)}
                  >
                    zero
                  </button>
                </td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  /** All neurons, `columns` a row. */
  #grid(view: View) {
    const { sorted, layer } = view;
    const all = view[this.shown];
    const order = this.inOrder ? [...all.keys()] : [...sorted];
    const rows = Math.ceil(all.length / columns);
    const values = new Float32Array(rows * columns).fill(NaN);
    order.forEach((neuron, i) => (values[i] = all[neuron]!));
    const what = this.inOrder ? 'neuron' : 'rank';
    return html`
      <div class="row">
        <span role="group" aria-label="Tap">
          ${tapNames.map(
            (name) =>
              html`<button
                class="plain"
                aria-pressed=${name === this.shown ? 'true' : 'false'}
                @click=${() => (this.shown = name)}
              >
                ${name}
              </button>`,
          )}
        </span>
        <label>
          <input
            type="checkbox"
            .checked=${this.inOrder}
            @change=${(event: Event) => (this.inOrder = (event.target as HTMLInputElement).checked)}
          />
          by number, not by |act|
        </label>
      </div>
      <ni-heat-map
        .heat=${{
          label: `L.${layer}.${this.shown}`,
          rows: Array.from({ length: rows }, (_, i) => `${what} ${i * columns}`),
          columns: Array.from({ length: columns }, (_, i) => `+${i}`),
          rowName: 'from',
          columnName: 'plus',
          values,
          scale: scaleOf(all, 'diverging'),
          words: (row: number, column: number) => {
            const at = order[row * columns + column];
            if (at === undefined) return 'No neuron.';
            const { gate, up, act } = view;
            return `Neuron ${at}: gate ${value(gate[at]!)}, up ${value(up[at]!)}, act ${value(act[at]!)}.`;
          },
        }}
      ></ni-heat-map>
    `;
  }

  // ---- what can be done

  #zero(layer: number, first: number, end: number) {
    const edit: Edit = { do: 'zero', site: `L.${layer}.act`, range: [first, end] };
    void this.run.setEdits((edits) => [...edits, edit]);
  }

  #zeroRange(event: SubmitEvent, { layer }: View) {
    event.preventDefault();
    const { elements } = event.target as HTMLFormElement;
    const ends = ['first', 'last'].map(
      (name) => (elements.namedItem(name) as HTMLInputElement).valueAsNumber,
    );
    this.#zero(layer, Math.min(...ends), Math.max(...ends) + 1);
  }

  // ---- the numbers

  protected override table({ layer, position, gate, up, act, sorted }: View): DataTable {
    const order = this.inOrder ? [...act.keys()] : [...sorted];
    return {
      caption: `Neurons of layer ${layer} at ${this.tokenAt(position)}, ${this.inOrder ? 'by number' : 'the largest |act| first'}`,
      corner: 'Neuron',
      columns: tapNames.map((name) => ({
        label: name,
        unit: this.run.tap(`L.${layer}.${name}`)!.unit,
      })),
      rows: order.map((at) => ({ head: String(at), cells: [gate[at]!, up[at]!, act[at]!] })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      input[type='number'] {
        width: 5rem;
        padding: 0.2rem 0.3rem;
      }
      .two {
        display: grid;
        gap: 0 2rem;
      }
      .curve {
        margin-bottom: 0.6rem;
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      svg {
        display: block;
        width: 100%;
        height: 90px;
        background: var(--well);
      }
      .ranks {
        display: flex;
        justify-content: space-between;
      }
      @container (min-width: 46rem) {
        .two {
          grid-template-columns: minmax(0, 1fr) auto;
        }
        svg {
          height: 210px;
        }
      }
      .area {
        fill: var(--accent);
        fill-opacity: 0.45;
        stroke: var(--accent);
        vector-effect: non-scaling-stroke;
      }
      line {
        stroke: var(--signal);
        stroke-width: 1.5;
        stroke-dasharray: 5 4;
        vector-effect: non-scaling-stroke;
      }
      .scroll {
        overflow-x: auto;
        margin-bottom: 0.8rem;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font: 12px/1.3 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 1px 8px 1px 0;
        font-weight: 400;
        text-align: right;
      }
      thead th {
        color: var(--ink-soft);
      }
      /* Of zero. */
      .signed {
        position: relative;
        width: 100%;
        min-width: 3rem;
        background: linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;
      }
      i {
        position: absolute;
        inset-block: 25%;
        background: var(--accent);
      }
      .minus {
        background: var(--signal);
      }
      td .plain {
        padding: 0 0.3rem;
        min-height: 1.5rem;
        font-size: 11px;
      }
      .acts {
        margin-top: 0.7rem;
        border-top: 1px solid var(--line);
        padding-top: 0.6rem;
      }
      .unseen {
        position: absolute;
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        overflow: hidden;
      }
    `,
  ];
}

customElements.define('ni-lab-mlp', NiLabMlp);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-mlp': NiLabMlp;
  }
}
