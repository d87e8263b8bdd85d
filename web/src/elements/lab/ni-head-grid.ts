import { css, html, LitElement } from 'lit';
import type { Head } from '../../client/head-rows.ts';
import { groupColour } from '../../draw/group-colours.ts';
import { value } from '../../draw/format.ts';
import { controls } from '../shared-styles.ts';
import { paintHeat } from './ni-heat-map.ts';

export interface HeadPicture extends Head {
  kvHead: number;
  /** (n, n) probabilities. */
  square: Float32Array;
  n: number;
  score: number;
}

/**
 * Heads as small matrices, a row a layer.
 * @fires pick - the Head that was chosen
 */
export class NiHeadGrid extends LitElement {
  static override properties = {
    heads: { attribute: false },
    chosen: { attribute: false },
    scoreWords: { attribute: false },
    shadedTo: { attribute: false },
  };
  declare heads: readonly HeadPicture[];
  declare chosen: Head;
  declare scoreWords: string;
  /** The probability with the strongest shade. */
  declare shadedTo: number;

  override render() {
    const layers = [...new Set(this.heads.map(({ layer }) => layer))];
    return html`<div class="scroll scrolls" tabindex="0" role="region" aria-label="Heads">
      ${layers.map(
        (layer) =>
          html`<div class="layer" role="group" aria-label="Layer ${layer}">
            <span class="name">L ${layer}</span>
            ${this.heads.filter((head) => head.layer === layer).map((head) => this.#head(head))}
          </div>`,
      )}
    </div>`;
  }

  #head({ layer, head, kvHead, n, score }: HeadPicture) {
    const isChosen = layer === this.chosen.layer && head === this.chosen.head;
    const words = Number.isNaN(score) ? '–' : `${(score * 100).toFixed(0)}%`;
    const said = `Layer ${layer}, head ${head}, KV head ${kvHead}: ${Number.isNaN(score) ? 'not computed' : value(score)} ${this.scoreWords}`;
    return html`<button
      style="--group: ${groupColour(kvHead)}"
      tabindex=${isChosen ? 0 : -1}
      aria-pressed=${isChosen ? 'true' : 'false'}
      title=${said}
      @click=${() => this.dispatchEvent(new CustomEvent('pick', { detail: { layer, head } }))}
    >
      <canvas width=${n} height=${n} data-head="${layer}/${head}" aria-hidden="true"></canvas>
      <span>${head} · kv${kvHead}</span>
      <span>${words}</span>
    </button>`;
  }

  protected override updated() {
    for (const canvas of this.renderRoot.querySelectorAll('canvas')) {
      const at = canvas.dataset['head'];
      const head = this.heads.find(({ layer, head }) => `${layer}/${head}` === at)!;
      canvas.getContext('2d')!.clearRect(0, 0, canvas.width, canvas.height);
      paintHeat(canvas, head.square, { kind: 'sequential', min: 0, max: this.shadedTo });
    }
  }

  static override styles = [
    controls,
    css`
      .scroll {
        max-height: 30rem;
        overflow: auto;
      }
      .layer {
        display: flex;
        align-items: center;
        gap: 4px;
        margin-bottom: 4px;
        width: max-content;
      }
      .name {
        flex: none;
        width: 2.2rem;
        font: 11px var(--mono);
        color: var(--ink-soft);
      }
      button {
        display: grid;
        gap: 1px;
        padding: 3px;
        min-height: 0;
        font: 10px/1.2 var(--mono);
        border-bottom: 3px solid var(--group);
      }
      button[aria-pressed='true'] {
        outline: 2px solid var(--signal);
        outline-offset: -1px;
      }
      canvas {
        width: 56px;
        height: 56px;
        image-rendering: pixelated;
        background: var(--well);
      }
    `,
  ];
}

customElements.define('ni-head-grid', NiHeadGrid);

declare global {
  interface HTMLElementTagNameMap {
    'ni-head-grid': NiHeadGrid;
  }
}
