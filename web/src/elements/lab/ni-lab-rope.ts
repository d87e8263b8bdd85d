import { css, html, nothing, type PropertyValues } from 'lit';
import { attentionRow, kvSlot } from '../../client/cached-reads.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { largest } from '../../draw/bars.ts';
import { value } from '../../draw/format.ts';
import {
  apart,
  dot,
  frequencies,
  pairAtDistance,
  pairOf,
  scalingWords,
  type TurnedRow,
  turnedAnew,
  turnsOf,
  wrapped,
  thetaOf,
} from '../../draw/rope.ts';
import type { Edit, ModelInfo } from '../../protocol.ts';
import { typed } from '../typed.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-distance-plot.ts';
import './ni-panel-edits.ts';
import './ni-rope-dials.ts';
import './ni-rope-pairs.ts';
import './ni-theta.ts';

type Mode = 'dials' | 'distance' | 'pairs';
const modes: readonly (readonly [Mode, string])[] = [
  ['dials', 'Dials'],
  ['distance', 'q·k over distance'],
  ['pairs', 'The other pairing'],
];

/** Keys that are plotted: the newest. */
const maxKeys = 256;
/** Directions as near as this are the same. */
const sameAngle = 2e-3;

/** One query, with keys as the cache has them. */
interface View extends TurnedRow {
  /** Turned by the page, by a theta that no pass has had. */
  isHeld: boolean;
  layer: number;
  head: number;
  kvHead: number;
  theta: number;
  /** All pairs turn by position · frequency. */
  asFormula: boolean;
}

const concerns = (edit: Edit) => edit.do === 'rope_theta';

