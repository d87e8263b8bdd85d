import { css, html, LitElement, nothing } from 'lit';
import type { Client } from '../client/client.ts';
import { bytes, duration } from '../draw/format.ts';
import type { OpTime } from '../protocol.ts';
import { controls } from './shared-styles.ts';

/**
 * Time by kind of op. The engine measures each op of the plan while this panel is open, and the sums
 * are shown as they are.
 */
export class NiOpTimes extends LitElement {
  static override properties = {
    client: { attribute: false },
    running: { type: Boolean },
    open: { state: true },
    times: { state: true },
  };
  declare client: Client;
  declare running: boolean;
  declare open: boolean;
  declare times: readonly OpTime[];
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    super();
    this.running = false;
    this.open = false;
    this.times = [];
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    clearInterval(this.#timer);
  }

  protected override updated(changed: Map<string, unknown>) {
    if (!changed.has('open') && !changed.has('running')) return;
    clearInterval(this.#timer);
    if (this.open && this.running) this.#timer = setInterval(() => void this.#read(), 500);
    if (this.open || changed.get('open') === true) void this.#read();
  }

  async #read() {
    try {
      this.times = await this.client.opTimes(this.open);
    } catch {
      this.times = []; // No model at the moment.
    }
  }

  override render() {
    const total = this.times.reduce((sum, { ms }) => sum + ms, 0);
    return html`<details @toggle=${this.#toggle}>
      <summary><h2>Time per kind of op</h2></summary>
      ${
        !this.open
          ? nothing
          : total === 0
            ? html`<p>Measured from now on: ask something.</p>`
            : html`<table>
                <thead>
                  <tr>
                    <th scope="col">Op</th>
                    <th scope="col">Share</th>
                    <th scope="col">Time</th>
                    <th scope="col">Weights</th>
                  </tr>
                </thead>
                <tbody>
                  ${this.times.filter(({ ms }) => ms > 0).map((time) => row(time, total))}
                </tbody>
              </table>`
      }
    </details>`;
  }

  #toggle(event: Event) {
    this.open = (event.target as HTMLDetailsElement).open;
  }

  static override styles = [
    controls,
    css`
      summary {
        cursor: pointer;
        padding: 0.2rem 0;
      }
      summary h2 {
        display: inline;
      }
      p {
        margin: 0.5rem 0 0;
        font-size: 13px;
        color: var(--ink-soft);
      }
      table {
        width: 100%;
        margin-top: 0.4rem;
        border-collapse: collapse;
        font: 12px/1.4 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      th {
        font-weight: 400;
        color: var(--ink-soft);
        text-align: right;
      }
      th:first-child,
      th:nth-child(2),
      td:first-child {
        text-align: left;
      }
      td {
        padding: 0.2rem 0;
        text-align: right;
        white-space: nowrap;
        border-top: 1px solid var(--line);
      }
      th:nth-child(2) {
        padding-left: 0.6rem;
      }
      .share {
        width: 34%;
        padding-inline: 0.6rem;
      }
      .share span {
        display: block;
        height: 8px;
        background: var(--accent);
        border-radius: 2px;
      }
    `,
  ];
}

function row({ kind, ops, ms, bytes: weights }: OpTime, total: number) {
  const percent = (ms / total) * 100;
  return html`<tr>
    <td title="${ops} ops in the plan">${kind}</td>
    <td class="share" aria-label="${percent.toFixed(1)} %">
      <span style="width: ${percent}%"></span>
    </td>
    <td>${duration(ms)}</td>
    <td>${weights > 0 ? bytes(weights) : ''}</td>
  </tr>`;
}

customElements.define('ni-op-times', NiOpTimes);

declare global {
  interface HTMLElementTagNameMap {
    'ni-op-times': NiOpTimes;
  }
}
