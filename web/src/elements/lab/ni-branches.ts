import { css, html, LitElement, nothing } from 'lit';
import { commonLength } from '../../client/lab-branches.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { cutMiddle, visibleText } from '../../draw/token-label.ts';
import { controls } from '../shared-styles.ts';
import { RunWatch } from './run-watch.ts';

const shownCharacters = 48;

/** The texts that a run has forked into, as a tree, each to be gone back to. */
export class NiBranches extends LitElement {
  static override properties = { run: { attribute: false } };
  declare run: LabRun;

  constructor() {
    super();
    new RunWatch(this);
  }

  override render() {
    const { list } = this.run.branches;
    if (list.length < 2) return nothing;
    return html`<h2>Branches</h2>
      ${this.#under(null)}`;
  }

  #under(parent: number | null): unknown {
    const { list } = this.run.branches;
    const children = list.flatMap(({ from }, at) => (from === parent ? [at] : []));
    if (children.length === 0) return nothing;
    return html`<ul>
      ${children.map((at) => html`<li>${this.#branch(at, parent)}${this.#under(at)}</li>`)}
    </ul>`;
  }

  #branch(at: number, parent: number | null) {
    const { run } = this;
    const { current, list } = run.branches;
    const tokensOf = (branch: number) => (branch === current ? run.tokens : list[branch]!.tokens);
    const tokens = tokensOf(at);
    const start = parent === null ? list[at]!.nPrompt : commonLength(tokens, tokensOf(parent));
    const text = tokens.slice(start).map(({ bytes }) => visibleText(bytes));
    return html`<button
      aria-pressed=${at === current ? 'true' : 'false'}
      title="${tokens.length} tokens"
      @click=${() => void run.goToBranch(at)}
    >
      <b>Branch ${at + 1}</b> from token ${start}
      <span>${cutMiddle(text.join(''), shownCharacters)}</span>
    </button>`;
  }

  static override styles = [
    controls,
    css`
      h2 {
        margin: 0.4rem 0 0.2rem;
      }
      ul {
        margin: 0;
        padding: 0 0 0 0.9rem;
        list-style: none;
        border-left: 1px solid var(--line);
      }
      button {
        margin: 2px 0;
        font: 12px/1.3 var(--mono);
        text-align: left;
        overflow-wrap: anywhere;
        min-height: 1.6rem;
        padding: 0.25rem 0.45rem;
      }
      button[aria-pressed='true'] {
        border-color: var(--accent);
        background: var(--accent-wash);
      }
      span {
        color: var(--ink-soft);
      }
    `,
  ];
}

customElements.define('ni-branches', NiBranches);

declare global {
  interface HTMLElementTagNameMap {
    'ni-branches': NiBranches;
  }
}
