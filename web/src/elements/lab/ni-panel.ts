import { css, html, LitElement, nothing } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';
import { icons } from '../icons.ts';
import { controls } from '../shared-styles.ts';
import { makePanel, type PanelEntry } from './panels.ts';

/**
 * The frame around an opened panel, whose script it loads.
 * @fires close-panel
 * @fires expand-panel - over the whole width, or back
 */
export class NiPanel extends LitElement {
  static override properties = {
    entry: { attribute: false },
    run: { attribute: false },
    made: { attribute: false },
    expanded: { type: Boolean, reflect: true },
    bare: { type: Boolean },
    panel: { state: true },
    unavailable: { state: true },
  };
  declare entry: PanelEntry;
  declare run: LabRun;
  /** Panels that were made before: as one is presented, the others keep what was chosen in them. */
  declare made: Map<PanelEntry, HTMLElement>;
  declare expanded: boolean;
  /** Without its frame: it stands alone. */
  declare bare: boolean;
  declare panel: HTMLElement | null;
  declare unavailable: boolean;

  constructor() {
    super();
    this.expanded = false;
    this.bare = false;
    this.panel = null;
    this.unavailable = false;
  }

  protected override firstUpdated() {
    void this.#load();
  }

  /** Brings it into view, and lets the keyboard go on from here. */
  override focus() {
    const section = this.renderRoot.querySelector('section');
    section?.scrollIntoView({ block: 'start' });
    section?.focus({ preventScroll: true });
  }

  async #load() {
    this.unavailable = false;
    try {
      const panel = this.made.get(this.entry) ?? (await makePanel(this.entry, this.run));
      this.made.set(this.entry, panel);
      this.panel = panel;
    } catch {
      this.unavailable = true; // No network, or a newer page has taken this one's place.
    }
  }

  override render() {
    const { title, about } = this.entry;
    const content = this.panel ?? (this.unavailable ? this.#again(title) : nothing);
    if (this.bare) return html`<section aria-label=${title}>${content}</section>`;
    return html`<section class="framed" aria-labelledby="title" tabindex="-1">
      <header>
        <h2 id="title" title=${about}>${title}</h2>
        ${this.#buttons(title)}
      </header>
      <div class="content">${content}</div>
    </section>`;
  }

  #buttons(title: string) {
    return html`
      <button
        class="plain wide"
        aria-pressed=${this.expanded ? 'true' : 'false'}
        aria-label="Whole width: ${title}"
        title="Whole width"
        @click=${() => this.#fire('expand-panel')}
      >
        ${icons.whole}
      </button>
      <button
        class="plain"
        aria-label="Close ${title}"
        title="Close"
        @click=${() => this.#fire('close-panel')}
      >
        ${icons.close}
      </button>
    `;
  }

  #again(title: string) {
    return html`<p role="alert">This panel’s script could not be loaded.</p>
      <button @click=${() => void this.#load()}>Try again: ${title}</button>`;
  }

  #fire(name: string) {
    this.dispatchEvent(new CustomEvent(name));
  }

  static override styles = [
    controls,
    css`
      :host {
        min-width: 0;
      }
      .framed {
        height: 100%;
        background: var(--panel);
        border: 1px solid var(--line);
        border-radius: 8px;
      }
      header {
        display: flex;
        align-items: center;
        gap: 0.1rem;
        padding: 0.3rem 0.35rem 0.3rem 0.9rem;
        border-bottom: 1px solid var(--line);
        min-height: 2.4rem;
      }
      h2 {
        flex: 1;
        color: var(--ink);
      }
      header button {
        min-width: 1.75rem;
      }
      button[aria-pressed='true'] {
        color: var(--accent);
        background: var(--accent-wash);
      }
      .content {
        padding: 0.8rem 0.9rem 0.9rem;
      }
      p {
        margin: 0 0 0.5rem;
        font-size: 13px;
      }
      @media (max-width: 1099px) {
        .wide {
          display: none;
        }
      }
    `,
  ];
}

customElements.define('ni-panel', NiPanel);

declare global {
  interface HTMLElementTagNameMap {
    'ni-panel': NiPanel;
  }
}
