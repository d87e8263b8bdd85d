import { css, html, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { mergedParts } from '../../client/token-parts.ts';
import { mergeStates, type MergeUnit } from '../../draw/merge-states.ts';
import { visibleText } from '../../draw/token-label.ts';
import type { MergeStep, TokenPiece } from '../../protocol.ts';
import { engineActs } from './engine-acts.ts';
import { LabPanel } from './lab-panel.ts';
import './ni-branches.ts';
import type { DataTable } from './ni-data-table.ts';

interface View {
  tokens: readonly TokenPiece[];
  /** Of them, the prompt's. */
  nPrompt: number;
  /** Positions that the context holds, and those that the pass at hand computes. */
  done: number;
  end: number;
  position: number;
  /** That lead to the token at `position`. */
  merges: readonly MergeStep[];
}

/** The run's text token by token: what each stands for, its id, its bytes and where they lie. */
export class NiLabTokens extends LabPanel<View> {
  protected override async read(run: LabRun): Promise<View> {
    const { tokens, nPrompt, place, complete, selection } = run;
    const done = complete ? place.end : place.first;
    const id = tokens[selection.position]?.id;
    const merges =
      id === undefined ? [] : await run.once(`merges ${id}`, () => run.trace.merges(id));
    return { tokens, nPrompt, done, end: place.end, position: selection.position, merges };
  }

  protected override lead({ tokens, nPrompt }: View) {
    const lines = segments(tokens);
    return html`
      ${tokens.length} tokens, ${nPrompt} of them the prompt’s, from
      ${tokens.reduce((sum, { bytes }) => sum + bytes.length, 0)} bytes. Choose one to look
      at.${lines.length > 1 ? ' Each control token begins a line: so a chat template marks who speaks.' : ''}
    `;
  }

  protected override draw({ tokens, done, end, position, merges }: View) {
    const chosen = tokens[position];
    const lines = segments(tokens);
    return html`
      <div role="group" aria-label="Tokens">
        ${lines.map(
          ([first, last]) =>
            html`<ol start=${first}>
              ${tokens.slice(first, last).map((piece, i) => {
                const at = first + i;
                return this.#token(piece, at, at < done ? 'done' : at < end ? 'now' : 'later');
              })}
            </ol>`,
        )}
      </div>
      ${chosen ? [this.#facts(chosen, position, tokens), this.#merges(chosen, merges), this.#split(chosen, position, merges)] : nothing}
      ${this.#template()}
      <p class="soft" role="status">${this.run.note}</p>
      <ni-branches .run=${this.run}></ni-branches>
    `;
  }

  #token({ bytes, kind }: TokenPiece, at: number, state: 'done' | 'now' | 'later') {
    const { position } = this.run.selection;
    return html`<li>
      <button
        class="${state} ${kind} ${at < this.run.nPrompt ? '' : 'drawn'}"
        aria-pressed=${at === position ? 'true' : 'false'}
        @click=${() => this.run.select({ position: at })}
      >
        <span class="text">${visibleText(bytes)}</span>
        <span class="at">${at}</span>
      </button>
    </li>`;
  }

  #facts({ id, bytes, kind }: TokenPiece, position: number, tokens: readonly TokenPiece[]) {
    const start = startOf(tokens, position);
    return html`<p aria-live="polite">
      Token ${this.tokenAt(position)}: id <b class="mono">${id}</b>, ${kind.replace('_', ' ')},
      ${bytes.length} ${bytes.length === 1 ? 'byte' : 'bytes'} <b class="mono">${hex(bytes)}</b>, at
      bytes ${start} to ${start + bytes.length} of the text.
    </p>`;
  }

  /** What made control tokens of a message, as the file has it. */
  #template() {
    const { chat_template: template } = this.run.model!.info;
    if (template === null) return nothing;
    return html`<details>
      <summary>The model’s chat template</summary>
      <pre class="scrolls">${template}</pre>
    </details>`;
  }

  get #unit(): MergeUnit {
    return this.run.model!.info.tokenizer.kind === 'sentencepiece' ? 'character' : 'byte';
  }

  /** From a token's bytes or characters on. */
  #merges({ bytes, kind }: TokenPiece, merges: readonly MergeStep[]) {
    if (merges.length === 0) return nothing;
    const unit = this.#unit;
    const states = mergeStates(bytes, merges, unit);
    const rankWords = (rank: number) => (unit === 'byte' ? `rank ${rank}` : `score ${-rank}`);
    return html`
      <p class="soft">
        Its ${unit}s are joined by ${merges.length === 1 ? 'one merge' : `${merges.length} merges`},
        of those that are possible always the one of the
        ${unit === 'byte' ? 'lowest rank' : 'highest score'}:${states.at(-1)!.parts.length > 1 && kind === 'normal' ? ' this token stands in the vocabulary, but no merges lead to it.' : ''}
      </p>
      <ol class="merges" aria-label="Merges">
        ${states.map(
          ({ rank, parts, made }) =>
            html`<li>
              <span class="rank soft">${rank === null ? `${unit}s` : rankWords(rank)}</span>
              ${parts.map((part, i) => html`<b class=${i === made ? 'made' : ''}>${visibleText(part)}</b>`)}
            </li>`,
        )}
      </ol>
    `;
  }

  /** The same text in other tokens: what does the model make of it? */
  #split(token: TokenPiece, position: number, merges: readonly MergeStep[]) {
    const whole = this.#whole(token, merges);
    const parts = whole ? [] : mergeStates(token.bytes, merges, this.#unit).at(-2)!.parts;
    const [left, right] = parts.map((part) => html`<b class="mono">${visibleText(part)}</b>`);
    const acts = html`<div class="row">
      <button ?disabled=${whole !== null} @click=${() => void this.run.splitToken(position)}>
        Split this token
      </button>
      <span class="soft">
        ${whole ?? html`into ${left} and ${right}: the same text in other tokens, computed again.`}
      </span>
    </div>`;
    return engineActs(this.run, acts);
  }

  /** Why there is nothing to split a token into; null: there is. */
  #whole({ id, bytes, kind }: TokenPiece, merges: readonly MergeStep[]): string | null {
    if (kind !== 'normal')
      return `Its kind is ${kind.replace('_', ' ')}: merges make no such token.`;
    const unit = this.#unit;
    if (mergeStates(bytes, [], unit)[0]!.parts.length === 1)
      return `A single ${unit} has no parts.`;
    if (mergedParts(id, merges)) return null;
    return merges.at(-1)?.result === id
      ? 'One of the two parts of its last merge is no token of its own.'
      : 'No merges lead to this token, so it has no parts.';
  }

  protected override table({ tokens, nPrompt }: View): DataTable {
    return {
      caption: 'Tokens of the run',
      corner: 'Token',
      columns: [
        { label: 'Id' },
        { label: 'Kind' },
        { label: 'Bytes (hexadecimal)' },
        { label: 'First byte' },
        { label: 'From' },
      ],
      rows: tokens.map(({ id, kind, bytes }, at) => ({
        head: this.tokenAt(at),
        cells: [id, kind, hex(bytes), startOf(tokens, at), at < nPrompt ? 'prompt' : 'drawn'],
      })),
    };
  }

  static override styles = [
    LabPanel.styles,
    css`
      ol {
        display: flex;
        flex-wrap: wrap;
        gap: 3px;
        margin: 0 0 0.4rem;
        padding: 0;
        list-style: none;
      }
      li button {
        display: grid;
        gap: 2px;
        padding: 0.25rem 0.35rem;
        font: 14px/1.2 var(--mono);
        white-space: pre;
        background: var(--panel);
        max-width: 16rem;
      }
      ol.merges {
        flex-direction: column;
      }
      .merges li {
        display: flex;
        flex-wrap: wrap;
        align-items: baseline;
        gap: 3px;
      }
      .merges b {
        padding: 0 0.25rem;
        font: 13px/1.4 var(--mono);
        white-space: pre;
        border: 1px solid var(--line);
        border-radius: var(--radius);
      }
      .merges .made {
        color: var(--accent);
        background: var(--accent-wash);
        border-color: var(--accent);
      }
      .rank {
        width: 6.5rem;
        font: 12px var(--mono);
      }
      .text {
        overflow: hidden;
        text-overflow: ellipsis;
      }
      .at {
        font-size: 10px;
        color: var(--ink-soft);
      }
      pre {
        max-height: 16rem;
        overflow: auto;
        font: 12px/1.4 var(--mono);
        white-space: pre-wrap;
        overflow-wrap: anywhere;
      }
      .now {
        border-style: dashed;
        border-color: var(--accent);
      }
      .later {
        color: var(--ink-soft);
        border-style: dotted;
      }
      .drawn .text {
        font-weight: 600;
      }
      .control .text {
        color: var(--accent);
      }
    `,
  ];
}

/** [first, end) of each run of tokens that a control token begins. */
function segments(tokens: readonly TokenPiece[]): [number, number][] {
  const starts = tokens.flatMap(({ kind }, at) => (at === 0 || kind === 'control' ? [at] : []));
  return starts.map((start, i) => [start, starts[i + 1] ?? tokens.length]);
}

/** Byte of the whole text at which the token at `position` begins. */
function startOf(tokens: readonly TokenPiece[], position: number): number {
  return tokens.slice(0, position).reduce((sum, { bytes }) => sum + bytes.length, 0);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join(' ');
}

customElements.define('ni-lab-tokens', NiLabTokens);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-tokens': NiLabTokens;
  }
}
