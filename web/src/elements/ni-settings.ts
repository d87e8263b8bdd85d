import { css, html, LitElement } from 'lit';
import { newConversation, type Settings } from '../client/conversation.ts';
import type { SamplingParams } from '../protocol.ts';
import { controls } from './shared-styles.ts';

interface Field {
  key: keyof Omit<SamplingParams, 'logit_bias'>;
  name: string;
  min: number;
  max: number;
  step: number;
  hint: string;
}

const fields: readonly Field[] = [
  {
    key: 'temperature',
    name: 'Temperature',
    min: 0,
    max: 5,
    step: 0.05,
    hint: '0: always the likeliest token',
  },
  { key: 'top_k', name: 'Top-k', min: 0, max: 1000, step: 1, hint: 'Only the k likeliest; 0: all' },
  {
    key: 'top_p',
    name: 'Top-p',
    min: 0,
    max: 1,
    step: 0.01,
    hint: 'The likeliest that together reach p',
  },
  {
    key: 'min_p',
    name: 'Min-p',
    min: 0,
    max: 1,
    step: 0.01,
    hint: 'At least this share of the likeliest',
  },
  {
    key: 'repetition_penalty',
    name: 'Repetition penalty',
    min: 0.5,
    max: 2,
    step: 0.01,
    hint: '1: none',
  },
  {
    key: 'presence_penalty',
    name: 'Presence penalty',
    min: -2,
    max: 2,
    step: 0.05,
    hint: '0: none',
  },
  {
    key: 'frequency_penalty',
    name: 'Frequency penalty',
    min: -2,
    max: 2,
    step: 0.05,
    hint: '0: none',
  },
  {
    key: 'penalty_window',
    name: 'Penalty window',
    min: 0,
    max: 4096,
    step: 1,
    hint: 'Latest tokens that count',
  },
  {
    key: 'seed',
    name: 'Seed',
    min: 0,
    max: 4294967295,
    step: 1,
    hint: 'The same seed gives the same text',
  },
];

/**
 * System prompt and sampling.
 * @fires settings-change - detail: Settings
 */
export class NiSettings extends LitElement {
  static override properties = { settings: { attribute: false } };
  declare settings: Settings;

  override render() {
    const { system, sampling, fixedSeed, maxTokens, stop } = this.settings;
    return html`
      <label class="wide">
        <span>System prompt</span>
        <textarea
          rows="3"
          .value=${system}
          placeholder="None"
          @change=${(event: Event) => this.#change({ system: valueOf(event) })}
        ></textarea>
      </label>
      <div class="grid">
        ${fields.map((field) =>
          number(field, sampling[field.key], (value) =>
            this.#change({ sampling: { ...this.settings.sampling, [field.key]: value } }),
          ),
        )}
        ${number(
          { name: 'Max tokens', min: 1, max: 131072, step: 1, hint: 'Longest answer' },
          maxTokens,
          (value) => this.#change({ maxTokens: value }),
        )}
      </div>
      <label class="check">
        <input
          type="checkbox"
          .checked=${fixedSeed}
          @change=${(event: Event) =>
            this.#change({ fixedSeed: (event.target as HTMLInputElement).checked })}
        />
        Use this seed for every answer
      </label>
      <label class="wide">
        <span>Stop strings, one a line</span>
        <textarea
          rows="2"
          .value=${stop.join('\n')}
          placeholder="None"
          @change=${(event: Event) =>
            this.#change({
              stop: valueOf(event)
                .split('\n')
                .filter((line) => line !== ''),
            })}
        ></textarea>
      </label>
      <button @click=${() => this.#change(newConversation().settings)}>Reset to defaults</button>
    `;
  }

  #change(change: Partial<Settings>) {
    // Another change may come before the page is drawn with this one.
    this.settings = { ...this.settings, ...change };
    this.dispatchEvent(new CustomEvent('settings-change', { detail: this.settings }));
  }

  static override styles = [
    controls,
    css`
      label {
        display: block;
        font-size: 13px;
      }
      label span {
        display: block;
        margin-bottom: 0.2rem;
        color: var(--ink-soft);
      }
      .grid {
        display: grid;
        grid-template-columns: 1fr 1fr;
        gap: 0.6rem;
        margin: 0.7rem 0;
      }
      .check {
        display: flex;
        gap: 0.4rem;
        align-items: center;
        margin-bottom: 0.7rem;
      }
      input[type='number'],
      textarea {
        width: 100%;
      }
      textarea {
        resize: vertical;
      }
      button {
        margin-top: 0.7rem;
      }
    `,
  ];
}

function number(
  { name, min, max, step, hint }: Omit<Field, 'key'>,
  value: number,
  onChange: (value: number) => void,
) {
  const change = (event: Event) => {
    const input = event.target as HTMLInputElement;
    const given = input.valueAsNumber;
    // What cannot be used goes back to what it was; the rest is brought into its range.
    const valid = Number.isFinite(given) ? Math.min(max, Math.max(min, given)) : value;
    const whole = step >= 1 ? Math.round(valid) : valid;
    input.value = String(whole);
    onChange(whole);
  };
  return html`<label title=${hint}>
    <span>${name}</span>
    <input
      type="number"
      inputmode="decimal"
      min=${min}
      max=${max}
      step=${step}
      .value=${String(value)}
      @change=${change}
    />
  </label>`;
}

function valueOf(event: Event): string {
  return (event.target as HTMLTextAreaElement).value;
}

customElements.define('ni-settings', NiSettings);

declare global {
  interface HTMLElementTagNameMap {
    'ni-settings': NiSettings;
  }
}
