import { css, html, nothing, type TemplateResult } from 'lit';
import { attentionRow } from '../../client/cached-reads.ts';
import { HeadRows, scoreNames, type ScoreName } from '../../client/head-rows.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { value } from '../../draw/format.ts';
import { groupColour } from '../../draw/group-colours.ts';
import type { AttentionRow, Edit, TokenPiece } from '../../protocol.ts';
import { LabPanel } from './lab-panel.ts';
import './ni-attention-arcs.ts';
import './ni-attention-stages.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-head-acts.ts';
import './ni-head-grid.ts';
import type { HeadPicture } from './ni-head-grid.ts';
import './ni-heat-map.ts';
import './ni-panel-edits.ts';

const modes = [
  ['arcs', 'Arcs'],
  ['stages', 'Stages'],
  ['head', 'One head'],
  ['layer', 'Heads of the layer'],
  ['all', 'All heads'],
] as const;
type Mode = (typeof modes)[number][0];

/** Most positions that a matrix shows: the newest up to the chosen one. */
const most = { head: 200, layer: 48, all: 24 } as const;

const shades = [1, 0.3, 0.1, 0.03];

const scoreWords: Record<ScoreName, string> = {
  first: 'to position 0',
  before: 'to the position before',
  itself: 'to itself',
  repeat: 'behind earlier copies of the token',
};

interface View {
  row: AttentionRow;
  tokens: readonly TokenPiece[];
  mode: Mode;
  /** Positions [first, end) that a matrix shows. */
  first: number;
  end: number;
  /** (n, n) of the chosen head. */
  square: Float32Array | null;
  heads: HeadPicture[];
  /** Rows of heads that are not there: it was stopped. */
  partial: boolean;
}

const concerns = (edit: Edit) =>
  edit.do === 'mask' || ('site' in edit && /\.z$/.test(edit.site) && edit.do !== 'patch');

