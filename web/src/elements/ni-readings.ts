import { css, html, LitElement, nothing } from 'lit';
import type { Readings } from '../client/chat.ts';
import { bytes, duration, rate, threads } from '../draw/format.ts';
import type { LoadedModel, Memory } from '../protocol.ts';
import { controls } from './shared-styles.ts';

/** The timings that are always in view: of the load, and of the latest answer. */
export class NiReadings extends LitElement {
  static override properties = {
    model: { attribute: false },
    readings: { attribute: false },
    memory: { attribute: false },
  };
  declare model: LoadedModel | null;
  declare readings: Readings;
  declare memory: Memory | null;

  override render() {
    const { firstTokenMs, prefillPerSecond, decodePerSecond, prefillDone, promptTokens } =
      this.readings;
    const reading = prefillDone !== null && firstTokenMs === null;
    return html`<dl>
        ${
          reading
            ? cell('Prompt', `${prefillDone}`, `of ${promptTokens} tokens`)
            : cell('Prefill', prefillPerSecond === null ? null : rate(prefillPerSecond), 'tok/s')
        }
        ${cell('Decode', decodePerSecond === null ? null : rate(decodePerSecond), 'tok/s')}
        ${timeCell('First token', firstTokenMs)} ${timeCell('Load', this.model?.loadMs ?? null)}
      </dl>
      <p class="mono">${this.#engine()}</p>`;
  }

  /** '2 threads · relaxed SIMD · 112 MB' */
  #engine(): string {
    if (!this.model) return 'No model';
    const { session, build } = this.model;
    const memory = this.memory ? ` · ${bytes(this.memory.totalBytes)}` : '';
    return `${threads(session.n_threads)} · ${build.simd} SIMD${memory}`;
  }

  static override styles = [
    controls,
    css`
      dl {
        display: grid;
        grid-template-columns: repeat(4, minmax(0, 1fr));
        gap: 1px;
        margin: 0;
        background: var(--line);
        border: 1px solid var(--line);
        border-width: 1px var(--edge, 1px);
        border-radius: calc(var(--radius) * var(--rounded, 1));
        overflow: hidden;
      }
      div {
        background: var(--panel);
        padding: 0.45rem 0.6rem 0.5rem;
        min-width: 0;
      }
      dt {
        font: 500 10.5px/1.3 var(--mono);
        letter-spacing: 0.06em;
        text-transform: uppercase;
        color: var(--ink-soft);
        white-space: nowrap;
        overflow: hidden;
        text-overflow: ellipsis;
      }
      dd {
        margin: 0.15rem 0 0;
        font: 500 1.15rem/1.2 var(--mono);
        font-variant-numeric: tabular-nums;
        white-space: nowrap;
      }
      p {
        margin: 0.4rem 0 0;
        font-size: 11.5px;
        color: var(--ink-soft);
      }
      small {
        font-size: 11px;
        font-weight: 400;
        color: var(--ink-soft);
      }
      .none {
        color: var(--ink-soft);
      }
      @container (max-width: 420px) {
        dl {
          grid-template-columns: repeat(2, minmax(0, 1fr));
        }
      }
      @media (max-width: 960px) {
        dd {
          font-size: 0.95rem;
        }
        div {
          padding: 0.3rem 0.5rem;
        }
        p {
          margin: 0.2rem 0.5rem;
          font-size: 11px;
        }
      }
      @media (max-width: 480px) {
        small:not(.needed) {
          display: none;
        }
        dt {
          font-size: 9.5px;
          letter-spacing: 0;
        }
      }
    `,
  ];
}

function timeCell(name: string, ms: number | null) {
  if (ms === null) return cell(name, null, '');
  const [value, unit] = duration(ms).split(' ');
  return cell(name, value!, unit!, true);
}

function cell(name: string, value: string | null, unit: string, keepUnit = false) {
  return html`<div>
    <dt>${name}</dt>
    <dd>
      ${
        value === null
          ? html`<span class="none" aria-label="not measured yet">–</span>`
          : html`${value} <small class=${keepUnit ? 'needed' : ''}>${unit}</small>`
      }
      ${nothing}
    </dd>
  </div>`;
}

customElements.define('ni-readings', NiReadings);

declare global {
  interface HTMLElementTagNameMap {
    'ni-readings': NiReadings;
  }
}
