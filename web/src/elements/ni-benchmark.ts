import { css, html, LitElement, nothing } from 'lit';
import type { Client } from '../client/client.ts';
import { EngineError } from '../client/errors.ts';
import { benchmarkTables, benchmarkText, type Table } from '../draw/benchmark-tables.ts';
import type { BenchmarkProgress, BenchmarkResult } from '../protocol.ts';
import { dialog, dialogStyles, showDialog } from './dialog.ts';

/**
 * Measures the model on this machine, in a dialog: closing it, or hiding the tab, stops. The
 * conversation is not touched.
 */
export class NiBenchmark extends LitElement {
  static override properties = {
    client: { attribute: false },
    answering: { type: Boolean },
    progress: { state: true },
    result: { state: true },
    note: { state: true },
    copied: { state: true },
    refused: { state: true },
  };
  declare client: Client;
  /** An answer is being written: it has to end first. */
  declare answering: boolean;
  declare progress: BenchmarkProgress | null;
  declare result: BenchmarkResult | null;
  /** Why there is no result. */
  declare note: string;
  /** What came of copying. */
  declare copied: string;
  /** The clipboard was refused: the text is shown to be selected. */
  declare refused: boolean;
  #abort: AbortController | null = null;

  constructor() {
    super();
    this.answering = false;
    this.progress = null;
    this.result = null;
    this.note = '';
    this.copied = '';
    this.refused = false;
  }

