import { css, html, LitElement } from 'lit';
import { largest, signedBar } from '../../draw/bars.ts';
import { value } from '../../draw/format.ts';
import { tokenLabel } from '../../draw/token-label.ts';
import type { AttentionRow, TokenPiece } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';

/** Keys that are shown: the newest. */
const maxKeys = 200;

/**
 * One head at one position in its four stages, a row a key, each key to be hidden.
 * @fires hide - the key's position
 */
export class NiAttentionStages extends LitElement {
  static override properties = {
    row: { attribute: false },
    tokens: { attribute: false },
    headDim: { attribute: false },
    fixed: { type: Boolean },
  };
  declare row: AttentionRow;
  declare tokens: readonly TokenPiece[];
  declare headDim: number;
  /** No key can be hidden. */
  declare fixed: boolean;

  override render() {
    const { row, headDim } = this;
    const n = row.probs.length;
    const first = Math.max(0, n - maxKeys);
    const keys = Array.from({ length: n - first }, (_, i) => n - 1 - i);
    const [raw, scaled] = [largest(row.raw), largest(row.scaled)];
    return html`
      <p class="mono">
        m = ${value(row.m)}, the largest score; l = Σ exp(score − m) = ${value(row.l)}
      </p>
      <div class="scroll scrolls" tabindex="0" role="region" aria-label="Stages of the softmax">
        <table>
          <thead>
            <tr>
              <th scope="col">key</th>
              <th scope="col">q·k</th>
              <th scope="col">÷ √${headDim}</th>
              <th scope="col">mask</th>
              <th scope="col">exp(s−m)/l</th>
              <th scope="col"><span class="unseen">Hide</span></th>
            </tr>
          </thead>
          <tbody>
            ${keys.map((key) => this.#key(key, raw, scaled))}
          </tbody>
        </table>
      </div>
      <p>
        ${first > 0 ? `Keys ${first} to ${n - 1}; those before are in the table.` : ''} Bars of q·k
        reach to ±${value(raw)}, scaled ones to ±${value(scaled)}, probabilities to 1.
      </p>
    `;
  }

  #key(key: number, raw: number, scaled: number) {
    const { row, tokens } = this;
    const hidden = row.masked[key] === -Infinity;
    const label = tokenLabel(key, tokens[key]?.bytes ?? new Uint8Array());
    return html`<tr class=${hidden ? 'hidden' : ''}>
      <th scope="row">${label}</th>
      <td>${signed(row.raw[key]!, raw)}</td>
      <td>${signed(row.scaled[key]!, scaled)}</td>
      <td>${hidden ? '−∞' : 'seen'}</td>
      <td>
        <span class="p" style="width: ${row.probs[key]! * 100}%"></span>${value(row.probs[key]!)}
      </td>
      <td>
        <button
          class="plain"
          aria-label="Hide key ${label}"
          ?disabled=${hidden || this.fixed}
          @click=${() => this.dispatchEvent(new CustomEvent('hide', { detail: key }))}
        >
          hide
        </button>
      </td>
    </tr>`;
  }

  static override styles = [
    controls,
    css`
      p {
        margin: 0.4rem 0;
        font-size: 12px;
        color: var(--ink-soft);
      }
      .scroll {
        max-height: 22rem;
        overflow: auto;
      }
      table {
        width: 100%;
        border-collapse: collapse;
        font: 11.5px/1.3 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      thead th {
        position: sticky;
        top: 0;
        background: var(--panel);
        z-index: 1;
        font-weight: 400;
        text-align: left;
        color: var(--ink-soft);
      }
      th,
      td {
        padding: 2px 6px 4px 0;
        white-space: nowrap;
      }
      tbody th {
        text-align: left;
        font-weight: 400;
        max-width: 8rem;
        white-space: pre;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      td {
        position: relative;
        min-width: 4.2rem;
      }
      td:nth-child(4),
      td:last-child {
        min-width: 0;
      }
      .p,
      .bar {
        position: absolute;
        bottom: 1px;
        height: 2px;
        background: var(--accent);
      }
      .p {
        left: 0;
      }
      .minus {
        background: var(--signal);
      }
      .hidden {
        color: var(--ink-soft);
      }
      td .plain {
        padding: 0 0.3rem;
        min-height: 1.5rem;
        font-size: 11px;
      }
      .unseen {
        position: absolute;
        clip-path: inset(50%);
        width: 1px;
        height: 1px;
        overflow: hidden;
      }
    `,
  ];
}

function signed(x: number, most: number) {
  return html`<span class="bar ${x < 0 ? 'minus' : ''}" style=${signedBar(x, most)}></span
    >${value(x)}`;
}

customElements.define('ni-attention-stages', NiAttentionStages);

declare global {
  interface HTMLElementTagNameMap {
    'ni-attention-stages': NiAttentionStages;
  }
}
