import { css, html, LitElement } from 'lit';
import { count } from '../draw/format.ts';
import { controls } from './shared-styles.ts';

/** How much of the context is taken. */
export class NiContextMeter extends LitElement {
  static override properties = { used: { type: Number }, size: { type: Number } };
  declare used: number;
  declare size: number;

  constructor() {
    super();
    this.used = 0;
    this.size = 0;
  }

  override render() {
    const percent = this.size > 0 ? Math.min(100, (this.used / this.size) * 100) : 0;
    return html`
      <div class="head">
        <h2>Context</h2>
        <span class="mono">${count(this.used)} / ${count(this.size)} tokens</span>
      </div>
      <div
        class="bar ${percent > 90 ? 'nearly-full' : ''}"
        role="meter"
        aria-label="Context"
        aria-valuemin="0"
        aria-valuemax=${this.size}
        aria-valuenow=${this.used}
      >
        <span style="width: ${percent}%"></span>
      </div>
    `;
  }

  static override styles = [
    controls,
    css`
      .head {
        display: flex;
        justify-content: space-between;
        align-items: baseline;
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      .bar {
        height: 6px;
        margin-top: 0.4rem;
        background: var(--well);
        border-radius: 3px;
        overflow: hidden;
      }
      .bar span {
        display: block;
        height: 100%;
        background: var(--accent);
      }
      .nearly-full span {
        background: var(--signal);
      }
    `,
  ];
}

customElements.define('ni-context-meter', NiContextMeter);

declare global {
  interface HTMLElementTagNameMap {
    'ni-context-meter': NiContextMeter;
  }
}
