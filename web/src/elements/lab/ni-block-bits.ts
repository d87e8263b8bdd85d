import { css, html, LitElement } from 'lit';
import {
  bitText,
  type FieldName,
  fieldOf,
  formulaOf,
  type Part,
  partsOf,
  partValue,
} from '../../draw/block-parts.ts';
import { value } from '../../draw/format.ts';
import type { MatrixBlock } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';

const colours: Record<FieldName, string> = {
  d: 'light-dark(#0072b2, #56b4e9)',
  dmin: 'light-dark(#d55e00, #e69f00)',
  m: 'light-dark(#d55e00, #e69f00)',
  scales: 'light-dark(#b0578f, #e49ac6)',
  'high bits': 'light-dark(#8a6d00, #f0e442)',
  'low bits': 'light-dark(#007a5a, #33c79b)',
  codes: 'light-dark(#007a5a, #33c79b)',
  value: 'light-dark(#0072b2, #56b4e9)',
};

/** A block's bytes by their fields, and the bits that make up one of its weights. */
export class NiBlockBits extends LitElement {
  static override properties = { block: { attribute: false }, element: { type: Number } };
  declare block: MatrixBlock;
  /** Of the block. */
  declare element: number;

  override render() {
    const { block, element } = this;
    const parts = partsOf(block.type, element);
    return html`${this.#parts(parts)} ${this.#formula(parts)} ${this.#bytes(parts)}`;
  }

  #parts(parts: readonly Part[]) {
    const { bytes } = this.block;
    return html`<div class="scroll" tabindex="0" role="region" aria-label="Bits of the weight">
      <table>
        <thead>
          <tr>
            <th scope="col">Part</th>
            <th scope="col">Bytes</th>
            <th scope="col">Bits</th>
            <th scope="col">Number</th>
          </tr>
        </thead>
        <tbody>
          ${parts.map(
            (part) =>
              html`<tr>
                <th scope="row" style="border-color:${this.#colour(part)}">${part.name}</th>
                <td>${placeText(part)}</td>
                <td class="bits">${bitText(part, bytes)}</td>
                <td>${value(partValue(part, bytes), 6)}</td>
              </tr>`,
          )}
        </tbody>
      </table>
    </div>`;
  }

  #formula(parts: readonly Part[]) {
    const { type, bytes, values } = this.block;
    const formula = formulaOf(type);
    const number = (name: string) => {
      const part = parts.find((one) => one.name === name);
      if (!part) return name;
      const text = value(partValue(part, bytes), 6);
      return text.startsWith('-') ? `(${text})` : text;
    };
    const worked = formula.replace(/\b(dmin|scale|code|min|d|m)\b/g, number);
    return html`<p class="formula" aria-live="polite">
      w = ${formula}${worked === formula ? '' : html`<br />&nbsp; = ${worked}`}<br />&nbsp; =
      <b>${value(values[values.length === 1 ? 0 : this.element]!, 6)}</b> in the engine
    </p>`;
  }

  #bytes(parts: readonly Part[]) {
    const { type, bytes } = this.block;
    const used = new Set(parts.flatMap(({ bits }) => bits.map(({ byte }) => byte)));
    const fields = [...new Set(Array.from(bytes, (_, at) => fieldOf(type, at)))];
    return html`<div class="bytes" role="img" aria-label=${hexText(bytes)}>
        ${Array.from(
          bytes,
          (byte, at) =>
            html`<span
              class=${used.has(at) ? 'used' : ''}
              style="border-color:${colours[fieldOf(type, at)]}"
              title="byte ${at}, ${fieldOf(type, at)}: ${byte.toString(2).padStart(8, '0')}"
              >${hex(byte)}</span
            >`,
        )}
      </div>
      <p class="legend">
        ${fields.map((field) => html`<span style="border-color:${colours[field]}">${field}</span>`)}
        <span class="used">the weight’s</span>
      </p>`;
  }

  #colour({ bits }: Part): string {
    return colours[fieldOf(this.block.type, bits.at(-1)!.byte)];
  }

  static override styles = [
    controls,
    css`
      .scroll {
        overflow-x: auto;
      }
      table {
        border-collapse: collapse;
        font: 12px/1.5 var(--mono);
        font-variant-numeric: tabular-nums;
      }
      th,
      td {
        padding: 0.1rem 0.9rem 0.1rem 0.4rem;
        font-weight: 400;
        text-align: left;
        white-space: nowrap;
      }
      thead th {
        color: var(--ink-soft);
      }
      @container (max-width: 30rem) {
        th,
        td {
          padding-inline: 0.1rem 0.5rem;
        }
        td:nth-child(2) {
          white-space: normal;
        }
      }
      tbody th {
        border-left: 4px solid;
      }
      .formula {
        margin: 0.5rem 0;
        font: 12px/1.6 var(--mono);
        overflow-wrap: anywhere;
      }
      .bytes {
        display: flex;
        flex-wrap: wrap;
        gap: 2px;
        font: 11px/1.5 var(--mono);
      }
      .bytes span {
        padding: 0 1px;
        border-bottom: 3px solid;
      }
      .used {
        color: var(--accent-ink);
        background: var(--accent);
      }
      .legend {
        display: flex;
        flex-wrap: wrap;
        gap: 0.3rem 0.8rem;
        margin: 0.4rem 0 0.7rem;
        font-size: 11px;
      }
      .legend span {
        border-bottom: 3px solid transparent;
        padding: 0 2px;
      }
    `,
  ];
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, '0');
}

function hexText(bytes: Uint8Array): string {
  return `${bytes.length} bytes of the block: ${Array.from(bytes, hex).join(' ')}`;
}

/** '0, 1', or '3 (bit 5), 7 (bits 4–7)': in the order of the bits shown, unless whole bytes are. */
function placeText({ bits }: Part): string {
  const whole = bits.every(({ count }) => count === 8);
  return (whole ? bits.toReversed() : bits)
    .map(({ byte, shift, count }) => {
      if (count === 8) return `${byte}`;
      return count === 1
        ? `${byte} (bit ${shift})`
        : `${byte} (bits ${shift}–${shift + count - 1})`;
    })
    .join(', ');
}

customElements.define('ni-block-bits', NiBlockBits);

declare global {
  interface HTMLElementTagNameMap {
    'ni-block-bits': NiBlockBits;
  }
}
