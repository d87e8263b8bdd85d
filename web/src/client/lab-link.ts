// A whole experiment as JSON, and as the part of a link behind '#x=': base64url(deflate-raw(JSON)).
// What comes from a link is anybody's: it is read field by field, and refused with the field's name.
import type { Break, SamplingParams } from '../protocol.ts';
import { base64Url, bytesOfBase64Url } from './base64.ts';
import { editsFromJson, editsToJson } from './edit-json.ts';
import { EngineError } from './errors.ts';
import type { Intervention } from './interventions.ts';
import { joined } from './joined.ts';
import { JsonValue } from './json-reader.ts';
import type { Prompt, Selection } from './lab-run.ts';

export interface Experiment {
  model: {
    /** A URL, or the name of a file. */
    origin: string;
    /** Of its header and weights: `fingerprintOf`. */
    fingerprint: string;
  };
  /** Of the page that made it. */
  engine: string;
  /** A text, or the tokens themselves. */
  prompt: Prompt | { ids: readonly number[] };
  tokenByToken: boolean;
  sampling: SamplingParams;
  interventions: readonly Intervention[];
  breaks: readonly Break[];
  panels: readonly string[];
  selection: Selection;
  expected: Expected;
  /**
   * Of the expected tokens the first so many are put in, since these settings have not drawn them all:
   * some were taken by hand, or drawn before a change.
   */
  given: number;
  /** The reader's own; '': none. Opening a link shows it and does not run it. */
  code: string;
}

/** What the run came to. */
export interface Expected {
  /** Tokens of the prompt. */
  nPrompt: number;
  /** Those drawn after it. */
  ids: readonly number[];
  /** SHA-256 of the logits behind the last of them, the first 32 hexadecimal digits; '': not there. */
  logits: string;
}

const version = 1;
const prefix = '#x=';
const maxLink = 2 ** 17;
/** Of the JSON: a small link may hold a lot of zeros. */
const maxJson = 2 ** 20;
const maxFile = 2 ** 28;
const maxIds = 2 ** 20;
const maxId = 2 ** 31 - 1;

export const isLink = (hash: string): boolean => hash.startsWith(prefix);

/** '#x=...' */
export async function linkOf(experiment: Experiment): Promise<string> {
  const json = new TextEncoder().encode(JSON.stringify(experimentToJson(experiment)));
  const packed = through(json, new CompressionStream('deflate-raw'));
  return prefix + base64Url(await collect(packed, Infinity));
}

export async function experimentOfLink(hash: string): Promise<Experiment> {
  const text = hash.slice(prefix.length);
  if (text.length > maxLink) {
    throw badLink(`at most ${maxLink} characters`, `${text.length} characters`);
  }
  const bytes = bytesOfBase64Url(text);
  if (!bytes) throw badLink('letters, digits, - and _', text.slice(0, 40));
  let json: Uint8Array;
  try {
    json = await collect(through(bytes, new DecompressionStream('deflate-raw')), maxJson);
  } catch (thrown) {
    if (thrown instanceof EngineError) throw thrown;
    throw badLink('deflated JSON', 'other bytes, or a part of the link is missing');
  }
  return experimentOfText(new TextDecoder().decode(json));
}

/** As a file: `experimentToJson` as text. */
export function experimentOfText(text: string): Experiment {
  if (text.length > maxFile) throw badLink(`at most ${maxFile} bytes`, `${text.length} bytes`);
  return experimentFromJson(JsonValue.parse(text, 'experiment'));
}

export function experimentToJson(experiment: Experiment): Record<string, unknown> {
  const { model, engine, prompt, sampling, interventions, breaks, panels, selection, expected } =
    experiment;
  const off = interventions.flatMap(({ on }, i) => (on ? [] : [i]));
  return {
    v: version,
    engine,
    model,
    prompt,
    ...(experiment.tokenByToken ? { tokenByToken: true } : {}),
    sampling,
    ...(interventions.length > 0
      ? { edits: editsToJson(interventions.map(({ edit }) => edit)) }
      : {}),
    ...(off.length > 0 ? { off } : {}),
    ...(breaks.length > 0 ? { breaks } : {}),
    view: { panels, ...selection },
    expected,
    ...(experiment.given > 0 ? { given: experiment.given } : {}),
    ...(experiment.code === '' ? {} : { code: experiment.code }),
  };
}

