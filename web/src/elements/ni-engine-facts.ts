import { css, html, LitElement, nothing } from 'lit';
import { bytes, count, parameters } from '../draw/format.ts';
import type { LoadedModel, Memory } from '../protocol.ts';
import { controls } from './shared-styles.ts';

/** What runs: model, threads, SIMD level and why, and where the memory goes. */
export class NiEngineFacts extends LitElement {
  static override properties = { model: { attribute: false }, memory: { attribute: false } };
  declare model: LoadedModel | null;
  declare memory: Memory | null;

  override render() {
    if (!this.model) return html`<p class="why">No model is loaded.</p>`;
    const { choice, build, info, session } = this.model;
    const types = Object.entries(info.types)
      .sort(([, a], [, b]) => b - a)
      .map(([type]) => type)
      .join(', ');
    return html`
      <h2>Engine</h2>
      <dl>
        ${fact('Threads', `${session.n_threads}`)} ${fact('SIMD', build.simd)}
        ${fact('Isolated', choice.isolated ? 'yes' : 'no')}
        ${fact('Kernels', this.memory?.kernels ?? session.kernels)}
      </dl>
      <p class="why">${choice.reason}</p>
      <h2>Model</h2>
      <dl>
        ${fact('Name', clip(info.name))} ${fact('Architecture', clip(info.architecture))}
        ${fact('Parameters', parameters(info.n_params))} ${fact('Types', types)}
        ${fact('Layers', `${info.n_layers}`)} ${fact('Vocabulary', count(info.n_vocab))}
        ${fact('License', clip(info.general['license'] ?? 'not stated'))}
      </dl>
      ${this.memory ? memoryTable(this.memory, session.kv_type) : nothing}
    `;
  }

  static override styles = [
    controls,
    css`
      h2 {
        margin: 0.9rem 0 0.35rem;
      }
      h2:first-child {
        margin-top: 0;
      }
      dl {
        margin: 0;
        display: grid;
        gap: 0.2rem;
      }
      dl div {
        display: flex;
        justify-content: space-between;
        gap: 1rem;
        font-size: 12.5px;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        font-family: var(--mono);
        font-variant-numeric: tabular-nums;
        text-align: right;
        overflow-wrap: anywhere;
      }
      .why {
        margin: 0.45rem 0 0;
        font-size: 12.5px;
        line-height: 1.45;
        color: var(--ink-soft);
      }
    `,
  ];
}

function memoryTable(memory: Memory, kvType: string) {
  return html`
    <h2>Memory</h2>
    <dl>
      ${fact('Weights', bytes(memory.weightsBytes))}
      ${fact(`KV cache, ${kvType}`, `${bytes(memory.kvBytesUsed)} of ${bytes(memory.kvBytesMax)}`)}
      ${fact('Scratch', bytes(memory.scratchBytes))}
      ${fact('WebAssembly memory', bytes(memory.totalBytes))}
    </dl>
  `;
}

function fact(name: string, value: string) {
  return html`<div>
    <dt>${name}</dt>
    <dd>${value}</dd>
  </div>`;
}

/** A file may put anything into its texts. */
function clip(text: string): string {
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

customElements.define('ni-engine-facts', NiEngineFacts);

declare global {
  interface HTMLElementTagNameMap {
    'ni-engine-facts': NiEngineFacts;
  }
}