  override connectedCallback() {
    super.connectedCallback();
    document.addEventListener('visibilitychange', this.#hidden);
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    document.removeEventListener('visibilitychange', this.#hidden);
    this.#abort?.abort();
  }

  show() {
    showDialog(this.renderRoot);
  }

  override render() {
    return dialog(
      'Benchmark of this machine',
      html`
        ${
          this.result || this.progress
            ? nothing
            : html`<p>
                Measures how fast the loaded model runs here: with one thread and with all that this
                page uses, warmed up, in turns, and against what this machine’s memory and
                multipliers give. It takes about a minute with a small model, and the conversation
                stays as it is. Leave the machine alone meanwhile, and this tab in view.
              </p>`
        }
        <p class="note" role="status">${this.note}</p>
        ${this.progress ? progressOf(this.progress) : nothing} ${this.#actions()}
        ${this.refused && this.result ? this.#text(this.result) : nothing}
        ${
          this.result
            ? html`${benchmarkTables(this.result).map(table)}
                <p>
                  “% of roof” is the least time in which this machine’s two measured rates allow an
                  op’s bytes and multiply-adds, over the time that it took. Ops are timed in a run
                  of their own, in which all threads meet after each.
                </p>`
            : nothing
        }
      `,
      () => this.#stop(''),
    );
  }

  // One button for starting and cancelling: whoever pressed it keeps the focus.
  #actions() {
    const running = this.progress !== null;
    const start = this.result ? 'Measure again' : 'Start';
    return html`<div class="actions">
      <button
        class=${running ? '' : 'primary'}
        ?disabled=${!running && (this.answering || !this.client.model)}
        @click=${() => (running ? this.#stop('Cancelled.') : void this.#start())}
      >
        ${running ? 'Cancel' : start}
      </button>
      ${
        this.result
          ? html`<button @click=${this.#copy}>${this.copied || 'Copy result'}</button>`
          : nothing
      }
      ${this.answering ? html`<span>An answer is being written.</span>` : nothing}
    </div>`;
  }

  #text(result: BenchmarkResult) {
    return html`<textarea
      aria-label="Result as text"
      readonly
      rows="8"
      .value=${benchmarkText(result)}
    ></textarea>`;
  }

  async #start() {
    const abort = new AbortController();
    this.#abort = abort;
    this.result = null;
    this.note = '';
    this.refused = false;
    this.progress = { doing: 'getting ready', step: 0, steps: 1, msLeft: null };
    try {
      const result = await this.client.benchmark({
        signal: abort.signal,
        onProgress: (progress) => (this.progress = progress),
      });
      if (abort.signal.aborted) return;
      this.result = result;
      this.note = 'Measured.';
    } catch (thrown) {
      if (!abort.signal.aborted) this.note = EngineError.from(thrown).message;
    } finally {
      this.progress = null;
      this.#abort = null;
    }
  }

  #stop(why: string) {
    if (!this.#abort) return;
    this.#abort.abort();
    this.note = why;
  }

  #hidden = () => {
    if (document.hidden) this.#stop('Stopped: the tab was hidden, and browsers slow those down.');
  };

  async #copy() {
    try {
      await navigator.clipboard.writeText(benchmarkText(this.result!));
      this.copied = 'Copied';
      setTimeout(() => (this.copied = ''), 1500);
    } catch {
      this.refused = true; // A page without https has no clipboard.
      await this.updateComplete;
      const text = this.renderRoot.querySelector('textarea')!;
      text.focus();
      text.select();
    }
  }

  static override styles = [
    dialogStyles,
    css`
      dialog {
        --dialog-width: 44rem;
      }
      p {
        margin: 0.5rem 0;
        font-size: 13.5px;
        line-height: 1.5;
      }
      .note:empty {
        display: none;
      }
      .doing {
        font-size: 12.5px;
        min-height: 3em;
      }
      progress {
        width: 100%;
        height: 8px;
        margin-top: 0.6rem;
        accent-color: var(--accent);
      }
      .actions {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.5rem;
        font-size: 13px;
        color: var(--ink-soft);
      }
      textarea {
        width: 100%;
        margin-top: 0.6rem;
        font: 12px/1.4 var(--mono);
      }
      table {
        width: 100%;
        margin-top: 1rem;
        border-collapse: collapse;
        font: 12px/1.4 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      caption {
        text-align: left;
        font-family: var(--sans);
        font-size: 12.5px;
        font-weight: 600;
        padding-bottom: 0.2rem;
      }
      th {
        font-weight: 400;
        color: var(--ink-soft);
        text-align: right;
        vertical-align: bottom;
      }
      th:first-child {
        text-align: left;
      }
      th[scope='row'] {
        color: var(--ink);
        padding-right: 0.6rem;
        vertical-align: top;
      }
      td {
        text-align: right;
        vertical-align: top;
      }
      .facts td {
        overflow-wrap: anywhere;
      }
      * + td,
      * + th {
        padding-left: 0.5rem;
      }
      tbody td,
      tbody th {
        padding-block: 0.2rem;
        border-top: 1px solid var(--line);
      }
      @media (max-width: 480px) {
        table {
          font-size: 11px;
        }
        * + td,
        * + th {
          padding-left: 0.35rem;
        }
      }
    `,
  ];
}

function progressOf({ doing, step, steps, msLeft }: BenchmarkProgress) {
  const left = msLeft === null ? '' : ` · about ${Math.ceil(msLeft / 1000)} s left`;
  return html`<progress aria-label="Benchmark" max=${steps} value=${step}></progress>
    <p class="mono doing">${doing}${left}</p>`;
}

function table({ title, head, rows }: Table) {
  const facts = head.every((name) => name === '');
  return html`<table class=${facts ? 'facts' : ''}>
    <caption>
      ${title}
    </caption>
    ${
      facts
        ? nothing
        : html`<thead>
            <tr>
              ${head.map((name) =>
                name === '' ? html`<td></td>` : html`<th scope="col">${name}</th>`,
              )}
            </tr>
          </thead>`
    }
    <tbody>
      ${rows.map(
        ([name, ...cells]) =>
          html`<tr>
            <th scope="row">${name}</th>
            ${cells.map((cell) => html`<td>${cell}</td>`)}
          </tr>`,
      )}
    </tbody>
  </table>`;
}

customElements.define('ni-benchmark', NiBenchmark);

declare global {
  interface HTMLElementTagNameMap {
    'ni-benchmark': NiBenchmark;
  }
}
