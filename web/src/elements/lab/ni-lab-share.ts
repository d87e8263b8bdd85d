import { css, html, nothing } from 'lit';
import { modelName } from '../../client/catalogue.ts';
import { EngineError } from '../../client/errors.ts';
import { exportSize, exportTrace } from '../../client/lab-export.ts';
import { labViewOf } from '../../client/lab-address.ts';
import { experimentOf, modelQuery, openedIn } from '../../client/lab-experiment.ts';
import {
  type Experiment,
  experimentOfText,
  experimentToJson,
  linkOf,
} from '../../client/lab-link.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { bytes } from '../../draw/format.ts';
import { outcomeWords } from '../../draw/outcome-words.ts';
import { codeWords, samplingWords } from '../../draw/run-words.ts';
import { errorDetail } from '../ni-notice.ts';
import { fileButton } from '../shared-styles.ts';
import { download } from './download.ts';
import { LabPanel } from './lab-panel.ts';
import type { DataTable } from './ni-data-table.ts';
import './ni-save-run.ts';

/** More than this, and some mail and chat programs cut it. */
const goodLength = 2000;
const maxLength = 32_000;

interface View {
  experiment: Experiment;
  /** null: no address leads to the model, which is a file. */
  hasModel: boolean;
  link: string;
}

/** The whole experiment as a link or a file; and how one that was opened came out. */
export class NiLabShare extends LabPanel<View> {
  static override properties = { ...LabPanel.properties, said: { state: true } };
  /** What the last button did. */
  declare said: string;

  constructor() {
    super();
    this.said = '';
  }

  override connectedCallback() {
    openedIn(this.run).addEventListener('change', this.#drawAgain);
    super.connectedCallback();
  }

  override disconnectedCallback() {
    super.disconnectedCallback();
    openedIn(this.run).removeEventListener('change', this.#drawAgain);
  }

  #drawAgain = () => this.requestUpdate();

  protected override async read(run: LabRun): Promise<View> {
    const experiment = await experimentOf(run, labViewOf(location.hash).panels ?? []);
    const query = modelQuery(run.model!, document.baseURI);
    const link = new URL(`lab.html${query ?? ''}`, document.baseURI);
    return { experiment, hasModel: query !== null, link: link.href + (await linkOf(experiment)) };
  }

  /** Also before there is a model: what is wrong with a link is to be seen. */
  override render() {
    return html`${this.#opened()}${super.render()}`;
  }

  #opened() {
    const { experiment, error, state, outcome } = openedIn(this.run);
    if (error) {
      return html`<div role="alert" class="outcome bad">
        <p>${error.message}</p>
        <p class="mono">${errorDetail(error)}</p>
      </div>`;
    }
    if (!experiment) return nothing;
    const good = outcome?.first === null && outcome.logits !== false;
    return html`<div
      role="status"
      aria-label="Opened experiment"
      class="outcome ${state === 'done' && !good ? 'bad' : ''}"
    >
      ${
        state === 'waiting'
          ? `The opened experiment waits for its model, ${modelName(experiment.model.origin)}.`
          : state === 'running'
            ? `Running the opened experiment: ${experiment.expected.ids.length} tokens…`
            : outcome
              ? outcomeWords(outcome, this.run.tokens)
              : this.#question(experiment, state === 'other model')
      }
    </div>`;
  }

  /** What a person decides: another model's file, or code that came with the experiment. */
  #question({ model, code }: Experiment, isOther: boolean) {
    return html`${
        isOther
          ? html`<p>
              The opened experiment was made with another model file: ${modelName(model.origin)}.
              Open that one, and it runs.
            </p>`
          : nothing
      }
      ${
        code === ''
          ? nothing
          : html`<p>The experiment brings code of its own:</p>
              <pre tabindex="0" aria-label="Code of the experiment">${code}</pre>`
      }
      <button @click=${() => void openedIn(this.run).reproduce()}>
        ${isOther ? 'Run it with this model' : 'Run it with this code'}
      </button>`;
  }

  protected override lead() {
    return html`
      Whoever opens this link gets the same text, settings, edits, breaks and panels, runs them on
      their own machine, and is told whether the same tokens and logits came out.
    `;
  }

  protected override draw({ experiment, hasModel, link }: View) {
    const long = link.length > maxLength;
    return html`
      <dl>
        ${facts(experiment).map(
          ([name, words]) =>
            html`<dt>${name}</dt>
              <dd>${words}</dd>`,
        )}
      </dl>
      ${
        hasModel
          ? nothing
          : html`<p class="soft">
              The model is a file on this device: the link names it, and whoever opens the link
              opens their own copy.
            </p>`
      }
      ${
        long
          ? html`<p>The experiment is too large for a link: send it as a file.</p>`
          : html`<label class="link">
              Link
              <input type="text" readonly .value=${link} @focus=${selectAll} />
            </label>`
      }
      <div class="row">
        <button class="primary" ?disabled=${long} @click=${() => void this.#copy(link)}>
          Copy link
        </button>
        <button @click=${() => this.#download(experiment)}>Download as file</button>
        <label class="file">
          Open a file
          <input type="file" accept=".json,application/json" @change=${this.#openFile} />
        </label>
      </div>
      <p class="soft" role="status" aria-label="Link">
        ${this.said || lengthWords(link.length, long)}
      </p>
      ${this.#values()}
      <ni-save-run .run=${this.run}></ni-save-run>
    `;
  }