export function experimentFromJson(json: JsonValue): Experiment {
  const model = json.get('model');
  const view = json.get('view');
  const of = (name: keyof Selection) => view.get(name).whole(0, maxId);
  if (json.get('v').whole(1, 1000) !== version) {
    throw badLink(`version ${version}`, 'an experiment of a newer page');
  }
  return {
    model: {
      origin: model.get('origin').text(4000),
      fingerprint: hexText(model.get('fingerprint')),
    },
    engine: json.get('engine').text(100),
    prompt: promptFromJson(json.get('prompt')),
    tokenByToken: json.maybe('tokenByToken')?.flag() ?? false,
    sampling: samplingFromJson(json.get('sampling')),
    interventions: interventionsFromJson(json),
    breaks: json.maybe('breaks')?.list(1000).map(breakFromJson) ?? [],
    panels: view
      .get('panels')
      .list(100)
      .map((id) => id.text(40)),
    selection: {
      position: of('position'),
      layer: of('layer'),
      head: of('head'),
      op: of('op'),
    },
    ...outcomeFromJson(json),
    code: json.maybe('code')?.text(maxJson) ?? '',
  };
}

function promptFromJson(json: JsonValue): Experiment['prompt'] {
  const ids = json.maybe('ids');
  if (ids) return { ids: idsFromJson(ids) };
  return { text: json.get('text').text(maxJson), asChat: json.get('asChat').flag() };
}

function idsFromJson(json: JsonValue): number[] {
  return json.list(maxIds).map((id) => id.whole(0, maxId));
}

export function samplingFromJson(json: JsonValue): SamplingParams {
  const bias = json.maybe('logit_bias');
  return {
    temperature: json.get('temperature').number(0, 100),
    top_k: json.get('top_k').whole(0, maxId),
    top_p: json.get('top_p').number(0, 1),
    min_p: json.get('min_p').number(0, 1),
    repetition_penalty: json.get('repetition_penalty').number(0, 100),
    presence_penalty: json.get('presence_penalty').number(-100, 100),
    frequency_penalty: json.get('frequency_penalty').number(-100, 100),
    penalty_window: json.get('penalty_window').whole(0, maxId),
    seed: json.get('seed').whole(0, 2 ** 32 - 1),
    ...(bias ? { logit_bias: biasFromJson(bias) } : {}),
  };
}

function biasFromJson(json: JsonValue): Record<string, number> {
  return Object.fromEntries(
    json.keys().map((id) => {
      if (!/^\d{1,9}$/.test(id)) json.refuse('token ids', id.slice(0, 40));
      return [id, json.get(id).number()];
    }),
  );
}

function interventionsFromJson(json: JsonValue): Intervention[] {
  const list = json.maybe('edits');
  const edits = list ? editsFromJson(list) : [];
  const off = new Set(
    json
      .maybe('off')
      ?.list(edits.length)
      .map((i) => i.whole(0, edits.length - 1)),
  );
  return edits.map((edit, i) => ({ edit, on: !off.has(i) }));
}

function breakFromJson(json: JsonValue): Break {
  const at = json.get('at');
  const when = json.maybe('when')?.oneOf(['always', 'norm_above', 'non_finite'] as const);
  const limit = json.maybe('limit')?.number();
  return {
    at: at.isText ? at.text(100) : at.whole(0, maxId),
    ...(when === undefined ? {} : { when }),
    ...(limit === undefined ? {} : { limit }),
  };
}

function outcomeFromJson(json: JsonValue): Pick<Experiment, 'expected' | 'given'> {
  const expected = expectedFromJson(json.get('expected'));
  return { expected, given: json.maybe('given')?.whole(0, expected.ids.length) ?? 0 };
}

function expectedFromJson(json: JsonValue): Expected {
  return {
    nPrompt: json.get('nPrompt').whole(0, maxIds),
    ids: idsFromJson(json.get('ids')),
    logits: hexText(json.get('logits')),
  };
}

function hexText(json: JsonValue): string {
  const text = json.text(64);
  if (!/^[0-9a-f]*$/.test(text)) json.refuse('hexadecimal digits');
  return text;
}

function through(
  bytes: Uint8Array<ArrayBuffer>,
  change: CompressionStream | DecompressionStream,
): ReadableStream<Uint8Array> {
  return new Blob([bytes]).stream().pipeThrough(change);
}

async function collect(stream: ReadableStream<Uint8Array>, most: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    length += value.length;
    if (length > most) {
      await reader.cancel();
      throw badLink(`at most ${most} bytes of JSON`, 'more');
    }
    parts.push(value);
  }
  return joined(parts, Uint8Array);
}

function badLink(expected: string, actual: string): EngineError {
  const message = 'This link holds no experiment that this page can read.';
  return new EngineError({ code: 'bad_link', message, place: 'the link', expected, actual });
}
