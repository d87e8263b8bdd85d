import { css, html, LitElement, nothing } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { map } from 'lit/directives/map.js';
import { repeat } from 'lit/directives/repeat.js';
import {
  type EngineVersion,
  readEngineSource,
  type EngineSource,
  type OpSource,
  type PassForm,
  type SourceLines,
} from '../../client/engine-source.ts';
import { EngineError } from '../../client/errors.ts';
import type { OpInfo } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';

type Tokens = typeof import('../../draw/cpp-tokens.ts').cppTokens;

/**
 * The C++ that runs for an op: what the op does, then for each kernel that it calls the definition
 * beside a faster set's. It begins with the form of pass and the set that ran, and says so; the reader
 * can look at the others. The source is fetched when the first of these elements is shown.
 */
export class NiSource extends LitElement {
  static override properties = {
    op: { attribute: false },
    rows: { type: Number },
    kernels: { type: String },
    ranIn: { attribute: false },
    source: { state: true },
    failure: { state: true },
    form: { state: true },
    set: { state: true },
    side: { state: true },
  };
  /** Of the plan; null: nothing is shown. */
  declare op: OpInfo | null;
  /** Rows of the pass that the op works on: those that want logits where `op.logit_rows` is set. */
  declare rows: number;
  /**
   * The kernel set in use: `kernels` of `client.memory()`, since it may change while the engine times
   * them. '': not known, and none is marked.
   */
  declare kernels: string;
  /** The engine that ran the op, of a recorded run; null: this page's. */
  declare ranIn: EngineVersion | null;
  declare source: EngineSource | null;
  declare failure: EngineError | null;
  /** What the reader chose to look at; null: what ran. */
  declare form: PassForm | null;
  declare set: string | null;
  /** Which column a narrow element shows. */
  declare side: 'definition' | 'set';
  #tokens: Tokens | null = null;

  constructor() {
    super();
    this.op = null;
    this.rows = 1;
    this.kernels = '';
    this.ranIn = null;
    this.source = null;
    this.failure = null;
    this.form = null;
    this.set = null;
    this.side = 'set';
  }

  override connectedCallback() {
    super.connectedCallback();
    if (!this.source) void this.#load();
  }

