import { html, nothing } from 'lit';
import { attentionRow, kvSlot } from '../../client/cached-reads.ts';
import {
  type CacheSlot,
  evictSlots,
  hideSlot,
  isOfCache,
  scaleSlot,
  setElement,
  type SlotPart,
} from '../../client/kv-edits.ts';
import type { LabRun, Selection } from '../../client/lab-run.ts';
import { bytes, count, value } from '../../draw/format.ts';
import { tokenLabel } from '../../draw/token-label.ts';
import type { AttentionRow, Edit, KvSlot, KvState } from '../../protocol.ts';
import { kvStyles } from './kv-styles.ts';
import { engineActs } from './engine-acts.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-panel-edits.ts';
import './ni-slot-grid.ts';
import './ni-vector.ts';

interface View {
  kv: KvState;
  /** Whose query it is: the position, layer and head that all panels look at. */
  query: Selection;
  kvHead: number;
  /** null: the query is not kept there, or its position is not in the cache yet. */
  attention: AttentionRow | null;
  /** The chosen slot; null: the cache is empty. */
  slot: ({ position: number } & KvSlot) | null;
}

/** The KV cache: its bytes, its blocks and slots, what one holds, who sees it, and changing it. */
export class NiLabKv extends LabPanel<View> {
  /** The slot looked at; null: the query's own. */
  #slot: number | null = null;
  #element = 0;
  #part: SlotPart = 'kv';
  #reach: CacheSlot['reach'] = 'head';

  protected override async read(run: LabRun): Promise<View> {
    const kv = await run.trace.kv();
    const query = run.selection;
    const { layer, head, position: at } = query;
    const { n_heads, n_kv_heads } = run.model!.info;
    const kvHead = Math.floor(head / (n_heads / n_kv_heads));
    const isThere = at < kv.length && run.held(`L.${layer}.q_rot`, at) === 'kept';
    const attention = isThere ? await attentionRow(run, layer, head, at) : null;
    const position = Math.min(this.#slot ?? at, kv.length - 1);
    const slot = position < 0 ? null : await kvSlot(run, layer, kvHead, position);
    return { kv, query, kvHead, attention, slot: slot && { position, ...slot } };
  }

  protected override lead() {
    return html`
      Each position leaves a key and a value in every layer and KV head, and each later token’s
      attention reads them.
    `;
  }

  protected override draw(view: View) {
    return html` ${this.#bytes(view)} ${view.slot ? this.#slots(view, view.slot) : this.#empty()} `;
  }

  #empty() {
    return html`<p class="empty">
      The cache is empty until the first pass is complete. Step on to fill it.
    </p>`;
  }

  // ---- bytes

