import { css, html, LitElement, nothing } from 'lit';
import { keyed } from 'lit/directives/keyed.js';
import type { LabRun } from '../../client/lab-run.ts';
import type { Edit, TapInfo } from '../../protocol.ts';
import { controls } from '../shared-styles.ts';
import { RunWatch } from './run-watch.ts';

type Kind = Edit['do'];

const kinds: Record<Kind, string> = {
  scale: 'scale',
  zero: 'zero',
  add: 'add to',
  replace: 'replace',
  patch: 'patch from another run',
  mask: 'hide positions from',
  rope_theta: 'RoPE base',
  logit_bias: 'logit bias',
};

/** What lies in the cache: an edit of these changes what later positions find there. */
const cached = new Set(['k_rot', 'v']);

/**
 * Makes one edit out of what the model's schema has: taps, layers, heads.
 * @fires add-edit - detail: Edit
 */
export class NiEditForm extends LitElement {
  static override properties = {
    run: { attribute: false },
    kind: { state: true },
    tap: { state: true },
    head: { state: true },
  };
  declare run: LabRun;
  declare kind: Kind;
  /** Without its layer: 'z'. */
  declare tap: string;
  /** The chosen one of the tap's; -1: all of them. */
  declare head: number;

  constructor() {
    super();
    this.kind = 'scale';
    this.tap = 'z';
    this.head = -1;
    new RunWatch(this);
  }

  override render() {
    const { run, kind } = this;
    if (!run.plan) return nothing;
    return html`<form aria-label="New edit" @submit=${this.#add}>
      <select
        aria-label="Kind of edit"
        @change=${(event: Event) => {
          this.kind = (event.target as HTMLSelectElement).value as Kind;
          this.head = -1;
        }}
      >
        ${Object.entries(kinds).map(
          ([id, words]) => html`<option value=${id} ?selected=${id === kind}>${words}</option>`,
        )}
      </select>
      ${this.#site()} ${this.#values()} ${kind === 'rope_theta' ? nothing : this.#positions()}
      <button class="primary">Add edit</button>
    </form>`;
  }