  #values() {
    const { taps, first, end, bytes: size } = exportSize(this.run);
    return html`<div class="row values">
      <button ?disabled=${end === first || taps === 0} @click=${() => void this.#export()}>
        Download trace (.npz)
      </button>
      <span class="soft">
        ${
          end === first
            ? 'No position is computed yet.'
            : `${taps} kept taps at positions ${first} to ${end - 1}, about ${bytes(size)}, with trace.json inside. scripts/compare_trace.py holds it against transformers.`
        }
      </span>
    </div>`;
  }

  async #export() {
    try {
      download(await exportTrace(this.run), 'trace.npz');
      this.said = 'The trace is downloaded.';
    } catch (thrown) {
      this.said = EngineError.from(thrown).message;
    }
  }

  async #copy(link: string) {
    try {
      await navigator.clipboard.writeText(link);
      this.said = 'The link is copied.';
    } catch {
      this.said = 'This browser does not let the page copy: the link is in the field above.';
    }
  }

  #download(experiment: Experiment) {
    const text = JSON.stringify(experimentToJson(experiment), null, 1);
    download(new Blob([text], { type: 'application/json' }), 'experiment.json');
  }

  #openFile = async (event: Event) => {
    const input = event.target as HTMLInputElement;
    const file = input.files?.[0];
    input.value = '';
    if (!file) return;
    const opened = openedIn(this.run);
    try {
      opened.open(experimentOfText(await file.text()));
    } catch (thrown) {
      opened.error = EngineError.from(thrown);
      this.requestUpdate();
    }
  };

  protected override table({ experiment }: View): DataTable {
    return {
      caption: 'What the link holds',
      corner: 'Field',
      columns: [{ label: 'Value' }],
      rows: facts(experiment).map(([head, words]) => ({ head, cells: [words] })),
    };
  }

  static override styles = [
    LabPanel.styles,
    fileButton,
    css`
      .outcome {
        margin-bottom: 0.8rem;
        padding: 0.6rem 0.7rem;
        font-size: 14px;
        background: var(--accent-wash);
        border-radius: var(--radius);
        overflow-wrap: anywhere;
      }
      .outcome.bad {
        background: var(--signal-wash);
      }
      .outcome p:last-child {
        margin: 0;
      }
      pre {
        max-height: 14rem;
        overflow: auto;
        margin: 0 0 0.6rem;
        padding: 0.5rem;
        font: 12px/1.45 var(--mono);
        background: var(--panel);
        border-radius: var(--radius);
      }
      dl {
        display: grid;
        grid-template-columns: max-content minmax(0, 1fr);
        gap: 0.2rem 0.9rem;
        margin: 0 0 0.7rem;
      }
      dt {
        color: var(--ink-soft);
      }
      dd {
        margin: 0;
        overflow-wrap: anywhere;
      }
      .values {
        margin: 0.8rem 0 0;
        padding-top: 0.7rem;
        border-top: 1px solid var(--line);
      }
      .values span {
        flex: 1 1 14rem;
      }
      .link {
        display: flex;
        align-items: center;
        gap: 0.5rem;
        margin-bottom: 0.6rem;
      }
      .link input {
        flex: 1;
        font: 12px/1.4 var(--mono);
      }
    `,
  ];
}

function facts(experiment: Experiment): [string, string][] {
  const { model, engine, prompt, tokenByToken, sampling, interventions, breaks } = experiment;
  const { panels, selection, expected, given, code } = experiment;
  const { position, layer, head, op } = selection;
  const { ids, nPrompt, logits } = expected;
  return [
    ['Model', `${modelName(model.origin)}, fingerprint ${model.fingerprint.slice(0, 12)}`],
    ['Engine', engine],
    [
      'Prompt',
      'ids' in prompt
        ? `${prompt.ids.length} token ids`
        : `“${prompt.text}”, ${prompt.asChat ? 'as a chat message' : 'plain text'}`,
    ],
    ['Passes over the prompt', tokenByToken ? 'one token each' : 'of many tokens'],
    ['Sampling', samplingWords(sampling)],
    ['Edits', `${interventions.filter(({ on }) => on).length} on, of ${interventions.length}`],
    ['Breaks', `${breaks.length}`],
    ...(code === '' ? [] : [['Code', codeWords(code)] as [string, string]]),
    ['Panels', panels.join(', ')],
    ['Looked at', `position ${position}, layer ${layer}, head ${head}, op ${op + 1}`],
    [
      'Expected',
      `${ids.length} tokens behind the ${nPrompt} of the prompt${
        logits ? `, logits ${logits.slice(0, 12)}` : ''
      }`,
    ],
    ...(given === 0
      ? []
      : [
          [
            'Given',
            `${given} of them: up to the last that was taken by hand, or drawn before a change`,
          ] as [string, string],
        ]),
  ];
}

function lengthWords(length: number, long: boolean): string {
  if (long) return '';
  return length > goodLength
    ? `${length} characters: some programs cut links as long as this. A file is safer.`
    : `${length} characters.`;
}

function selectAll(event: Event) {
  (event.target as HTMLInputElement).select();
}

customElements.define('ni-lab-share', NiLabShare);

declare global {
  interface HTMLElementTagNameMap {
    'ni-lab-share': NiLabShare;
  }
}
