import { css, html, LitElement, type TemplateResult } from 'lit';
import type { LogitParts } from '../../client/logit-parts.ts';
import { largest, signedBar } from '../../draw/bars.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { branchColours } from './branch-colours.ts';

/**
 * What each branch of each layer, and each head of one layer, adds to a token's logit.
 * @fires pick - the layer whose heads are wanted
 */
export class NiLogitParts extends LitElement {
  static override properties = {
    parts: { attribute: false },
    logit: { attribute: false },
    layer: { attribute: false },
  };
  declare parts: LogitParts;
  /** As the lens behind the last layer has it. */
  declare logit: number;
  /** Whose heads they are. */
  declare layer: number;

  override render() {
    const { parts, layer, logit } = this;
    const heads = headsOf(parts, layer);
    const most = largest([parts.embd, ...parts.attention, ...parts.mlp]);
    const ofHeads = largest(heads);
    return html`
      <p>
        The final norm’s factor is held as it was, so that the logit is a sum: of the embedding and
        all that was added, ${value(parts.sum)}; the lens behind the last layer has ${value(logit)}.
      </p>
      <p>Bars to ±${value(most)}</p>
      <ol aria-label="What adds to the logit">
        ${line('embd', 'norm', parts.embd, most)}
        ${Array.from(parts.attention, (attention, at) => [
          line(this.#layerButton(at), 'attention', attention, most),
          line(`L.${at} MLP`, 'mlp', parts.mlp[at]!, most),
        ])}
      </ol>
      <p>Heads of layer ${layer}, bars to ±${value(ofHeads)}. Choose a layer’s attention above.</p>
      <ol aria-label="Heads of the layer">
        ${Array.from(heads, (x, head) => line(`head ${head}`, 'attention', x, ofHeads))}
      </ol>
    `;
  }

  #layerButton(at: number) {
    return html`<button
      class="plain"
      title="The heads of layer ${at}"
      aria-pressed=${at === this.layer ? 'true' : 'false'}
      @click=${() => this.dispatchEvent(new CustomEvent('pick', { detail: at }))}
    >
      L.${at} attention
    </button>`;
  }

  static override styles = [
    controls,
    branchColours,
    css`
      p {
        margin: 0.4rem 0;
        font-size: 12px;
        color: var(--ink-soft);
      }
      ol {
        max-width: 46rem;
        margin: 0;
        padding: 0;
        list-style: none;
        font: 11.5px/1.3 var(--mono);
      }
      li {
        display: grid;
        grid-template-columns: 7.5rem minmax(0, 1fr) 5.5rem;
        gap: 0.5rem;
      }
      .line {
        position: relative;
        background: linear-gradient(var(--line), var(--line)) center / 1px 100% no-repeat;
      }
      i {
        position: absolute;
        inset-block: 2px;
        background: var(--colour);
      }
      button.plain {
        min-height: 0;
        margin-left: -4px;
        padding: 0 4px;
        font: inherit;
      }
      button[aria-pressed='true'] {
        color: var(--accent);
        background: var(--accent-wash);
      }
      .number {
        text-align: right;
      }
    `,
  ];
}

/** (n_heads) those of one layer. */
export function headsOf({ heads, attention }: LogitParts, layer: number): Float32Array {
  const n = heads.length / attention.length;
  return heads.subarray(layer * n, (layer + 1) * n);
}

function line(name: string | TemplateResult, what: string, x: number, most: number) {
  return html`<li>
    <span>${name}</span>
    <span class="line ${what}"><i style=${signedBar(x, most)}></i></span>
    <span class="number">${value(x)}</span>
  </li>`;
}

customElements.define('ni-logit-parts', NiLogitParts);

declare global {
  interface HTMLElementTagNameMap {
    'ni-logit-parts': NiLogitParts;
  }
}