  get #masks(): boolean {
    return this.kind === 'mask';
  }

  /** The tap whose part is edited, of layer 0 where it is one of many. A mask is one of heads of z. */
  get #chosen(): TapInfo | undefined {
    const name = this.#masks ? 'z' : this.tap;
    return this.run.tap(name) ?? this.run.tap(`L.0.${name}`);
  }

  #site() {
    const { run, kind } = this;
    if (kind === 'rope_theta' || kind === 'logit_bias') return nothing;
    const names = [...new Set(run.plan!.taps.map(({ name }) => name.split('.').at(-1)!))];
    const layered = this.#masks || run.tap(this.tap) === undefined;
    return html`
      ${
        this.#masks
          ? html`<span class="mono">scores</span>`
          : html`<select
              name="tap"
              aria-label="Tap"
              @change=${(event: Event) => {
                this.tap = (event.target as HTMLSelectElement).value;
                this.head = -1;
              }}
            >
              ${names.map(
                (name) =>
                  html`<option value=${name} ?selected=${name === this.tap}>
                    ${cached.has(name) ? `${name} (KV cache)` : name}
                  </option>`,
              )}
            </select>`
      }
      ${layered ? this.#count('layer', run.model!.info.n_layers, run.selection.layer) : nothing}
      ${this.#heads()}
    `;
  }

  #heads() {
    const [, axis, inHead] = this.#chosen?.axes ?? [];
    if (axis?.name !== 'head' && axis?.name !== 'kv_head') return this.#elements(axis?.size ?? 1);
    const [nHeads, size] = [axis.size ?? 1, inHead?.size ?? 1];
    const choice = this.#count('head', nHeads, -1, (head) => (this.head = head));
    // Without a head they are counted through all of them. Another tap begins with all.
    return html`${keyed(`${this.kind} ${this.tap}`, choice)}
    ${this.#elements(this.head < 0 ? nHeads * size : size)}`;
  }

  /** One of `size`, or all: '*'. */
  #count(name: string, size: number, chosen: number, choose?: (chosen: number) => void) {
    return html`<label>
      ${name}
      <select
        name=${name}
        aria-label=${name}
        @change=${(event: Event) => choose?.((event.target as HTMLSelectElement).selectedIndex - 1)}
      >
        <option value="*">all</option>
        ${Array.from(
          { length: size },
          (_, i) => html`<option value=${i} ?selected=${i === chosen}>${i}</option>`,
        )}
      </select>
    </label>`;
  }

  #elements(size: number) {
    if (this.#masks) return nothing;
    return this.#range('element', 'elements', size - 1, `0 to ${size - 1}`);
  }

  #positions() {
    return this.#range('position', 'positions', this.run.model!.session.n_ctx - 1, 'all');
  }

  /** Both ends count; nothing written: all. */
  #range(name: string, words: string, most: number, hint: string, required = false) {
    const field = (end: 'first' | 'last') =>
      html`<input
        type="number"
        name="${name}-${end}"
        aria-label="${end === 'first' ? 'First' : 'Last'} ${name}"
        placeholder=${hint === 'all' ? 'all' : end === 'first' ? '0' : most}
        min="0"
        max=${most}
        ?required=${required}
      />`;
    return html`<span class="range" title=${hint}
      >${words} ${field('first')}–${field('last')}</span
    >`;
  }

  #values() {
    const { kind, run } = this;
    const number = (name: string, label: string, value: string) =>
      html`<label>
        ${label}
        <input type="number" step="any" name=${name} aria-label=${label} value=${value} required />
      </label>`;
    if (kind === 'scale') return number('by', 'by', '0');
    if (kind === 'rope_theta') return number('theta', 'theta', `${run.model!.info.rope_theta}`);
    if (kind === 'logit_bias')
      return html`${number('id', 'token id', '0')}${number('by', 'by', '10')}`;
    if (kind === 'mask') {
      return this.#range('key', 'which see not', run.model!.session.n_ctx - 1, '', true);
    }
    if (kind === 'patch') return this.#saved();
    if (kind === 'zero') return nothing;
    return html`<label title="One number for all, or as many as there are elements">
      by
      <input type="text" name="values" aria-label="by" value="0" required pattern="[-+0-9.eE, ]+" />
    </label>`;
  }

  #saved() {
    const { recordings } = this.run;
    return html`
      <select name="recording" aria-label="Saved values" required>
        ${
          recordings.length === 0
            ? html`<option value="">nothing saved yet</option>`
            : recordings.map(({ label }, i) => html`<option value=${i}>${label}</option>`)
        }
      </select>
      <button type="button" @click=${this.#save}>Save this tap of this run</button>
    `;
  }

  #form(): FormData {
    return new FormData(this.renderRoot.querySelector('form')!);
  }

  #sitesOf(fields: FormData): string {
    const layer = fields.get('layer') as string | null;
    const name = this.#masks ? 'scores' : this.tap;
    return layer === null ? name : `L.${layer}.${name}`;
  }

  #save = () => {
    const site = this.#sitesOf(this.#form());
    const parts = site.split('.');
    const names = this.run
      .plan!.taps.map(({ name }) => name)
      .filter((name) => {
        const own = name.split('.');
        return (
          own.length === parts.length && parts.every((part, i) => part === '*' || part === own[i])
        );
      });
    void this.run.record(names);
  };

  #add = (event: SubmitEvent) => {
    event.preventDefault();
    const detail = this.#edit(this.#form());
    this.dispatchEvent(new CustomEvent<Edit>('add-edit', { detail }));
  };

  #edit(fields: FormData): Edit {
    const { kind } = this;
    const number = (name: string) => Number(fields.get(name));
    const pair = (name: string) => pairOf(fields, name);
    if (kind === 'rope_theta') return { do: kind, theta: number('theta') };
    const positions = pair('position');
    const where = positions ? { from: positions[0], to: positions[1] } : {};
    if (kind === 'logit_bias') return { do: kind, id: number('id'), by: number('by'), ...where };
    const head = fields.get('head');
    const range = pair('element');
    const place = {
      site: this.#sitesOf(fields),
      ...(head === null || head === '*' ? {} : { head: Number(head) }),
      ...(range ? { range } : {}),
      ...where,
    };
    if (kind === 'mask') return { do: kind, keys: pair('key')!, ...place };
    if (kind === 'zero') return { do: kind, ...place };
    if (kind === 'scale') return { do: kind, by: number('by'), ...place };
    if (kind === 'patch') {
      const { recording } = this.run.recordings[number('recording')]!;
      return { do: kind, recording, ...place };
    }
    const values = (fields.get('values') as string).split(/[, ]+/).filter(Boolean).map(Number);
    return { do: kind, by: values.length === 1 ? values[0]! : values, ...place };
  }

  static override styles = [
    controls,
    css`
      form,
      label,
      .range {
        display: flex;
        flex-wrap: wrap;
        align-items: center;
        gap: 0.35rem;
      }
      form {
        gap: 0.45rem 0.8rem;
        font-size: 13px;
      }
      select {
        max-width: 100%;
        min-height: 2rem;
        padding: 0.2rem 0.3rem;
      }
      input {
        min-height: 2rem;
        padding: 0.2rem 0.35rem;
        width: 5rem;
      }
      .range input {
        width: 3.9rem;
      }
      input[type='text'] {
        width: 8rem;
        font-family: var(--mono);
        font-size: 13px;
      }
    `,
  ];
}

/** [first, last + 1) of two fields; one that is left empty is the other one. */
function pairOf(fields: FormData, name: string): [number, number] | null {
  const [first, last] = ['first', 'last'].map(
    (end) => fields.get(`${name}-${end}`) as string | null,
  );
  if (!first && !last) return null;
  return [Number(first || last), Number(last || first) + 1];
}

customElements.define('ni-edit-form', NiEditForm);

declare global {
  interface HTMLElementTagNameMap {
    'ni-edit-form': NiEditForm;
  }
}
