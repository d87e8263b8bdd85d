import { css, html, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { type LogitParts, logitParts, logitPartsNeed } from '../../client/logit-parts.ts';
import { EngineError } from '../../client/errors.ts';
import { bar, largest } from '../../draw/bars.ts';
import { cssColour } from '../../draw/colour-map.ts';
import { value } from '../../draw/format.ts';
import { cutMiddle, visibleText } from '../../draw/token-label.ts';
import type { TopToken } from '../../protocol.ts';
import { branchColours } from './branch-colours.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import { headsOf } from './ni-logit-parts.ts';
import './ni-next-guess.ts';

type Mode = 'lens' | 'logit' | 'guess';
const modes: readonly (readonly [Mode, string])[] = [
  ['lens', 'Norms and lens'],
  ['logit', 'What adds to a logit'],
  ['guess', 'What comes next?'],
];

/** What stands behind one layer, or behind the embedding. */
interface Level {
  /** -1: the embedding. */
  layer: number;
  /** Norms of what attention and the MLP add; not a number for the embedding. */
  attention: number;
  mlp: number;
  norm: number;
  top: TopToken[];
  /** Of the token that is followed. */
  logit: number;
  p: number;
}

interface View {
  position: number;
  layer: number;
  mode: Mode;
  levels: Level[];
  followed: TopToken;
  /** All layers have run. */
  complete: boolean;
  /** In the mode that shows them; or why they are not there. */
  parts: LogitParts | string | null;
  soFar: string;
}

/** Layer by layer: what is added to the residual stream, and what the model would say there. */
export class NiLabResidual extends LabPanel<View> {
  static override properties = {
    ...LabPanel.properties,
    mode: { state: true },
    follow: { state: true },
  };
  declare mode: Mode;
  /** The token whose logit is followed; null: the likeliest at the end. */
  declare follow: TopToken | null;
  #nth = 0;

  constructor() {
    super();
    this.mode = 'lens';
    this.follow = null;
  }

  protected override forget() {
    this.follow = null;
  }

  /** Computed rows that are not kept, or the first that is to come. */
  protected override needs(run: LabRun) {
    const { position } = run.selection;
    const at = (tap: string) => ({ tap, position });
    if (run.held('embd', position) === 'not yet') return [at('embd')];
    const rows = ['embd', ...layersOf(run).map((layer) => `L.${layer}.resid_post`)];
    return rows.filter((tap) => run.held(tap, position) === 'not kept').map(at);
  }

  protected override async read(run: LabRun): Promise<View> {
    const nth = ++this.#nth;
    const { position, layer } = run.selection;
    const computed = layersOf(run).filter(
      (one) => run.held(`L.${one}.resid_post`, position) === 'kept',
    );
    const last = computed.at(-1) ?? -1;
    const atEnd = await lensOf(run, last, position, 0);
    const wanted = this.follow && (await lensOf(run, last, position, this.follow.id));
    const followed = wanted && !Number.isNaN(wanted.logit) ? this.follow! : atEnd.top[0]!;
    const levels: Level[] = [];
    for (const one of [-1, ...computed]) {
      if (nth !== this.#nth) break; // A newer reading has begun.
      levels.push(await levelOf(run, one, position, followed.id));
    }
    const complete = computed.length === run.model!.info.n_layers;
    const parts =
      complete && this.mode === 'logit' && this.missing(partNeeds(run)).length === 0
        ? await partsOf(run, followed.id)
        : null;
    const seen = run.tokens.slice(Math.max(0, position - 24), position + 1);
    return {
      ...{ position, layer, mode: this.mode, levels, followed, complete, parts },
      soFar: seen.map(({ bytes }) => visibleText(bytes)).join(''),
    };
  }

  #show(change: { mode?: Mode; follow?: TopToken | null }) {
    Object.assign(this, change);
    this.readAgain();
  }

  // ---- the picture

  protected override lead({ position }: View) {
    return html`
      At ${this.tokenAt(position)}: each layer adds to the stream x, first x += attention, then x +=
      MLP. The lens takes final norm and head of x as it stands there.
    `;
  }

  protected override draw(view: View) {
    const { mode, complete } = view;
    return html`
      <div class="row" role="group" aria-label="What is shown">
        ${modes.map(
          ([one, words]) =>
            html`<button
              class="plain"
              aria-pressed=${one === this.mode ? 'true' : 'false'}
              @click=${() => this.#show({ mode: one })}
            >
              ${words}
            </button>`,
        )}
      </div>
      ${mode === 'lens' ? this.#lens(view) : complete ? this.#atEnd(view) : notYet}
    `;
  }

  #atEnd(view: View) {
    const { parts, levels, layer } = view;
    if (view.mode === 'guess') {
      return html`<ni-next-guess .top=${levels.at(-1)!.top} .soFar=${view.soFar}></ni-next-guess>`;
    }
    if (parts === null) return this.absent(this.missing(partNeeds(this.run)));
    return html`${this.#followed(view)}
    ${
      typeof parts === 'string'
        ? html`<p class="empty">${parts}</p>`
        : html`<ni-logit-parts
            .parts=${parts}
            .logit=${levels.at(-1)!.logit}
            .layer=${layer}
            @pick=${(event: CustomEvent<number>) => this.run.select({ layer: event.detail })}
          ></ni-logit-parts>`
    }`;
  }

  #followed({ followed, levels, mode }: View) {
    const { logit, p } = levels.at(-1)!;
    return html`<p>
      Followed: <b class="mono">“${shown(followed)}”</b>, id ${followed.id}, at the end logit
      ${value(logit)}, ${(p * 100).toFixed(2)} %.
      ${
        this.follow
          ? html`<button class="plain" @click=${() => this.#show({ follow: null })}>
              Follow the likeliest
            </button>`
          : `Choose another ${mode === 'lens' ? 'below' : 'in “Norms and lens”'}.`
      }
    </p>`;
  }

  #lens(view: View) {
    const { levels } = view;
    const added = largest(levels.flatMap(({ attention, mlp }) => [attention, mlp]));
    const norm = largest(levels.map((level) => level.norm));
    return html`
      ${this.#followed(view)}
      <p class="key">
        <span class="attention">attention adds</span> <span class="mlp">MLP adds</span> (norms, to
        ${value(added)}) <span class="norm">‖x‖ behind it</span> (to ${value(norm)}); at the right
        logit and probability of <b class="mono">“${shown(view.followed)}”</b>
      </p>
      <ol aria-label="Layers">
        ${levels.map((level) => this.#level(view, level, added, norm))}
      </ol>
    `;
  }

  #level({ layer, followed }: View, level: Level, added: number, norm: number) {
    const name = level.layer < 0 ? 'embd' : `layer ${level.layer}`;
    const line = (what: string, x: number, most: number) =>
      Number.isNaN(x)
        ? nothing
        : html`<span class="line ${what}"
            ><span><i style=${bar(x, most)}></i></span><b>${value(x, 3)}</b></span
          >`;
    return html`<li class=${level.layer === layer ? 'chosen' : ''}>
      <button
        class="plain name"
        ?disabled=${level.layer < 0}
        aria-pressed=${level.layer === layer ? 'true' : 'false'}
        @click=${() => this.run.select({ layer: level.layer })}
      >
        ${name}
      </button>
      <span class="bars">
        ${line('attention', level.attention, added)} ${line('mlp', level.mlp, added)}
        ${line('norm', level.norm, norm)}
      </span>
      <span class="top">
        ${level.top.map(
          (token) =>
            html`<button
              style="--p: ${cssColour(token.p, 'sequential')}"
              title="Follow ${shown(token)}: ${(token.p * 100).toFixed(1)} % behind ${name}"
              aria-pressed=${token.id === followed.id ? 'true' : 'false'}
              @click=${() => this.#show({ follow: token })}
            >
              ${cutMiddle(shown(token), 12)}<small>${percent(token.p)}</small>
            </button>`,
        )}
      </span>
      <span class="followed mono">${value(level.logit, 4)}<br />${percent(level.p)}</span>
    </li>`;
  }

  // ---- the numbers

  protected override table({ levels, followed, position, mode, parts, layer }: View): DataTable {
    const at = this.tokenAt(position);
    if (mode === 'logit' && parts !== null && typeof parts !== 'string') {
      return {
        caption: `What adds to the logit of ${shown(followed)} at ${at}`,
        corner: 'Part',
        columns: [{ label: 'Adds', unit: 'logit' }],
        rows: [
          { head: 'embd', cells: [parts.embd] },
          ...Array.from(parts.attention, (attention, i) => [
            { head: `L.${i} attention`, cells: [attention] },
            { head: `L.${i} MLP`, cells: [parts.mlp[i]!] },
          ]).flat(),
          ...Array.from(headsOf(parts, layer), (x, head) => ({
            head: `L.${layer} head ${head}`,
            cells: [x],
          })),
        ],
      };
    }
    if (mode === 'guess') {
      return {
        caption: 'The question has no table: the lens has one',
        corner: '',
        columns: [],
        rows: [],
      };
    }
    return {
      caption: `Norms and lens at ${at}; followed: ${shown(followed)}`,
      corner: 'Behind',
      columns: [
        ...['‖attn_out‖', '‖ffn_out‖', '‖x‖', 'Followed logit', 'Followed p'],
        ...[1, 2, 3, 4, 5].flatMap((n) => [`Top ${n}`, `p ${n}`]),
      ].map((label) => ({ label })),
      rows: levels.map((level) => ({
        head: level.layer < 0 ? 'embd' : `L.${level.layer}.resid_post`,
        cells: [
          ...[level.attention, level.mlp].map((x) => (Number.isNaN(x) ? '' : x)),
          ...[level.norm, level.logit, level.p],
          ...level.top.flatMap((token) => [shown(token), token.p]),
        ],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    branchColours,
    css`
      ol {
        max-width: 60rem;
        margin: 0 0 0.6rem;
        padding: 0;
        list-style: none;
      }
      li {
        display: grid;
        grid-template-columns: 4.6rem minmax(7rem, 11rem) minmax(0, 1fr) 4.4rem;
        gap: 0.2rem 0.6rem;
        align-items: center;
        padding: 3px 0;
        border-top: 1px solid var(--line);
      }
      li.chosen {
        background: color-mix(in srgb, var(--accent-wash) 45%, transparent);
      }
      .name {
        padding: 0.2rem;
        text-align: left;
        font-family: var(--mono);
        font-size: 12px;
        white-space: nowrap;
      }
      .name:disabled {
        opacity: 1;
      }
      .bars {
        display: grid;
        gap: 1px;
      }
      .line {
        display: grid;
        grid-template-columns: minmax(0, 1fr) 2.3rem;
        gap: 0.3rem;
        height: 0.85rem;
      }
      .line span {
        position: relative;
      }
      .line i {
        position: absolute;
        inset-block: 1px;
        background: var(--colour);
      }
      .line b {
        font: 10px/0.85rem var(--mono);
        text-align: right;
      }
      .key {
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      .key span {
        white-space: nowrap;
        padding: 0 0.3rem;
        border-bottom: 4px solid var(--colour);
      }
      .top {
        display: flex;
        flex-wrap: wrap;
        gap: 3px;
      }
      .top button {
        display: grid;
        justify-items: center;
        padding: 1px 4px;
        min-height: 0;
        font: 12px/1.3 var(--mono);
        white-space: pre;
        border-bottom: 4px solid var(--p);
      }
      small {
        font-size: 9.5px;
        color: var(--ink-soft);
      }
      .followed {
        font-size: 11px;
        text-align: right;
      }
      @container (max-width: 34rem) {
        li {
          grid-template-columns: 4.2rem minmax(0, 1fr) 4rem;
        }
        .top {
          grid-row: 2;
          grid-column: 1 / -1;
        }
      }
    `,
  ];
}

const notYet = html`<p>The last layer has not run yet at this position. Step on to see it.</p>`;

function partNeeds(run: LabRun) {
  const { layer, position } = run.selection;
  return logitPartsNeed(run, [layer]).map((tap) => ({ tap, position }));
}

/** Or why they are not in the recording. */
async function partsOf(run: LabRun, id: number): Promise<LogitParts | string> {
  const { layer, position } = run.selection;
  try {
    return await logitParts(run, id, position, layer);
  } catch (thrown) {
    const error = EngineError.from(thrown);
    if (error.code === 'not_recorded') return error.message;
    throw error;
  }
}

function layersOf(run: LabRun): number[] {
  return [...Array(run.model!.info.n_layers).keys()];
}

/** The lens behind a layer, and one token's logit of all; NaN: unlikely, and not recorded. */
function lensOf(run: LabRun, layer: number, position: number, id: number) {
  const tap = layer < 0 ? 'embd' : `L.${layer}.resid_post`;
  return run.once(`lens ${tap} ${position} ${id}`, async () => {
    const { top, logits } = await run.trace.lens(tap, position, { all: true });
    return { top, logit: logits![id]! };
  });
}

async function levelOf(run: LabRun, layer: number, position: number, id: number): Promise<Level> {
  const norm = async (tap: string) =>
    run.heldNorm(tap, position) === 'kept'
      ? (await run.norms(tap, position, position + 1))[0]!
      : NaN;
  const [attention, mlp, whole, { top, logit }] = await Promise.all([
    norm(`L.${layer}.attn_out`),
    norm(`L.${layer}.ffn_out`),
    norm(layer < 0 ? 'embd' : `L.${layer}.resid_post`),
    lensOf(run, layer, position, id),
  ]);
  const best = top[0]!;
  const p = top.find((token) => token.id === id)?.p ?? best.p * Math.exp(logit - best.logit);
  return { layer, attention, mlp, norm: whole, top, logit, p };
}

function shown({ text }: TopToken): string {
  return visibleText(new TextEncoder().encode(text));
}

function percent(p: number): string {
  return p >= 0.00095 ? `${(p * 100).toFixed(p < 0.095 ? 1 : 0)}%` : '<0.1%';
}

customElements.define('ni-lab-residual', NiLabResidual);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-residual': NiLabResidual;
  }
}