/** Where a head looks from the chosen position, and how its probabilities come about. */
export class NiLabAttention extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    mode: { state: true },
    score: { state: true },
    shadedTo: { state: true },
    progress: { state: true },
  };
  declare mode: Mode;
  declare score: ScoreName;
  /** The probability with the strongest shade: many heads spread thin. */
  declare shadedTo: number;
  /** Rows asked for, while they are. */
  declare progress: { done: number; all: number } | null;
  #rows: HeadRows | null = null;
  #filling = new AbortController();

  constructor() {
    super();
    this.mode = 'arcs';
    this.score = 'first';
    this.shadedTo = 0.3;
    this.progress = null;
  }

  protected override needs(run: LabRun) {
    const { layer, position } = run.selection;
    const z = { tap: `L.${layer}.z`, position };
    if (run.held(z.tap, position) === 'not yet') return [z];
    return [{ tap: `L.${layer}.q_rot`, position }];
  }

  protected override async read(run: LabRun): Promise<View> {
    const { layer, head, position } = run.selection;
    const { mode, tokens } = { mode: this.mode, tokens: run.tokens };
    const { n_heads, n_layers, n_kv_heads } = run.model!.info;
    this.#filling.abort();
    this.#filling = new AbortController();
    const row = await attentionRow(run, layer, head, position);
    const view: View = {
      ...{ row, tokens, mode, first: 0, end: position + 1 },
      ...{ square: null, heads: [], partial: false },
    };
    if (mode === 'arcs' || mode === 'stages') return view;
    const layers = mode === 'all' ? [...Array(n_layers).keys()] : [layer];
    const all = layers.flatMap((layer) =>
      [...Array(n_heads).keys()].map((head) => ({ layer, head })),
    );
    const heads = (mode === 'head' ? [{ layer, head }] : all).filter(
      ({ layer }) =>
        run.held(`L.${layer}.z`, position) !== 'not yet' &&
        run.held(`L.${layer}.q_rot`, position) === 'kept',
    );
    const { end } = view;
    let first = Math.max(0, end - most[mode]);
    while (heads.some(({ layer }) => run.held(`L.${layer}.q_rot`, first) !== 'kept')) ++first;
    const rows = (this.#rows ??= new HeadRows(run));
    const { signal } = this.#filling;
    await rows.fill(heads, first, end, {
      signal,
      onProgress: (done, of) => (this.progress = signal.aborted ? null : { done, all: of }),
    });
    this.progress = null;
    const n = end - first;
    return {
      ...view,
      first,
      square: mode === 'head' ? rows.square({ layer, head }, first, n) : null,
      heads:
        mode === 'head'
          ? []
          : heads.map((one) => ({
              ...one,
              kvHead: Math.floor((one.head * n_kv_heads) / n_heads),
              square: rows.square(one, first, n),
              n,
              score: rows.mean(one, this.score, first, end),
            })),
      partial: signal.aborted,
    };
  }

  #show(change: { mode?: Mode; score?: ScoreName }) {
    Object.assign(this, change);
    this.readAgain();
  }

  // ---- the picture

  protected override lead({ row }: View) {
    const { head_dim } = this.run.model!.info;
    return html`
      Layer ${row.layer}, head ${row.head} at ${this.tokenAt(row.position)}: p = softmax(q·k /
      √${head_dim}) over ${row.probs.length} ${row.probs.length === 1 ? 'position' : 'positions'},
      then z = Σ p·v.
      ${
        this.run.hooks?.replacesAttention(row.layer)
          ? 'Your code has put its own z in the place of that: this is the engine’s.'
          : nothing
      }
    `;
  }

  protected override draw(view: View) {
    return html`
      ${this.#headStrip(view)}
      <div class="row" role="group" aria-label="What is shown">
        ${modes.map(
          ([mode, words]) =>
            html`<button
              class="plain"
              aria-pressed=${this.mode === mode ? 'true' : 'false'}
              @click=${() => this.#show({ mode })}
            >
              ${words}
            </button>`,
        )}
      </div>
      ${this.#progress(view)} ${this.#picture(view)}
      <ni-head-acts .run=${this.run} .row=${view.row}></ni-head-acts>
      <ni-panel-edits .run=${this.run} .concerns=${concerns}></ni-panel-edits>
    `;
  }

  /** Query heads with the key/value head that they share. */
  #headStrip({ row }: View) {
    const { n_heads, n_kv_heads } = this.run.model!.info;
    const perGroup = n_heads / n_kv_heads;
    return html`<div class="strip" role="group" aria-label="Heads by the KV head they share">
      ${Array.from(
        { length: n_kv_heads },
        (_, kv) =>
          html`<span class="group" style="--group: ${groupColour(kv)}">
            <span class="kv">KV ${kv}</span>
            ${Array.from({ length: perGroup }, (_, i) => {
              const head = kv * perGroup + i;
              return html`<button
                aria-pressed=${head === row.head ? 'true' : 'false'}
                aria-label="Head ${head}, KV head ${kv}"
                @click=${() => this.run.select({ head })}
              >
                ${head}
              </button>`;
            })}
          </span>`,
      )}
    </div>`;
  }

  #progress({ partial }: View) {
    if (this.progress) {
      const { done, all } = this.progress;
      return html`<div class="row">
        <progress aria-label="Rows of heads" max=${all} value=${done}></progress>
        <span class="mono">${done} of ${all} rows</span>
        <button @click=${() => this.#filling.abort()}>Stop</button>
      </div>`;
    }
    return partial
      ? html`<div class="row">
          <span>Stopped: some rows are missing.</span>
          <button @click=${() => this.readAgain()}>Go on</button>
        </div>`
      : nothing;
  }

  #picture(view: View): TemplateResult {
    const { row, tokens, mode, square, heads } = view;
    if (mode === 'stages') {
      return html`<ni-attention-stages
        .row=${row}
        .tokens=${tokens}
        .headDim=${this.run.model!.info.head_dim}
        .fixed=${this.run.recorded !== null}
        @hide=${(event: CustomEvent<number>) => this.#hide(view, event.detail)}
      ></ni-attention-stages>`;
    }
    if (mode === 'arcs') {
      return html`<ni-attention-arcs
        .row=${row}
        .tokens=${tokens}
        @pick=${(event: CustomEvent<number>) => this.run.select({ position: event.detail })}
      ></ni-attention-arcs>`;
    }
    return square ? this.#matrix(view, square) : this.#grid(view, heads);
  }

  #matrix({ row, first, end }: View, values: Float32Array) {
    const labels = Array.from({ length: end - first }, (_, i) => this.tokenAt(first + i));
    return html`
      <p class="soft">
        Queries ${first} to ${end - 1} down, keys across; a row sums to
        1${first > 0 ? `, with the keys before ${first}, which are not shown` : ''}. Enter or a
        click looks from that row. ${this.#shade()}
      </p>
      <ni-heat-map
        .heat=${{
          label: `Probabilities of layer ${row.layer}, head ${row.head}`,
          rows: labels,
          columns: labels,
          rowName: 'query',
          columnName: 'key',
          values,
          scale: { kind: 'sequential', min: 0, max: this.shadedTo },
        }}
        @pick=${(event: CustomEvent<[number, number]>) =>
          this.run.select({ position: first + event.detail[0] })}
      ></ni-heat-map>
    `;
  }

  #shade() {
    return html`<label>
        Shaded from 0 to
        <select
          @change=${(event: Event) =>
            (this.shadedTo = Number((event.target as HTMLSelectElement).value))}
        >
          ${shades.map(
            (p) => html`<option value=${p} ?selected=${p === this.shadedTo}>${p}</option>`,
          )}
        </select></label
      >.`;
  }

  #grid({ row, first, end, mode }: View, heads: HeadPicture[]) {
    return html`
      <p class="soft">
        ${mode === 'all' ? 'All heads that have run' : `The heads of layer ${row.layer}`}, positions
        ${first} to ${end - 1}. ${this.#shade()} Under each: its mean probability
        <select
          aria-label="Score of a head"
          @change=${(event: Event) =>
            this.#show({ score: (event.target as HTMLSelectElement).value as ScoreName })}
        >
          ${scoreNames.map(
            (name) =>
              html`<option value=${name} ?selected=${name === this.score}>
                ${scoreWords[name]}
              </option>`,
          )}
        </select>
      </p>
      <ni-head-grid
        .heads=${heads}
        .chosen=${{ layer: row.layer, head: row.head }}
        .scoreWords=${scoreWords[this.score]}
        .shadedTo=${this.shadedTo}
        @pick=${(event: CustomEvent<{ layer: number; head: number }>) =>
          this.run.select(event.detail)}
      ></ni-head-grid>
    `;
  }

  #hide({ row: { layer, head } }: View, key: number) {
    const keys: [number, number] = [key, key + 1];
    const edit: Edit = { do: 'mask', site: `L.${layer}.scores`, head, keys };
    void this.run.setEdits((edits) => [...edits, edit]);
  }

  // ---- the numbers

  protected override table({ row, mode, first, end, square, heads }: View): DataTable {
    const of = `layer ${row.layer}, head ${row.head}`;
    const labels = Array.from({ length: end - first }, (_, i) => this.tokenAt(first + i));
    if (square) {
      const n = end - first;
      return {
        caption: `Probabilities of ${of}: queries down, keys across`,
        corner: 'Query',
        columns: labels.map((label) => ({ label })),
        rows: labels.map((head, i) => ({
          head,
          cells: [...square.subarray(i * n, i * n + n)].map((p) => (Number.isNaN(p) ? '' : p)),
        })),
      };
    }
    if (mode === 'layer' || mode === 'all') {
      return {
        caption: `Mean probability ${scoreWords[this.score]}, positions ${first} to ${end - 1}`,
        corner: 'Layer, head',
        columns: [{ label: 'KV head' }, { label: scoreWords[this.score] }],
        rows: heads.map(({ layer, head, kvHead, score }) => ({
          head: `${layer}, ${head}`,
          cells: [kvHead, score],
        })),
      };
    }
    return {
      caption: `${of} at ${this.tokenAt(row.position)}: m ${value(row.m)}, l ${value(row.l)}`,
      corner: 'Key',
      columns: ['q·k', 'scaled', 'masked', 'probability'].map((label) => ({ label })),
      rows: [...row.probs.keys()].map((key) => ({
        head: this.tokenAt(key),
        cells: [row.raw[key]!, row.scaled[key]!, row.masked[key]!, row.probs[key]!],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      .strip {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem 0.6rem;
        margin-bottom: 0.5rem;
      }
      .group {
        display: flex;
        align-items: center;
        border-bottom: 3px solid var(--group);
      }
      .kv {
        font: 10px var(--mono);
        color: var(--ink-soft);
        margin-right: 0.2rem;
      }
      .group button {
        min-height: 1.6rem;
        min-width: 1.6rem;
        padding: 0 0.3rem;
        border: 0;
        font-family: var(--mono);
        font-size: 12px;
      }
      [role='group'].row {
        gap: 0.2rem;
      }
      select {
        padding: 0.1rem 0.2rem;
        font-size: 12px;
        max-width: 100%;
      }
      progress {
        accent-color: var(--accent);
      }
    `,
  ];
}

customElements.define('ni-lab-attention', NiLabAttention);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-attention': NiLabAttention;
  }
}