  async #load() {
    this.failure = null;
    try {
      const [source, { cppTokens }] = await Promise.all([
        readEngineSource(),
        import('../../draw/cpp-tokens.ts'),
      ]);
      this.#tokens = cppTokens;
      this.source = source;
    } catch (thrown) {
      this.failure = EngineError.from(thrown);
    }
  }

  protected override willUpdate(changed: Map<string, unknown>) {
    if (changed.has('op') || changed.has('rows')) this.form = null;
  }

  override render() {
    const { op, source, failure } = this;
    if (failure) {
      return html`<p role="alert">The source could not be fetched: ${failure.message}</p>
        <button @click=${() => void this.#load()}>Try again</button>`;
    }
    if (!source) return html`<p>Fetching the source…</p>`;
    return op ? this.#view(source, op) : nothing;
  }

  #view(source: EngineSource, op: OpInfo) {
    const ran = source.form(op, this.rows);
    const form = this.form ?? ran;
    const found = source.of(op, form);
    if (!found) return html`<p role="alert">This build has no source for ${op.kind}.</p>`;
    const [definition, ...fast] = source.sets;
    const set = this.set ?? fast.find((name) => name === this.kernels) ?? fast[0]!;
    const leftOver = source.rowsLeftOver(op);
    return html`
      ${this.#otherEngine(source.version)}
      <div class="bar">
        ${this.#forms(ran, form)}
        ${found.kernels.length > 0 ? this.#sets(source.sets, set) : nothing}
      </div>
      ${found.own.length === 0 ? html`<p>${nothingDone}</p>` : nothing}
      ${leftOver > 0 ? html`<p>${leftOverWords(leftOver)}</p>` : nothing}
      ${this.#listings(found, definition!, set)}
      <p class="soft">${version(source.version)}</p>
    `;
  }

  /** Two builds with changes since the same commit may differ in them. */
  #otherEngine({ commit, changed }: EngineVersion) {
    const { ranIn } = this;
    if (!ranIn || (ranIn.commit === commit && commit !== '' && !changed && !ranIn.changed)) {
      return nothing;
    }
    return html`<p role="note">
      These lines are of this page’s engine, ${named({ commit, changed })}. The recording was made
      by an engine ${named(ranIn)}, whose lines may be others.
    </p>`;
  }

  #forms(ran: PassForm, form: PassForm) {
    const words = { decode: 'Decode: few tokens', prefill: 'Prefill: many' };
    return html`<div role="group" aria-label="Form of the pass">
      ${map(['decode', 'prefill'] as const, (each) =>
        choice(words[each], each === ran, each === form, () => (this.form = each)),
      )}
    </div>`;
  }

  // A narrow element has room for one of them.
  #sets([definition, ...fast]: readonly string[], set: string) {
    const show = (name: string) => {
      this.set = name;
      this.side = 'set';
    };
    const toggle = () => (this.side = this.side === 'set' ? 'definition' : 'set');
    return html`<div role="group" aria-label="Kernel set">
      ${map(fast, (name) => choice(name, name === this.kernels, name === set, () => show(name)))}
      <span class="narrow">
        ${choice('Definition', this.kernels === definition, this.side === 'definition', toggle)}
      </span>
    </div>`;
  }

  #listings({ own, kernels }: OpSource, definition: string, set: string) {
    return html`${
      own.length === 0
        ? nothing
        : html`<section aria-label="The op">
            <h3>The op</h3>
            ${this.#list(own)}
          </section>`
    }
    ${map(kernels, ({ name, sets }) => {
      const column = (of: string, side: string) =>
        html`<section class="column ${side}" aria-label="${name}, ${of}">
          <h4>${of === definition ? 'definition: ' : ''}${of}</h4>
          ${this.#list(sets[of]!)}
        </section>`;
      return html`<h3>Kernel <span class="mono">${name}</span></h3>
        <div class="columns ${this.side}">
          ${column(definition, 'definition')} ${column(set, 'set')}
        </div>`;
    })}`;
  }

  // What other kernels and ops run too comes last, and folded.
  #list(all: readonly SourceLines[]) {
    const key = ({ file, first }: SourceLines) => `${file}:${first}`;
    const own = all.filter(({ shared }) => !shared);
    const shared = all.slice(own.length);
    return html`${repeat(own, key, (lines) => this.#listing(lines, true))}
    ${shared.length > 0 ? html`<p class="soft">Other kernels and ops run these too:</p>` : nothing}
    ${repeat(shared, key, (lines) => this.#listing(lines, false))}`;
  }

  #listing({ name, file, first, last, text }: SourceLines, open: boolean) {
    const numbers = Array.from({ length: last - first + 1 }, (_, line) => first + line).join('\n');
    const range = `${first}–${last}`;
    return html`<details ?open=${open}>
      <summary><b>${name}</b> <span>${file}:${range}</span></summary>
      <div
        class="code scrolls"
        role="group"
        tabindex="0"
        aria-label="${name}, lines ${range} of ${file}"
      >
        <pre class="numbers" aria-hidden="true">${numbers}</pre>
        <pre><code>${guard([text], () => map(this.#tokens!(text), coloured))}</code></pre>
      </div>
    </details>`;
  }

  static override styles = [
    controls,
    css`
      :host {
        container-type: inline-size;
        font-size: 13px;
      }
      p {
        margin: 0.5rem 0;
      }
      .soft {
        color: var(--ink-soft);
        font-size: 12px;
      }
      .bar,
      .bar div {
        display: flex;
        flex-wrap: wrap;
        gap: 0.35rem 1rem;
      }
      .bar div {
        gap: 0.25rem;
      }
      button[aria-pressed='true'] {
        border-color: var(--accent);
        background: var(--accent-wash);
      }
      h3,
      h4 {
        margin: 0.9rem 0 0.3rem;
        font: 600 13px/1.3 var(--sans);
      }
      h4 {
        margin: 0 0 0.2rem;
        font: 500 12px/1.3 var(--mono);
        color: var(--ink-soft);
      }
      .columns {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0 0.75rem;
      }
      .column {
        min-width: 0;
      }
      .narrow {
        display: none;
      }
      details {
        margin-bottom: 0.3rem;
        border: 1px solid var(--line);
        border-radius: var(--radius);
        background: var(--panel);
        overflow: hidden;
      }
      summary {
        padding: 0.25rem 0.5rem;
        font: 12px/1.4 var(--mono);
        overflow-wrap: anywhere;
        cursor: pointer;
        background: var(--well);
      }
      summary:focus-visible,
      .code:focus-visible {
        outline-offset: -2px;
      }
      summary span {
        color: var(--ink-soft);
      }
      .code {
        display: flex;
        overflow-x: auto;
      }
      pre {
        margin: 0;
        padding: 0.35rem 0.6rem;
        font: 12px/1.5 var(--mono);
        tab-size: 2;
      }
      .numbers {
        position: sticky;
        left: 0;
        text-align: right;
        color: var(--ink-soft);
        background: var(--panel);
        border-right: 1px solid var(--line);
        user-select: none;
      }
      .keyword,
      .meta {
        color: var(--accent);
      }
      .comment {
        color: var(--ink-soft);
        font-style: italic;
      }
      .number,
      .string,
      .literal {
        color: var(--signal);
      }
      .title {
        font-weight: 600;
      }
      @container (max-width: 44rem) {
        .columns {
          grid-template-columns: 1fr;
        }
        .columns.set .definition,
        .columns.definition .set {
          display: none;
        }
        .narrow {
          display: contents;
        }
      }
    `,
  ];
}

const nothingDone = `Nothing: attention over several rows has merged its chunks itself. This op merges what
the threads left of a token alone.`;

function version({ commit, changed }: EngineVersion) {
  const from = commit
    ? `From engine/ ${named({ commit, changed })}.`
    : 'From engine/ as this page was built of it.';
  return `${from} A function is shown whole, with its branches for other types of weights.`;
}

function named({ commit, changed }: EngineVersion) {
  if (!commit) return 'of a commit that is not named';
  return `of commit ${commit}${changed ? ', with changes since' : ''}`;
}

function leftOverWords(n: number) {
  return `The last ${n === 1 ? 'output row does' : `${n} output rows do`} not fill a tile: the scalar set
    unpacks ${n === 1 ? 'it' : 'them'}, and the product is that of prefill in every pass.`;
}

function choice(name: string, ran: boolean, pressed: boolean, choose: () => void) {
  return html`<button aria-pressed=${pressed ? 'true' : 'false'} @click=${choose}>
    ${name}${ran ? ' · ran' : ''}
  </button>`;
}

function coloured({ text, scope }: { text: string; scope: string }) {
  return scope ? html`<span class=${scope}>${text}</span>` : text;
}

customElements.define('ni-source', NiSource);

declare global {
  interface HTMLElementTagNameMap {
    'ni-source': NiSource;
  }
}
