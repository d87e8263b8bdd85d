import { css, html, nothing, type PropertyValues, svg } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { cssColour } from '../../draw/colour-map.ts';
import { bytes as size, count, value } from '../../draw/format.ts';
import { logScale, onLogScale, type LogScale } from '../../draw/log-scale.ts';
import { type OpFacts, opWords } from '../../draw/op-words.ts';
import { dotRadius, type MapOp, type MapRow, planMap } from '../../draw/plan-map.ts';
import type { OpInfo } from '../../protocol.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import { factsOf, normsOf, timedWords } from './op-facts.ts';
import { WidthWatch } from './width-watch.ts';

type Heat = 'ms' | 'bytes' | 'norm';

interface View {
  ops: readonly OpInfo[];
  facts: OpFacts[];
  /** What an op is coloured by; not a number where there is none. */
  heat: readonly number[];
  scale: LogScale;
  cursor: number;
  selected: number;
  position: number;
  /** What was timed, in words. */
  timed: string;
}

const units = { ms: 'ms a pass', norm: 'norm' };

/** The plan as it runs: the residual stream, the branches off it, and every op on them. */
export class NiLabMap extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    heat: { state: true },
    pointed: { state: true },
  };
  declare heat: Heat;
  /** Under the mouse or the keys; null: the selected op is spoken of. */
  declare pointed: number | null;
  readonly #width = new WidthWatch(this);

  constructor() {
    super();
    this.heat = 'ms';
    this.pointed = null;
  }

  protected override async read(run: LabRun): Promise<View> {
    if (!run.times) await run.timeOps();
    const { ops, place, selection } = run;
    const { position } = selection;
    const facts = factsOf(run, position);
    const heat =
      this.heat === 'norm'
        ? await normsOf(run, position)
        : facts.map(({ ms, bytes }) => (this.heat === 'ms' ? ms : bytes));
    return {
      ops,
      facts,
      heat,
      scale: logScale(heat),
      cursor: place.cursor,
      selected: selection.op,
      position,
      timed: timedWords(run),
    };
  }

  /** What the run comes to is in sight. */
  protected override updated(changed: PropertyValues<this>) {
    const { view } = this;
    if (!changed.has('view') || !view) return;
    if (view.selected === (changed.get('view') as View | null)?.selected) return;
    const map = this.renderRoot.querySelector('.map');
    const mark = this.renderRoot.querySelector('.selected');
    if (!map || !mark) return;
    const { top, bottom } = mark.getBoundingClientRect();
    const frame = map.getBoundingClientRect();
    if (top < frame.top) map.scrollTop += top - frame.top - 20;
    if (bottom > frame.bottom) map.scrollTop += bottom - frame.bottom + 20;
  }

  protected override lead({ ops, facts, position }: View) {
    const all = facts.at(-1)!;
    return html`
      All ${ops.length} ops in the order in which they run, off the residual stream and back. Areas
      are the bytes that an op reads for token ${this.tokenAt(position)}: ${size(all.bytesSoFar)} in
      all, ${count(all.parametersSoFar)} parameters.
    `;
  }

  protected override draw(view: View) {
    const { ops, facts } = view;
    return html`
      <div class="row">
        <label class="row">
          Colour
          <select aria-label="Colour by" @change=${this.#colourBy}>
            ${(['ms', 'bytes', 'norm'] as const).map(
              (name) =>
                html`<option value=${name} ?selected=${name === this.heat}>${names[name]}</option>`,
            )}
          </select>
        </label>
        ${this.#legend(view)}
      </div>
      <p class="facts" role="status">${opWords(ops, facts, this.pointed ?? view.selected)}</p>
      ${this.#map(view)}
      <p class="soft under">${this.heat === 'norm' ? this.#normWords(view) : view.timed}</p>
    `;
  }

  #colourBy = (event: Event) => {
    this.heat = (event.target as HTMLSelectElement).value as Heat;
    this.readAgain();
  };

  #normWords({ position }: View) {
    return `Norms are of what each op left at token ${this.tokenAt(position)}. Ops whose output is
      no tap, or not computed yet, have none.`;
  }

  #legend({ scale, heat }: View) {
    if (!heat.some(Number.isFinite)) return html`<span class="soft">nothing to show yet</span>`;
    const ramp = Array.from({ length: 9 }, (_, i) => cssColour(i / 8, 'sequential')).join(', ');
    const { min, max } = scale;
    const words = (x: number) => (this.heat === 'bytes' ? size(x) : value(x, 3));
    return html`<span class="legend">
      ${words(min)}
      <span class="ramp" style="background: linear-gradient(to right, ${ramp})"></span>
      ${words(max)}${this.heat === 'bytes' ? '' : ` ${units[this.heat]}`}, logarithmic, middle
      ${words(Math.sqrt(min * max))}
    </span>`;
  }

  #map(view: View) {
    const { ops, facts } = view;
    const width = Math.max(240, this.#width.width);
    const wide = width >= 480;
    const left = 26;
    const right = wide ? 128 : 40;
    const layers = ops.reduce((most, { layer }) => Math.max(most, layer + 1), 0);
    const map = planMap(
      ops,
      facts.map(({ bytes }) => bytes),
      { left, width: width - left - right, boxHeight: layers > 12 ? 13 : 22, branchPerLine: !wide },
    );
    const top = 14;
    return html`<div
      class="map scrolls"
      tabindex="0"
      role="group"
      aria-label="Map of the ops. Arrow keys point at one, Enter looks at it."
      @keydown=${(event: KeyboardEvent) => this.#keydown(event, map.rows)}
      @pointerleave=${() => (this.pointed = null)}
      @blur=${() => (this.pointed = null)}
    >
      <svg
        width=${width}
        height=${map.height + top}
        viewBox="0 ${-top} ${width} ${map.height + top}"
        aria-hidden="true"
      >
        ${map.columns.map(({ name, x, width: own }) => {
          const words = name.replace(/^(attn|ffn)_/, '');
          return own < words.length * 6 + 2
            ? nothing
            : svg`<text class="column" x=${x + own / 2} y="-3">${words}</text>`;
        })}
        ${map.rows.map((row) => this.#row(row, view, width, wide))}
      </svg>
    </div>`;
  }

  #row(row: MapRow, view: View, width: number, wide: boolean) {
    const { facts, cursor } = view;
    const last = row.ops.at(-1)!.op;
    const { bytesSoFar, parametersSoFar } = facts[last]!;
    const share = `${((bytesSoFar / facts.at(-1)!.bytesSoFar) * 100).toFixed(0)} %`;
    const middle = row.y + 4;
    const words = wide ? `${share} · ${size(bytesSoFar)}` : share;
    const done = last < cursor ? 'done' : '';
    return svg`
      ${row.layer < 0 || facts[row.ops[0]!.op - 1] === undefined || view.ops[row.ops[0]!.op - 1]!.layer === row.layer ? nothing : svg`<text class="layer" x="20" y=${middle}>${row.layer}</text>`}
      <path class="spine ${done}" d=${row.spine}></path>
      ${row.branches.map((d) => svg`<path class="branch ${done}" d=${d}></path>`)}
      ${row.ops.map((op) => this.#op(op, view))}
      <text class="sum" x=${width} y=${middle}>${words}<title>up to here: ${count(bytesSoFar)} bytes, ${count(parametersSoFar)} parameters</title></text>
    `;
  }

  #op({ op, shape, x, y, width, height }: MapOp, { heat, scale, cursor, selected }: View) {
    const t = onLogScale(heat[op]!, scale);
    const fill = Number.isNaN(t) ? '' : `fill: ${cssColour(t, 'sequential')}`;
    const state = [
      shape,
      op < cursor ? 'ran' : '',
      op === selected ? 'selected' : '',
      op === this.pointed ? 'pointed' : '',
    ].join(' ');
    const centre = { x: x + width / 2, y: y + height / 2 };
    const mark =
      shape === 'box'
        ? svg`<rect class=${state} style=${fill} x=${x} y=${y} width=${width} height=${height}></rect>`
        : svg`<circle class=${state} style=${fill} cx=${centre.x} cy=${centre.y} r=${dotRadius}></circle>
            ${shape === 'sum' ? svg`<path class="plus" d="M ${centre.x - 2} ${centre.y} h 4 m -2 -2 v 4"></path>` : nothing}`;
    const here =
      op === cursor - 1
        ? svg`<path class="here" d="M ${x + width + 1} ${y - 3} v ${height + 6} m -3 0 h 6 m 0 ${-height - 6} h -6"></path>`
        : nothing;
    return svg`<g
      @click=${() => this.#look(op)}
      @pointerenter=${() => (this.pointed = op)}
    >${mark}<rect class="target" x=${x - 1} y=${y - 4} width=${width + 2} height=${height + 8}></rect>${here}</g>`;
  }

  #look(op: number) {
    const { layer } = this.run.ops[op]!;
    this.run.select({ op, ...(layer >= 0 ? { layer } : {}) });
  }

  #keydown(event: KeyboardEvent, rows: readonly MapRow[]) {
    const at = this.pointed ?? this.run.selection.op;
    const to = event.shiftKey ? null : moved(event.key, at, rows);
    if (to !== null) this.pointed = to;
    else if (event.key === 'Enter') this.#look(at);
    else return;
    event.preventDefault();
  }

  protected override table({ ops, facts, heat, position }: View): DataTable {
    return {
      caption: `Ops of the plan; bytes and multiply-adds for token ${this.tokenAt(position)}`,
      corner: 'Op',
      columns: [
        { label: 'Layer' },
        { label: 'Kind' },
        { label: 'Type' },
        { label: 'In' },
        { label: 'Out' },
        { label: 'Read', unit: 'bytes' },
        { label: 'Read so far', unit: 'bytes' },
        { label: 'Parameters so far' },
        { label: 'Multiply-adds' },
        { label: 'Time a pass', unit: 'ms' },
        ...(this.heat === 'norm' ? [{ label: 'Norm' }] : []),
      ],
      rows: ops.map(({ name, layer, kind, type, n_in, n_out }, op) => {
        const { bytes, bytesSoFar, parametersSoFar, macs, ms } = facts[op]!;
        const own = [bytes, bytesSoFar, parametersSoFar, macs].map(String);
        return {
          head: `${op + 1} ${name}`,
          cells: [
            ...[layer < 0 ? '' : layer, kind, type ?? '', n_in, n_out, ...own, known(ms)],
            ...(this.heat === 'norm' ? [known(heat[op]!)] : []),
          ],
        };
      }),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      label.row {
        margin: 0;
      }
      .legend {
        display: inline-flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.4rem;
        font: 12px/1.3 var(--mono);
        color: var(--ink-soft);
      }
      .ramp {
        width: 6rem;
        height: 10px;
        border: 1px solid var(--line);
      }
      .map {
        max-height: 36rem;
        overflow: auto;
      }
      svg {
        display: block;
        max-width: 100%;
        height: auto;
        overflow: visible;
      }
      text {
        font: 10px/1 var(--mono);
        fill: var(--ink-soft);
      }
      .column {
        text-anchor: middle;
      }
      .layer,
      .sum {
        text-anchor: end;
      }
      path {
        fill: none;
        stroke: var(--line);
      }
      .spine {
        stroke-width: 2.5;
      }
      .done {
        stroke: var(--ink-soft);
      }
      rect,
      circle {
        fill: var(--panel);
        stroke: var(--ink-soft);
        stroke-width: 0.75;
        stroke-dasharray: 2 2;
      }
      .ran {
        stroke-dasharray: none;
      }
      .plus {
        stroke: var(--ink);
        pointer-events: none;
      }
      .pointed {
        stroke: var(--ink);
        stroke-width: 1.5;
      }
      .selected {
        stroke: var(--signal);
        stroke-width: 2.5;
      }
      .here {
        stroke: var(--accent);
        stroke-width: 2;
      }
      .target {
        fill: transparent;
        stroke: none;
        cursor: pointer;
      }
      .facts {
        min-height: 2.6em;
      }
      .under {
        margin-top: 0.5rem;
      }
    `,
  ];
}

const names = { ms: 'time', bytes: 'bytes read', norm: 'norm of what it left' };

/** The op that a key leads to: along the plan, or to the same place in the next row. */
function moved(key: string, at: number, rows: readonly MapRow[]): number | null {
  const row = rows.findIndex(({ ops }) => ops.some(({ op }) => op === at));
  const column = at - rows[row]!.ops[0]!.op;
  const inRow = (to: number) => {
    const { ops } = rows[Math.max(0, Math.min(rows.length - 1, to))]!;
    return ops[Math.min(column, ops.length - 1)]!.op;
  };
  const last = rows.at(-1)!.ops.at(-1)!.op;
  if (key === 'ArrowRight') return Math.min(last, at + 1);
  if (key === 'ArrowLeft') return Math.max(0, at - 1);
  if (key === 'ArrowDown') return inRow(row + 1);
  if (key === 'ArrowUp') return inRow(row - 1);
  if (key === 'Home') return 0;
  if (key === 'End') return last;
  return null;
}

function known(x: number): number | string {
  return Number.isNaN(x) ? '' : x;
}

customElements.define('ni-lab-map', NiLabMap);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-map': NiLabMap;
  }
}
