// The lab's experiment: what the run is, to be sent; and one that was opened, run again and held
// against what it came to before.
import { sha256 } from '@noble/hashes/sha2.js';
import type { LoadedModel } from '../protocol.ts';
import { bytesOf, hex } from './base64.ts';
import { catalogue } from './catalogue.ts';
import { defaultContext } from './client.ts';
import { EngineError } from './errors.ts';
import { joined } from './joined.ts';
import { labAddress } from './lab-address.ts';
import { keptPositions } from './lab-kept.ts';
import { type Expected, type Experiment, experimentOfLink, isLink } from './lab-link.ts';
import type { LabRun } from './lab-run.ts';
import { promptOf } from './lab-state.ts';

const digits = 32;

/** Not by `crypto.subtle`, which pages have not that come over plain http. */
const hashOf = (bytes: Uint8Array) => hex(sha256(bytes)).slice(0, digits);

const fingerprints = new WeakMap<LoadedModel, Promise<string>>();

/**
 * Says whether two files are the same model: SHA-256 of what the header says and of two rows of every
 * matrix. Not the file's own SHA-256: its bytes are not kept.
 */
export function fingerprintOf(run: LabRun): Promise<string> {
  const model = run.model!;
  const found = fingerprints.get(model) ?? computeFingerprint(run, model);
  fingerprints.set(model, found);
  found.catch(() => fingerprints.delete(model));
  return found;
}

async function computeFingerprint(run: LabRun, { info }: LoadedModel): Promise<string> {
  const { architecture, name, file_bytes, n_params, rope_theta, types, chat_template } = info;
  const header = [architecture, name, file_bytes, n_params, rope_theta, types, chat_template];
  const parts: Uint8Array[] = [new TextEncoder().encode(JSON.stringify(header))];
  for (const [op, { type, n_out: rows }] of run.ops.entries()) {
    if (type === undefined) continue;
    for (const row of [0, Math.floor(rows / 2)]) {
      parts.push(bytesOf(await run.trace.matrixRow(op, row)));
    }
  }
  return hashOf(joined(parts, Uint8Array));
}

/** Where the run stands, with all that led there. */
export async function experimentOf(run: LabRun, panels: readonly string[]): Promise<Experiment> {
  if (run.recorded) return { ...run.recorded.experiment, panels, selection: run.selection };
  const { model, prompt, tokens, nPrompt, tokenByToken, sampling, selection } = run;
  const ids = tokens.slice(0, nPrompt).map(({ id }) => id);
  const ofText = await run.idsOf(prompt);
  const expected = await outcomeOf(run);
  const isText = ofText.length === ids.length && ofText.every((id, i) => id === ids[i]);
  return {
    model: { origin: model!.origin, fingerprint: await fingerprintOf(run) },
    engine: model!.build.version,
    prompt: isText ? prompt : { ids },
    tokenByToken,
    sampling,
    interventions: run.interventions,
    breaks: run.breaks,
    panels,
    selection,
    expected,
    given: Math.min(run.drawn.given(run), expected.ids.length),
    code: run.hooks?.code.source ?? '',
  };
}

/** What has been computed to its end. */
export async function outcomeOf(run: LabRun): Promise<Expected> {
  const { complete, nPrompt, tokens } = run;
  const { end } = keptPositions(run);
  return {
    nPrompt,
    ids: tokens.slice(nPrompt, Math.max(nPrompt, end)).map(({ id }) => id),
    logits: complete ? hashOf(bytesOf(await run.client.logits())) : '',
  };
}

/**
 * The page's own address with this model, and its context where that was chosen; null: it is a file,
 * and no address leads to it.
 */
export function modelQuery({ origin, info, session }: LoadedModel, base: string): string | null {
  const entry = Object.values(catalogue).find(({ url }) => origin === new URL(url, base).href);
  if (!entry && !/^https?:/.test(origin)) return null;
  const context = session.n_ctx === defaultContext(info) ? '' : `&n_ctx=${session.n_ctx}`;
  return `?model=${entry?.id ?? encodeURIComponent(origin)}${context}`;
}

/** How an opened experiment came out. */
export interface Outcome {
  /** Tokens that are the same, of those expected; those that were given are not among them. */
  same: number;
  of: number;
  given: number;
  /** Where the first other token stands, and what it is; null: none. */
  first: { position: number; expected: number | null; actual: number | null } | null;
  /** null: not compared, since not both are there. */
  logits: boolean | null;
  /** What may be the reason. */
  sameModel: boolean;
  sameEngine: boolean;
}

export function compareOutcome(
  expected: Expected,
  actual: Expected,
  facts: Pick<Outcome, 'given' | 'sameModel' | 'sameEngine'>,
): Outcome {
  const of = expected.ids.length;
  const promptSame = expected.nPrompt === actual.nPrompt;
  let same = 0;
  while (promptSame && same < of && expected.ids[same] === actual.ids[same]) ++same;
  const first =
    same === of && promptSame
      ? null
      : {
          position: expected.nPrompt + same,
          expected: expected.ids[same] ?? null,
          actual: actual.ids[same] ?? null,
        };
  const both = first === null && expected.logits !== '' && actual.logits !== '';
  return {
    same: Math.max(0, same - facts.given),
    of: of - facts.given,
    first,
    logits: both ? expected.logits === actual.logits : null,
    ...facts,
  };
}

