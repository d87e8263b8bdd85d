import { css, html, nothing, svg } from 'lit';
import { EngineError } from '../../client/errors.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { hasNaive, type OpRows } from '../../client/naive-op.ts';
import { bytes as size, count, value } from '../../draw/format.ts';
import { opFormula } from '../../draw/op-formula.ts';
import { layerWords, widthWords } from '../../draw/op-words.ts';
import { workOf } from '../../op-work.ts';
import type { Cell, OpInfo } from '../../protocol.ts';
import { LabPanel, type Missing } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-naive.ts';
import './ni-source.ts';
import './ni-strip.ts';
import { elementsOf, explain, type Explanation, rowsOfOp, unexplained } from './op-explain.ts';
import { type OpTaps, tapsOf } from './op-taps.ts';
import { pointIn } from './pointer.ts';

interface View {
  op: number;
  info: OpInfo;
  position: number;
  taps: OpTaps;
  rows: OpRows;
  /** The element that is explained. */
  element: number;
  explanation: Explanation;
  edited: boolean;
  /** The kernel set in use. */
  kernels: string;
  /** Of the pass that computes the position; those that the op works on. */
  passRows: number;
}

const chartHeight = 90;

/** The selected op: its formula with its own numbers, its rows, and how one element comes about. */
export class NiLabOp extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    element: { state: true },
    block: { state: true },
    sourceOpen: { state: true },
  };
  declare element: number;
  /** Of a product: whose terms are shown. */
  declare block: number;
  declare sourceOpen: boolean;

  constructor() {
    super();
    this.element = 0;
    this.block = 0;
    this.sourceOpen = false;
  }

  protected override needs(run: LabRun) {
    const { op, position } = run.selection;
    const { inputs, output } = tapsOf(run, op);
    return [...inputs, output].filter(Boolean).map((tap) => ({ tap, position }));
  }

  protected override toKeep(missing: readonly string[]) {
    const { layer } = this.run.ops[this.run.selection.op]!;
    return layer < 0 ? missing : [`L.${layer}.*`];
  }

  protected override async read(run: LabRun): Promise<View> {
    const { op, position } = run.selection;
    const info = run.ops[op]!;
    const [rows, { kernels }] = await Promise.all([
      rowsOfOp(run, op, position),
      run.client.memory(),
    ]);
    const element = Math.min(this.element, elementsOf(info) - 1);
    const explanation = await explain(run, rows, element).catch((thrown: unknown) => {
      if (EngineError.from(thrown).code === 'not_recorded') {
        return unexplained(rows, EngineError.from(thrown).message);
      }
      throw thrown;
    });
    const taps = tapsOf(run, op);
    const edited = run.edits.length > 0;
    const passRows = passRowsOf(run, info);
    return { op, info, position, taps, rows, element, explanation, edited, kernels, passRows };
  }

  protected override lead({ op, info, position, kernels }: View) {
    const { bytes, macs } = workOf(info, { first: position, rows: 1, wantsLogits: true });
    return html`
      <b>${info.name}</b>, op ${op + 1} of ${this.run.ops.length}, ${layerWords(info)}: ${info.kind}
      ${widthWords(info)} ${info.type ?? ''}
      <span class="soft">
        ·
        ${bytes > 0 ? `reads ${size(bytes)}` : 'reads no weights'}${
          macs > 0 ? `, ${count(macs)} multiply-adds` : ''
        }
        for token ${this.tokenAt(position)}, by the ${kernels} kernels
      </span>
    `;
  }

  protected override draw(view: View) {
    const { info } = view;
    return html`
      <p class="formula">${opFormula(info, this.run.model!.info)}</p>
      ${this.#strips(view)} ${this.#explained(view)} ${this.#naive(view)} ${this.#source(view)}
    `;
  }

  /** Without its values an op still has its formula and its source. */
  protected override absent(missing: readonly Missing[]) {
    const { run } = this;
    const info = run.ops[run.selection.op]!;
    const { kernels } = run.model!.session;
    return html`
      <p>
        <b>${info.name}</b>, ${layerWords(info)}: ${info.kind} ${widthWords(info)}
        ${info.type ?? ''}
      </p>
      <p class="formula">${opFormula(info, run.model!.info)}</p>
      ${super.absent(missing)} ${this.#source({ info, kernels, passRows: passRowsOf(run, info) })}
    `;
  }

  #naive({ info, rows, element }: View) {
    if (!hasNaive(info.kind)) return nothing;
    const { head_dim, n_heads } = this.run.model!.info;
    const head = Math.min(n_heads - 1, Math.floor(element / head_dim));
    return html`<ni-naive .run=${this.run} .rows=${rows} .head=${head}></ni-naive>`;
  }

  // The source is fetched when it is first opened.
  #source({ info, kernels, passRows }: Pick<View, 'info' | 'kernels' | 'passRows'>) {
    const toggle = (event: Event) => (this.sourceOpen = (event.target as HTMLDetailsElement).open);
    return html`<details @toggle=${toggle}>
      <summary>The C++ lines that ran</summary>
      ${
        this.sourceOpen
          ? html`<ni-source
              .op=${info}
              .rows=${passRows}
              .kernels=${kernels}
              .ranIn=${this.run.recorded?.engine ?? null}
            ></ni-source>`
          : nothing
      }
    </details>`;
  }

  #strips({ info, taps, rows, element }: View) {
    const n = elementsOf(info);
    const strip = (name: string, values: Float32Array) =>
      html`<ni-strip
        .name=${name}
        .values=${values}
        .group=${this.#groupOf(name)}
        .chosen=${values.length === n ? element : 0}
        @pick=${(event: CustomEvent<number>) =>
          values.length === n ? this.#choose(event.detail) : undefined}
      ></ni-strip>`;
    return html`<div class="strips">
      <div>
        <h3>Reads</h3>
        ${
          info.kind === 'bias'
            ? html`<p class="soft">the product before it, which is no tap</p>`
            : rows.inputs.length === 0
              ? html`<p class="soft">the token’s id</p>`
              : rows.inputs.map((values, i) => strip(taps.inputs[i]!, values))
        }
      </div>
      <div>
        <h3>Leaves${this.#behind(taps.output)}</h3>
        ${
          rows.output
            ? strip(taps.output, rows.output)
            : html`<p class="soft">
                no tap:
                ${info.kind === 'kv_append' ? 'a slot of the cache' : 'codes for the products that follow'}
              </p>`
        }
      </div>
    </div>`;
  }

  /** Which later op completes the tap that this one works on: a bias, the sum of attention's parts. */
  #behind(tap: string): string {
    const { ops, selection } = this.run;
    const last = this.run.tap(tap)?.op ?? selection.op;
    return last === selection.op ? '' : `, behind ${ops[last]!.name}`;
  }

  #groupOf(name: string): number {
    const axes = this.run.tap(name)?.axes ?? [];
    return axes.length > 2 ? (axes.at(-1)!.size ?? 0) : 0;
  }

  #choose(element: number) {
    this.element = element;
    this.readAgain();
  }

  #explained({ info, element, explanation, edited }: View) {
    const { lines, found, cell } = explanation;
    return html`<section aria-label="How one element comes about">
      <h3>
        <label>
          Element
          <input
            type="number"
            min="0"
            max=${elementsOf(info) - 1}
            .value=${String(element)}
            @change=${this.#typed}
          />
        </label>
        of ${elementsOf(info)}
      </h3>
      <ol class="lines">
        ${lines.map((line) => html`<li>${line}</li>`)}
      </ol>
      ${found ? html`<p role="status">${agreement(found, edited)}</p>` : nothing}
      ${cell ? this.#product(cell) : nothing}
    </section>`;
  }

  #typed = (event: Event) => {
    const typed = (event.target as HTMLInputElement).valueAsNumber;
    if (Number.isInteger(typed)) this.#choose(Math.max(0, typed));
  };

  // ---- a product

  #product(cell: Cell) {
    const block = Math.min(this.block, cell.running.length - 1);
    const first = block * cell.block;
    const terms = Array.from(cell.weights.subarray(first, first + cell.block), (w, i) => ({
      w,
      x: cell.inputs[first + i]!,
    }));
    const before = block === 0 ? 0 : cell.running[block - 1]!;
    const minimum =
      cell.m[block]! === 0 ? '' : ` + ${six(cell.m[block]!)} · ${six(cell.s[block]!)}`;
    return html`
      ${this.#running(cell, block)}
      <p class="mono">
        block ${block}: ${six(before)} + (${six(cell.d[block]!)} · ${six(cell.a[block]!)}) ·
        ${six(cell.dot[block]!)}${minimum} = ${six(cell.running[block]!)}
      </p>
      <div class="terms scrolls" role="group" tabindex="0" aria-label="Products of block ${block}">
        ${terms.map(
          ({ w, x }, i) =>
            html`<span
              ><i>${first + i}</i> ${value(w, 4)} · ${value(x, 4)} = ${value(w * x, 5)}</span
            >`,
        )}
      </div>
    `;
  }

  #running({ running }: Cell, block: number) {
    const n = running.length;
    const low = Math.min(0, ...running);
    const high = Math.max(0, ...running);
    const y = (sum: number) => chartHeight * (1 - (sum - low) / (high - low || 1));
    const points = Array.from(running, (sum, b) => `${b + 1},${y(sum)}`).join(' ');
    return html`<div
      class="chart"
      role="slider"
      tabindex="0"
      aria-label="Block of the running sum"
      aria-valuemin="0"
      aria-valuemax=${n - 1}
      aria-valuenow=${block}
      aria-valuetext="block ${block}, running sum ${six(running[block]!)}"
      @keydown=${(event: KeyboardEvent) => this.#keydown(event, block, n)}
      @click=${(event: MouseEvent) => this.#clicked(event, n)}
    >
      <span class="ends mono"><span>${six(high)}</span><span>${six(low)}</span></span>
      <svg viewBox="0 0 ${n} ${chartHeight}" preserveAspectRatio="none" aria-hidden="true">
        <line class="zero" x1="0" x2=${n} y1=${y(0)} y2=${y(0)}></line>
        ${svg`<rect x=${block} width="1" y="0" height=${chartHeight}></rect>
          <polyline points="0,${y(0)} ${points}"></polyline>`}
      </svg>
    </div>`;
  }

  #clicked(event: MouseEvent, n: number) {
    this.block = Math.max(0, Math.min(n - 1, Math.floor(pointIn(event).across * n)));
  }

  #keydown(event: KeyboardEvent, block: number, n: number) {
    const steps: Record<string, number> = { ArrowRight: 1, ArrowLeft: -1, Home: -n, End: n };
    const step = event.shiftKey ? undefined : steps[event.key];
    if (step === undefined) return;
    event.preventDefault();
    this.block = Math.max(0, Math.min(n - 1, block + step));
  }

  protected override table({ explanation }: View): DataTable {
    return explanation.table;
  }

  static override styles = [
    LabPanel.styles,
    css`
      .formula,
      .lines,
      .terms {
        font: 12.5px/1.5 var(--mono);
        overflow-wrap: anywhere;
      }
      .formula {
        padding: 0.4rem 0.6rem;
        background: var(--well);
        border-radius: var(--radius);
      }
      h3 {
        margin: 0.5rem 0 0.3rem;
        font: 500 12px/1.4 var(--sans);
        color: var(--ink-soft);
      }
      h3 input {
        width: 5.5rem;
      }
      .strips {
        display: grid;
        gap: 0 1rem;
      }
      .strips > div {
        min-width: 0;
      }
      ni-strip {
        margin-bottom: 0.5rem;
      }
      .lines {
        margin: 0 0 0.5rem;
        padding-left: 1.4rem;
      }
      .chart {
        position: relative;
        height: ${chartHeight}px;
        margin-bottom: 0.5rem;
        border: 1px solid var(--line);
        cursor: crosshair;
      }
      .chart svg {
        width: 100%;
        height: 100%;
        display: block;
      }
      .ends {
        position: absolute;
        inset: 2px 4px;
        display: flex;
        flex-direction: column;
        justify-content: space-between;
        font-size: 10px;
        color: var(--ink-soft);
        pointer-events: none;
      }
      .ends span {
        align-self: flex-start;
        padding: 0 2px;
        background: color-mix(in srgb, var(--panel) 80%, transparent);
      }
      polyline,
      line {
        fill: none;
        stroke: var(--accent);
        stroke-width: 1.5;
        vector-effect: non-scaling-stroke;
      }
      .zero {
        stroke: var(--ink-soft);
        stroke-width: 1;
      }
      rect {
        fill: var(--signal-wash);
      }
      .terms {
        display: grid;
        grid-template-columns: repeat(auto-fill, minmax(15rem, 1fr));
        gap: 0 1rem;
        max-height: 13rem;
        overflow: auto;
        margin-bottom: 0.5rem;
      }
      .terms i {
        display: inline-block;
        min-width: 2.6em;
        color: var(--ink-soft);
        font-style: normal;
      }
      summary {
        cursor: pointer;
        font-weight: 500;
      }
      ni-source {
        margin-top: 0.5rem;
      }
      @container (min-width: 48rem) {
        .strips {
          grid-template-columns: 1fr 1fr;
        }
      }
    `,
  ];
}

/** Of the pass that computes the position, those that the op works on. */
function passRowsOf(run: LabRun, { logit_rows }: OpInfo): number {
  const { first, end } = run.passOf(run.selection.position);
  return logit_rows ? 1 : end - first;
}

const six = (x: number) => value(x, 6);

function agreement({ result, engine }: { result: number; engine: number }, edited: boolean) {
  if (Object.is(result, engine) || result === engine) {
    return `= ${six(engine)}, what the engine has, bit for bit.`;
  }
  const words = `${six(result)} here, ${six(engine)} in the engine`;
  const apart = Math.abs(result - engine) / Math.max(Math.abs(engine), 1e-30);
  if (apart < 1e-3) return `${words}: ${apart.toPrecision(2)} of it apart, by rounding.`;
  return edited
    ? `${words}: an edit has changed it.`
    : `${words}: ${(result - engine).toPrecision(3)} apart.`;
}

customElements.define('ni-lab-op', NiLabOp);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-op': NiLabOp;
  }
}