/** How the position turns each pair of a query, and what that does to its products with keys. */
export class NiLabRope extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    mode: { state: true },
    pair: { state: true },
    moved: { state: true },
    held: { state: true },
  };
  declare mode: Mode;
  /** The chosen one; null: the whole head. */
  declare pair: number | null;
  /** Position of the key that is moved; null: the query's own. */
  declare moved: number | null;
  /** Where the slider of theta is held; null: nowhere. */
  declare held: number | null;

  constructor() {
    super();
    this.mode = 'dials';
    this.pair = null;
    this.moved = null;
    this.held = null;
  }

  protected override forget() {
    this.pair = null;
    this.moved = null;
    this.held = null;
  }

  /** Of a slider that is not shown, nobody tells that it is let go. */
  protected override willUpdate(changed: PropertyValues<this>) {
    const hasSlider = this.renderRoot.querySelector('ni-theta');
    if (changed.has('view') && !hasSlider) this.held = null;
  }

  protected override needs(run: LabRun) {
    const { layer, position } = run.selection;
    const at = (tap: string) => ({ tap: `L.${layer}.${tap}`, position });
    // Keys are in the cache before there is a z.
    if (run.held(`L.${layer}.z`, position) === 'not yet') return [at('z')];
    return [at('q'), at('q_rot')];
  }

  protected override async read(run: LabRun): Promise<View> {
    const { layer, head, position } = run.selection;
    const { info } = run.model!;
    const { head_dim: size, n_rot: nRot } = info;
    const pairs = info.rope_pairs;
    const theta = thetaOf(run.edits, info);
    const frequency = frequencies(info, theta);
    const firstKey = Math.max(0, position + 1 - maxKeys);
    const [q, qRot, row] = await Promise.all([
      run.read(`L.${layer}.q`, position),
      run.read(`L.${layer}.q_rot`, position),
      attentionRow(run, layer, head, position),
    ]);
    const slots = await Promise.all(
      Array.from({ length: position + 1 - firstKey }, (_, i) => firstKey + i).map((key) =>
        kvSlot(run, layer, row.kvHead, key),
      ),
    );
    const ofHead = ({ data }: { data: Float32Array }) =>
      turnsOf(data.subarray(head * size, head * size + nRot), pairs);
    const unturned = q.data.subarray(head * size + nRot, (head + 1) * size);
    const [before, after] = [ofHead(q), ofHead(qRot)];
    const longest = largest(before.map(({ length }) => length));
    return {
      ...{ isHeld: false, layer, head, kvHead: row.kvHead, position, pairs, theta, frequency },
      ...{ before, after, firstKey },
      keys: slots.map(({ k }) => turnsOf(k.subarray(0, nRot), pairs)),
      rest: slots.map(({ k }) => unturned.reduce((sum, x, i) => sum + x * k[nRot + i]!, 0)),
      raw: row.raw.subarray(firstKey),
      asFormula: before.every(
        ({ length, angle }, j) =>
          length < longest * 1e-3 ||
          apart(after[j]!.angle - angle, position * frequency(j)) < sameAngle,
      ),
    };
  }

  /** While theta is held elsewhere: the same q and keys, turned by that. */
  #seen(view: View): View {
    const { held } = this;
    if (held === null || held === view.theta || !view.asFormula) return view;
    const frequency = frequencies(this.run.model!.info, held);
    const turned = turnedAnew(view, frequency, view.pairs);
    return { ...view, theta: held, ...turned, isHeld: true };
  }

  // ---- the picture

  protected override lead(read: View) {
    const view = this.#seen(read);
    const { layer, head, position, pairs, theta, asFormula } = view;
    const { info } = this.run.model!;
    const [a, b] = pairOf(1, info.n_rot, pairs);
    return html`
      Layer ${layer}, head ${head} at ${this.tokenAt(position)}: pair j turns by
      ${position}${scalingWords(info, 'j')} · θ<sup>−2j/${info.n_rot}</sup>, θ = ${value(theta, 6)}.
      ${pairs === 'halves' ? `Pairs are ${info.n_rot / 2} apart` : 'Pairs are neighbours'}: pair 1
      is elements ${a} and ${b}. ${partWords(info)}
      ${
        asFormula
          ? ''
          : html`<b>An edit has turned some pairs by other angles than this formula’s.</b>`
      }
    `;
  }

  protected override draw(read: View) {
    const view = this.#seen(read);
    return html`
      <div class="row" role="group" aria-label="What is shown">
        ${modes.map(
          ([mode, words]) =>
            html`<button
              class="plain"
              aria-pressed=${this.mode === mode ? 'true' : 'false'}
              @click=${() => (this.mode = mode)}
            >
              ${words}
            </button>`,
        )}
      </div>
      ${{ dials: this.#dials, distance: this.#distance, pairs: this.#pairs }[this.mode](view)}
      <ni-theta
        .run=${this.run}
        .seen=${read}
        .held=${this.held}
        @hold=${(event: CustomEvent<number | null>) => (this.held = event.detail)}
      ></ni-theta>
      ${
        !view.isHeld
          ? nothing
          : html`<p class="key">
              The page has turned this q and these keys by the θ that you hold. Let go, and the
              engine computes the run with it.
            </p>`
      }
      <ni-panel-edits .run=${this.run} .concerns=${concerns}></ni-panel-edits>
    `;
  }

  #dials = ({ before, after, position, frequency }: View) =>
    html`<ni-rope-dials
      .q=${before}
      .turned=${after}
      .position=${position}
      .frequency=${frequency}
      .pair=${this.pair ?? 0}
      @pick=${(event: CustomEvent<number>) => (this.pair = event.detail)}
    ></ni-rope-dials>`;

  /** Which elements are turned together, and what the other habit makes of the same numbers. */
  #pairs = (view: View) => {
    const { pairs, position, asFormula, isHeld } = view;
    const { n_rot: nRot } = this.run.model!.info;
    const { points, line } = this.#byPairing(view);
    return html`
      <ni-rope-pairs .own=${pairs} .size=${nRot} .pair=${this.pair ?? 0}></ni-rope-pairs>
      <ni-distance-plot
        .points=${points}
        .line=${line}
        .nameOf=${(distance: number) => this.tokenAt(position - distance)}
        .marked=${-1}
        .label=${`q·k by both pairings over the distance from ${position}`}
      ></ni-distance-plot>
      <p class="key">
        Up: q·k of the whole head. Across: how many positions its key lies before
        ${this.tokenAt(position)}. Points: ${isHeld ? 'turned by the page' : 'the engine’s'}.
        ${
          asFormula
            ? html`Line: the same q and keys with the other elements turned together, computed in
              the page. Nothing fails then, and every score but that with itself is another: the
              usual fault of a program that reads a file of the other habit.`
            : nothing
        }
      </p>
    `;
  };

  /** By distance: q·k as it is, and with the other pairing. */
  #byPairing(view: View) {
    const { raw, pairs, frequency, asFormula } = view;
    const other = turnedAnew(view, frequency, pairs === 'halves' ? 'adjacent' : 'halves');
    return {
      points: Array.from(raw).reverse(),
      line: asFormula ? Array.from(other.raw).reverse() : null,
    };
  }

  /** By distance: of the keys that are there, and of one key moved. */
  #overDistance({ position, firstKey, keys, raw, ...view }: View) {
    const { pair } = this;
    const { before, after, rest, frequency, asFormula } = view;
    const moved = Math.max(firstKey, Math.min(position, this.moved ?? position));
    const points = keys
      .map((key, i) => (pair === null ? raw[i]! : dot(after[pair]!, key[pair]!)))
      .reverse();
    const key = keys[moved - firstKey]!;
    const at = (j: number, distance: number) =>
      pairAtDistance(before[j]!, key[j]!, moved, frequency(j), distance);
    const line = points.map((_, distance) =>
      pair === null
        ? before.reduce((sum, _, j) => sum + at(j, distance), rest[moved - firstKey]!)
        : at(pair, distance),
    );
    return { points, line: asFormula ? line : null, moved };
  }

  #distance = (view: View) => {
    const { position, firstKey, before, isHeld } = view;
    const { points, line, moved } = this.#overDistance(view);
    const what = this.pair === null ? 'the whole head' : `pair ${this.pair}`;
    return html`
      <div class="row">
        <label>
          Of
          <select
            aria-label="Pair"
            @change=${(event: Event) => {
              const chosen = (event.target as HTMLSelectElement).value;
              this.pair = chosen === '' ? null : Number(chosen);
            }}
          >
            <option value="" ?selected=${this.pair === null}>the whole head</option>
            ${before.map(
              (_, j) => html`<option value=${j} ?selected=${this.pair === j}>pair ${j}</option>`,
            )}
          </select>
        </label>
        <label>
          Moved key
          <input
            type="number"
            aria-label="Moved key"
            min=${firstKey}
            max=${position}
            .value=${typed(String(moved))}
            @change=${(event: Event) => {
              const { valueAsNumber } = event.target as HTMLInputElement;
              this.moved = Number.isInteger(valueAsNumber) ? valueAsNumber : null;
              this.requestUpdate();
            }}
          />
        </label>
      </div>
      <ni-distance-plot
        .points=${points}
        .line=${line}
        .nameOf=${(distance: number) => this.tokenAt(position - distance)}
        .marked=${position - moved}
        .label=${`q·k of ${what} over the distance from ${position}`}
      ></ni-distance-plot>
      <p class="key">
        Up: q·k of ${what}. Across: how many positions its key lies before
        ${this.tokenAt(position)}. Points: the keys in the
        cache${isHeld ? ', turned anew by the page' : ''}.
        ${
          line
            ? html`Line: the key of ${this.tokenAt(moved)} as it would be at other distances,
              computed in the page.`
            : nothing
        }
      </p>
    `;
  };

  // ---- the numbers

  protected override table(read: View): DataTable {
    const view = this.#seen(read);
    const { before, after, frequency, position, layer, head, pairs } = view;
    const { n_rot: size, rope_factors: factors } = this.run.model!.info;
    if (this.mode === 'distance') {
      const { points, line, moved } = this.#overDistance(view);
      const what = this.pair === null ? 'whole head' : `pair ${this.pair}`;
      return this.#keyTable(view, what, points, line, `key ${moved} moved`);
    }
    if (this.mode === 'pairs') {
      const { points, line } = this.#byPairing(view);
      return this.#keyTable(view, 'by both pairings', points, line, 'by the other pairing');
    }
    return {
      caption: `Pairs of layer ${layer}, head ${head} at ${this.tokenAt(position)}`,
      corner: 'Pair',
      columns: [
        { label: 'Elements' },
        ...(factors ? [{ label: 'f' }] : []),
        { label: 'Frequency', unit: 'rad/position' },
        { label: 'position · frequency', unit: 'rad' },
        { label: view.isHeld ? 'Turned by the page' : 'Turned, from q and q_rot', unit: 'rad' },
        { label: 'Length of q' },
        { label: 'Length of q_rot' },
      ],
      rows: before.map(({ length, angle }, j) => {
        const f = frequency(j);
        return {
          head: String(j),
          cells: [
            pairOf(j, size, pairs).join(', '),
            ...(factors ? [factors[j]!] : []),
            f,
            wrapped(position * f),
            wrapped(after[j]!.angle - angle),
            length,
            after[j]!.length,
          ],
        };
      }),
    };
  }

  /** By distance: what is plotted. */
  #keyTable(
    { layer, head, position }: View,
    what: string,
    points: readonly number[],
    line: readonly number[] | null,
    label: string,
  ): DataTable {
    return {
      caption: `q·k of layer ${layer}, head ${head} at ${this.tokenAt(position)}, ${what}`,
      corner: 'Key',
      columns: [{ label: 'Distance' }, { label: 'q·k' }, { label }],
      rows: points.map((x, distance) => ({
        head: this.tokenAt(position - distance),
        cells: [distance, x, line?.[distance] ?? ''],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      .key {
        font-size: 12px;
        color: var(--ink-soft);
      }
      input[type='number'] {
        width: 4.5rem;
      }
      select,
      input[type='number'] {
        padding: 0.2rem 0.3rem;
      }
    `,
  ];
}

function partWords({ n_rot, head_dim, rope_scale, rope_factors }: ModelInfo): string {
  return [
    n_rot < head_dim ? `Elements from ${n_rot} on are not turned.` : '',
    rope_scale === 1 ? '' : `The file stretches positions: ${value(rope_scale)} of one a token.`,
    rope_factors ? `The file divides pair j’s frequency by f[j], as the table has them.` : '',
  ].join(' ');
}

customElements.define('ni-lab-rope', NiLabRope);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-rope': NiLabRope;
  }
}