/**
 * An experiment that a link or a file holds. It is run as soon as its own model is there; with
 * another one, or if it brings code, only when asked: `reproduce`.
 * @fires change
 */
export class OpenedExperiment extends EventTarget {
  readonly #run: LabRun;
  experiment: Experiment | null = null;
  /** Why it cannot be read, or run. */
  error: EngineError | null = null;
  state: 'waiting' | 'other model' | 'has code' | 'running' | 'done' = 'waiting';
  outcome: Outcome | null = null;

  constructor(run: LabRun) {
    super();
    this.#run = run;
    run.addEventListener('change', () => void this.#runChanged());
  }

  /** Reads the part of an address behind '#x='; returns the part that takes its place. */
  async openLink(hash: string): Promise<string> {
    if (!isLink(hash)) return hash;
    let panels: readonly string[] = ['share'];
    try {
      const experiment = await experimentOfLink(hash);
      panels = [...new Set([...panels, ...experiment.panels])];
      this.#take(experiment);
    } catch (thrown) {
      this.error = EngineError.from(thrown);
    }
    const { prompt, selection } = this.#run;
    return labAddress({
      panels,
      prompt,
      selection: this.experiment?.selection ?? selection,
    });
  }

  /** The same of a file that a person chose. */
  open(experiment: Experiment): void {
    this.#take(experiment);
    void this.#runChanged();
  }

  #take(experiment: Experiment) {
    this.experiment = experiment;
    this.error = null;
    this.outcome = null;
    this.state = 'waiting';
    if ('text' in experiment.prompt) this.#run.prompt = experiment.prompt;
    this.#changed();
  }

  async #runChanged() {
    const { experiment, state } = this;
    const { plan, busy, model } = this.#run;
    if (
      !experiment ||
      !plan ||
      busy ||
      this.#run.recorded ||
      (state !== 'waiting' && state !== 'other model')
    )
      return;
    const fingerprint = await fingerprintOf(this.#run).catch(() => null);
    // Meanwhile it may have been done, or another model loaded.
    if (fingerprint === null || this.#run.model !== model || this.state !== state) return;
    const isSame = fingerprint === experiment.model.fingerprint;
    if (isSame && experiment.code === '') {
      await this.reproduce();
      return;
    }
    const next = isSame ? 'has code' : 'other model';
    if (next === state) return;
    this.state = next;
    this.#changed();
  }

  /** With the model that is there, and with the experiment's code: a person has seen it. */
  async reproduce(): Promise<void> {
    const run = this.#run;
    const { interventions, breaks, selection, expected, given, model, engine } = this.experiment!;
    this.state = 'running';
    this.outcome = null;
    this.error = null;
    this.#changed();
    try {
      await this.#settings(this.experiment!);
      await checked(run, run.setInterventions(interventions));
      if (given > 0) {
        const ids = [...run.tokens.map(({ id }) => id), ...expected.ids.slice(0, given)];
        await checked(run, run.setIds(ids, run.nPrompt));
      }
      while (run.place.end < expected.nPrompt + expected.ids.length || !run.complete) {
        const { place } = run;
        await checked(run, run.step('token'));
        if (run.place !== place) continue;
        throw EngineError.of('changed', 'The run was moved meanwhile: open the experiment again.');
      }
      await checked(run, run.setBreaks(breaks));
      run.select(selection);
      this.outcome = compareOutcome(expected, await outcomeOf(run), {
        given,
        sameModel: (await fingerprintOf(run)) === model.fingerprint,
        sameEngine: run.model!.build.version === engine,
      });
    } catch (thrown) {
      this.error = EngineError.from(thrown);
      run.dismissError();
    }
    this.state = 'done';
    this.#changed();
  }

  async #settings({ prompt, sampling, tokenByToken, code }: Experiment) {
    const run = this.#run;
    await checked(run, run.setBreaks([]));
    await checked(run, run.setSampling(sampling));
    if (run.tokenByToken !== tokenByToken) await run.setTokenByToken(tokenByToken);
    if ('ids' in prompt) {
      await checked(run, run.setIds(prompt.ids));
      run.prompt = promptOf(run.tokens);
    } else {
      await checked(run, run.setPrompt(prompt));
    }
    await checked(run, run.setCode(code === '' ? null : code));
  }

  #changed() {
    this.dispatchEvent(new Event('change'));
  }
}

/** What the run keeps to itself as its error is thrown. */
async function checked(run: LabRun, action: Promise<void>): Promise<void> {
  await action;
  if (run.error) throw run.error;
}

const opened = new WeakMap<LabRun, OpenedExperiment>();

/** The experiment that is open in a lab. */
export function openedIn(run: LabRun): OpenedExperiment {
  const found = opened.get(run) ?? new OpenedExperiment(run);
  opened.set(run, found);
  return found;
}
