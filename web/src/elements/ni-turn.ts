import { css, html, LitElement, nothing } from 'lit';
import { describeReason } from '../client/chat.ts';
import type { Turn } from '../client/conversation.ts';
import { count, duration, rate } from '../draw/format.ts';
import { MarkdownRenderer } from './markdown.ts';
import { prose } from './prose-styles.ts';
import { isComposing } from './composing.ts';
import { controls } from './shared-styles.ts';

/**
 * One turn of the conversation: an article named "You" or "Answer", and what can be done with it.
 * @fires edit-turn - detail { id, text }: the question was changed
 * @fires regenerate - the last answer is wanted anew
 * @fires go-on - the answer is to go on without the oldest turns
 */
export class NiTurn extends LitElement {
  static override properties = {
    turn: { attribute: false },
    streaming: { type: Boolean },
    busy: { type: Boolean },
    last: { type: Boolean },
    canLeaveOut: { type: Boolean },
    editing: { state: true },
    copied: { state: true },
  };
  declare turn: Turn;
  /** This answer is being written. */
  declare streaming: boolean;
  /** Some answer is being written, or there is no model. */
  declare busy: boolean;
  declare last: boolean;
  declare canLeaveOut: boolean;
  declare editing: boolean;
  /** What came of copying, for a moment. */
  declare copied: string;
  readonly #markdown = new MarkdownRenderer();

  constructor() {
    super();
    this.streaming = false;
    this.busy = false;
    this.last = false;
    this.canLeaveOut = false;
    this.editing = false;
    this.copied = '';
  }

  override render() {
    const { role, leftOut } = this.turn;
    const name = role === 'user' ? 'You' : 'Answer';
    return html`
      <div class="row ${role} ${leftOut ? 'left-out' : ''}">
        <span class="label who" aria-hidden="true">${name}</span>
        <div class="body">
          ${
            this.editing
              ? this.#editor()
              : html`<article aria-label=${name} aria-busy=${this.streaming ? 'true' : 'false'}>
                  ${this.#content()}
                </article>`
          }
          ${this.#ending()} ${this.editing ? nothing : this.#actions()}
        </div>
      </div>
    `;
  }

  #content() {
    const { role, content } = this.turn;
    if (role === 'user') return html`<p class="plain">${content}</p>`;
    if (content === '' && this.streaming) return html`<span class="caret"></span>`;
    return this.#markdown.render(content, this.streaming);
  }

  #ending() {
    if (this.turn.leftOut) {
      return html`<p class="note">Left out: the model no longer reads this turn.</p>`;
    }
    const reason = this.streaming ? '' : describeReason(this.turn.reason);
    if (reason === '' || this.turn.role === 'user') return nothing;
    if (this.turn.reason !== 'context' || !this.last) return html`<p class="note">${reason}</p>`;
    return html`<p class="note strong">
      ${reason}
      ${
        this.canLeaveOut
          ? html`<button ?disabled=${this.busy} @click=${() => this.#fire('go-on')}>
              Go on without the oldest turns
            </button>`
          : html`There is no older turn to leave out: clear the conversation or load the model with
            a larger context.`
      }
    </p>`;
  }

  #actions() {
    const { role, timings, seed } = this.turn;
    if (this.streaming) return nothing;
    return html`<footer>
      ${
        role === 'user'
          ? html`<button class="plain" ?disabled=${this.busy} @click=${this.#startEdit}>
              Edit
            </button>`
          : nothing
      }
      ${
        this.last
          ? html`<button
              class="plain"
              ?disabled=${this.busy}
              @click=${() => this.#fire('regenerate')}
            >
              Regenerate
            </button>`
          : nothing
      }
      <button class="plain" @click=${this.#copy}>${this.copied || 'Copy'}</button>
      ${
        timings && timings.tokens > 1
          ? html`<span class="mono facts"
              >${count(timings.tokens)} tokens · first after ${duration(timings.firstTokenMs)} ·
              ${rate(((timings.tokens - 1) / timings.decodeMs) * 1000)}
              tok/s${seed === null ? '' : ` · seed ${seed}`}</span
            >`
          : nothing
      }
    </footer>`;
  }

  #editor() {
    return html`<form @submit=${this.#submitEdit}>
      <textarea
        aria-label="Edited message"
        rows="3"
        .value=${this.turn.content}
        @keydown=${this.#editKey}
      ></textarea>
      <div class="edit-actions">
        <button class="primary" type="submit" ?disabled=${this.busy}>Send edited</button>
        <button type="button" @click=${() => (this.editing = false)}>Cancel</button>
        <span class="note">What follows is answered anew.</span>
      </div>
    </form>`;
  }

  async #startEdit() {
    this.editing = true;
    await this.updateComplete;
    this.renderRoot.querySelector('textarea')?.focus();
  }

  #editKey(event: KeyboardEvent) {
    if (isComposing(event)) return;
    if (event.key === 'Escape') this.editing = false;
    if (event.key !== 'Enter' || event.shiftKey) return;
    this.#submitEdit(event);
  }

  #submitEdit(event: Event) {
    event.preventDefault();
    if (this.busy) return; // What was written stays, and can be sent when the answer has ended.
    const text = this.renderRoot.querySelector('textarea')!.value;
    this.editing = false;
    if (text.trim() === '') return;
    this.#fire('edit-turn', { id: this.turn.id, text });
  }

  async #copy() {
    try {
      await navigator.clipboard.writeText(this.turn.content);
      this.copied = 'Copied';
    } catch {
      this.copied = 'Not allowed here'; // A page without https has no clipboard.
    }
    setTimeout(() => (this.copied = ''), 1500);
  }

  #fire(name: string, detail?: unknown) {
    this.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }

  static override styles = [
    controls,
    prose,
    css`
      .row {
        display: grid;
        grid-template-columns: 5rem minmax(0, 1fr);
        gap: 0 1rem;
        padding: 1rem 0 0.35rem;
      }
      .user {
        border-top: 1px solid var(--line);
      }
      .who {
        padding-top: 0.45rem;
        text-align: right;
      }
      .assistant .who {
        color: var(--accent);
      }
      .left-out article {
        opacity: 0.5;
      }
      footer {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.1rem;
        margin: 0.1rem 0 0 -0.5rem;
        min-height: 1.75rem;
      }
      .facts {
        margin-left: auto;
        padding-left: 0.5rem;
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      .note {
        margin: 0.35rem 0;
        font-size: 13px;
        color: var(--ink-soft);
      }
      .note.strong {
        color: var(--signal);
      }
      .note.strong button {
        margin-left: 0.5rem;
      }
      .edit-actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        margin-top: 0.5rem;
      }
      textarea {
        display: block;
        width: 100%;
        font-size: 16px;
        resize: vertical;
      }
      .caret {
        display: inline-block;
        width: 0.55em;
        height: 1.05em;
        vertical-align: text-bottom;
        background: var(--accent);
        animation: blink 1s steps(2) infinite;
      }
      @keyframes blink {
        50% {
          opacity: 0.15;
        }
      }
      @media (prefers-reduced-motion: reduce) {
        .caret {
          animation: none;
        }
      }
      @media (max-width: 640px) {
        .row {
          grid-template-columns: minmax(0, 1fr);
        }
        .who {
          text-align: left;
          padding: 0 0 0.2rem;
        }
      }
    `,
  ];
}

customElements.define('ni-turn', NiTurn);

declare global {
  interface HTMLElementTagNameMap {
    'ni-turn': NiTurn;
  }
}