  #bytes({ kv }: View) {
    const { info, session } = this.run.model!;
    const { n_layers, n_heads, n_kv_heads, head_dim, kv_bytes_per_token: each, kv_type } = info;
    const size = each / (2 * n_layers * n_kv_heads * head_dim);
    const taken = kv.blocks * kv.blockBytes;
    const full = kv.blocksMax * kv.blockBytes;
    const part = (n: number) => `${(n / full) * 100}%`;
    const slots = kv.blocks * kv.blockPositions;
    const unused = slots - kv.length;
    const saved = n_heads / n_kv_heads;
    return html`
      <p class="mono formula">
        2 × ${n_layers} layers × ${n_kv_heads} KV ${n_kv_heads === 1 ? 'head' : 'heads'} ×
        ${head_dim} values × ${size} bytes (${kv_type}) = <b>${count(each)}</b> bytes a position
      </p>
      <dl>
        <div>
          <dt>Now</dt>
          <dd>${count(kv.length)} positions × ${count(each)} = ${bytes(kv.length * each)}</dd>
        </div>
        <div>
          <dt>Taken</dt>
          <dd>
            ${kv.blocks} of ${kv.blocksMax} blocks × ${kv.blockPositions} positions =
            ${bytes(taken)}
          </dd>
        </div>
        ${
          slots === 0
            ? nothing
            : html`<div>
                <dt>Unused</dt>
                <dd>
                  ${count(unused)} of the ${count(slots)} slots taken,
                  ${((unused / slots) * 100).toFixed(1)} %: ${count(taken - kv.length * each)} bytes
                </dd>
              </div>`
        }
        <div>
          <dt>Full</dt>
          <dd>
            ${count(session.n_ctx)} positions × ${count(each)} =
            ${bytes(session.n_ctx * each)}${
              saved > 1
                ? html`; ${bytes(session.n_ctx * each * saved)} if each of the ${n_heads} query
                  heads had its own`
                : nothing
            }
          </dd>
        </div>
      </dl>
      <div
        class="meter"
        role="meter"
        aria-label="Cache in use"
        aria-valuemin="0"
        aria-valuemax=${full}
        aria-valuenow=${kv.length * each}
        aria-valuetext="${bytes(kv.length * each)} of ${bytes(full)}"
      >
        <i class="taken" style="width:${part(taken)}"></i>
        <i class="used" style="width:${part(kv.length * each)}"></i>
      </div>
    `;
  }

  // ---- slots

  #slots(view: View, slot: NonNullable<View['slot']>) {
    const { kv, query, kvHead, attention } = view;
    const pickElement = (event: CustomEvent<number>) => {
      this.#element = event.detail;
      this.requestUpdate();
    };
    const element = Math.min(this.#element, slot.k.length - 1);
    return html`
      <p>
        ${this.#querySees(view)} Blocks of the pool, in the order of positions:
        <span class="mono">${[...kv.table].join(', ')}</span>.
      </p>
      ${this.#pool(view, slot.position)}
      <ni-slot-grid
        .map=${{
          kv,
          query: query.position,
          probs: attention?.probs ?? null,
          masked: attention?.masked ?? null,
          nameOf: this.#nameOf,
        }}
        .at=${slot.position}
        .words=${this.#slotWords(view, slot.position)}
        @pick=${(event: CustomEvent<number>) => this.#choose(event.detail)}
      ></ni-slot-grid>
      <div class="vectors" aria-label="Layer ${query.layer}, KV head ${kvHead}" role="group">
        <ni-vector name="k" .values=${slot.k} .at=${element} @pick=${pickElement}></ni-vector>
        <ni-vector name="v" .values=${slot.v} .at=${element} @pick=${pickElement}></ni-vector>
      </div>
      <details>
        <summary>k and v in numbers</summary>
        <ni-data-table .data=${this.#vectorTable(view, slot)}></ni-data-table>
      </details>
      ${this.#acts(view, slot, element)}
    `;
  }

  #nameOf = (position: number, most: number): string => {
    const piece = this.run.tokens[position];
    return piece ? tokenLabel(position, piece.bytes, most) : String(position);
  };

  /** The blocks where they lie, whatever positions they hold. */
  #pool({ kv }: View, chosen: number) {
    const { blockPositions: size, length } = kv;
    const holds = new Map(Array.from(kv.table, (block, i) => [block, i * size]));
    return html`<div
      class="pool scrolls"
      tabindex="0"
      role="region"
      aria-label="Blocks of the pool, in its own order"
    >
      <ol>
        ${Array.from({ length: kv.blocks }, (_, block) => {
          const first = holds.get(block);
          const isChosen = first !== undefined && chosen >= first && chosen < first + size;
          return html`<li
            class=${first === undefined ? 'free' : ''}
            aria-current=${isChosen ? 'true' : 'false'}
          >
            <b>${block}</b> ${rangeWords(first, Math.min((first ?? 0) + size, length))}
          </li>`;
        })}
      </ol>
    </div>`;
  }

  #querySees({ query, attention, kv }: View) {
    const { position, layer, head } = query;
    const who = html`The query of token ${this.tokenAt(position)} in layer ${layer}, head ${head},`;
    if (position >= kv.length) return html`${who} is not computed yet.`;
    if (!attention) {
      return html`${who} sees positions 0 to ${position}; how much of each is not known, since its
      values are not kept.`;
    }
    const hidden = attention.masked.filter((score) => score === -Infinity).length;
    return html`${who} sees ${position + 1 - hidden} of ${kv.length} positions, up to its own.`;
  }

  #slotWords({ kv, query, attention }: View, position: number): string {
    const { blockPositions, table } = kv;
    const block = table[Math.floor(position / blockPositions)];
    const where = `token ${this.tokenAt(position)}: block ${block}, slot ${position % blockPositions}`;
    if (position > query.position) return `${where}, behind the query`;
    if (attention?.masked[position] === -Infinity) return `${where}, hidden from the query`;
    return attention
      ? `${where}, gets ${value(attention.probs[position]!)} of the attention`
      : where;
  }

  #choose(position: number) {
    this.#slot = position;
    this.readAgain();
  }

  // ---- what can be changed

  #acts({ query, kvHead }: View, { position, k, v }: NonNullable<View['slot']>, element: number) {
    const { layer } = query;
    const slot: CacheSlot = { position, layer, kvHead, reach: this.#reach };
    const act = (more: Edit[]) => void this.run.setEdits((edits) => [...edits, ...more]);
    const chosen = this.#part === 'v' ? 'v' : 'k';
    const now = (chosen === 'v' ? v : k)[element]!;
    const acts = html`<fieldset>
      <legend>Change token ${this.tokenAt(position)} in the cache</legend>
      <div class="row">
        ${this.#choice('Of it', this.#part, { kv: 'k and v', k: 'k', v: 'v' }, (part) => {
          this.#part = part;
        })}
        ${this.#choice(
          'In',
          this.#reach,
          {
            head: `layer ${layer}, KV head ${kvHead}`,
            layer: `layer ${layer}`,
            all: 'all layers',
          },
          (reach) => {
            this.#reach = reach;
          },
        )}
      </div>
      <div class="row">
        <button @click=${() => act(scaleSlot(slot, this.#part, 0))}>Zero</button>
        <button @click=${() => act(scaleSlot(slot, this.#part, 2))}>Double</button>
        <button @click=${() => act(hideSlot(slot, this.run.model!.info))}>
          Hide from later tokens
        </button>
        <button @click=${() => act(evictSlots(slot, this.run.model!.info))}>
          Evict up to here
        </button>
        <form
          @submit=${(event: SubmitEvent) => {
            event.preventDefault();
            const input = (event.target as HTMLFormElement).elements[0] as HTMLInputElement;
            if (Number.isFinite(input.valueAsNumber)) {
              act(setElement(slot, chosen, element, input.valueAsNumber));
            }
          }}
        >
          <label>
            ${chosen}[${element}] =
            <input type="number" step="any" required .value=${String(Number(now.toPrecision(6)))} />
          </label>
          <button>Set</button>
          <span class="soft">in layer ${layer}, KV head ${kvHead} alone</span>
        </form>
      </div>
      <p class="soft">
        Changes act where k and v are written into the cache. Positions before stay; from this one
        on all is computed again, since later layers depend on it. What is hidden or evicted keeps
        its bytes here, and no later query sees it.
      </p>
      <ni-panel-edits .run=${this.run} .concerns=${isOfCache}></ni-panel-edits>
    </fieldset>`;
    return html`${engineActs(this.run, acts)}
    ${position === query.position ? nothing : this.#lookAt(position)} `;
  }

  #lookAt(position: number) {
    return html`<button
      class="plain"
      @click=${() => {
        this.#slot = null;
        this.run.select({ position });
      }}
    >
      Let all panels look at ${this.tokenAt(position)}
    </button>`;
  }

  #choice<T extends string>(
    label: string,
    chosen: T,
    words: Record<T, string>,
    choose: (value: T) => void,
  ) {
    const names = Object.keys(words) as T[];
    return html`<label>
      ${label}
      <select
        @change=${(event: Event) => {
          choose(names[(event.target as HTMLSelectElement).selectedIndex]!);
          this.requestUpdate();
        }}
      >
        ${names.map((name) => html`<option ?selected=${name === chosen}>${words[name]}</option>`)}
      </select>
    </label>`;
  }

  // ---- the same in numbers

  #vectorTable({ query, kvHead }: View, { position, k, v }: NonNullable<View['slot']>): DataTable {
    return {
      caption: `Token ${this.tokenAt(position)}, layer ${query.layer}, KV head ${kvHead}`,
      corner: 'Element',
      columns: [{ label: 'k' }, { label: 'v' }],
      rows: Array.from(k, (x, at) => ({ head: String(at), cells: [x, v[at]!] })),
    };
  }

  protected override table({ kv, query, attention }: View): DataTable {
    const { position, layer, head } = query;
    return {
      caption: `Slots, and the attention of token ${this.tokenAt(position)}, layer ${layer}, head ${head}`,
      corner: 'Token',
      columns: [{ label: 'Block' }, { label: 'Slot' }, { label: 'Score' }, { label: 'Attention' }],
      rows: Array.from({ length: kv.length }, (_, at) => ({
        head: this.tokenAt(at),
        cells: [
          kv.table[Math.floor(at / kv.blockPositions)]!,
          at % kv.blockPositions,
          at > position ? 'not seen' : (attention?.masked[at] ?? 'not kept'),
          at > position ? 'not seen' : (attention?.probs[at] ?? 'not kept'),
        ],
      })),
    };
  }

  static override styles = [LabPanel.styles, kvStyles];
}

/** Which positions a block holds. */
function rangeWords(first: number | undefined, end: number): string {
  if (first === undefined) return 'free';
  return first < end ? `${first}–${end - 1}` : 'reserved'; // For the pass at hand.
}

customElements.define('ni-lab-kv', NiLabKv);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-kv': NiLabKv;
  }
}
