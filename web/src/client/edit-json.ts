// Edits as JSON that a person can read, send and paste. A patch's values are base64 of float32.
import type { Edit, Recording, TapAxis, TapValues } from '../protocol.ts';
import { base64, bytesOf, bytesOfBase64 } from './base64.ts';
import { floatToJson, type JsonValue } from './json-reader.ts';

const maxEdits = 1000;
const maxValues = 2 ** 20;
const everywhere = 2 ** 32 - 1;
const kinds = [
  'scale',
  'zero',
  'add',
  'replace',
  'patch',
  'mask',
  'rope_theta',
  'logit_bias',
] as const;

/** What JSON.stringify takes. */
export function editsToJson(edits: readonly Edit[]): unknown[] {
  return edits.map((edit) => {
    if (edit.do === 'patch') return { ...edit, recording: recordingToJson(edit.recording) };
    if (!('by' in edit)) return edit;
    const { by } = edit;
    return { ...edit, by: Array.isArray(by) ? by.map(floatToJson) : floatToJson(by) };
  });
}

/** Checked as to form; whether this model has such taps, heads and tokens the engine says. */
export function editsFromJson(json: JsonValue): Edit[] {
  return json.list(maxEdits).map(editFromJson);
}

function editFromJson(json: JsonValue): Edit {
  const kind = json.get('do').oneOf(kinds);
  switch (kind) {
    case 'scale':
      return { do: kind, by: json.get('by').float(), ...placeOf(json) };
    case 'zero':
      return { do: kind, ...placeOf(json) };
    case 'add':
    case 'replace':
      return { do: kind, by: valuesOf(json.get('by')), ...placeOf(json) };
    case 'patch':
      return { do: kind, recording: recordingFromJson(json.get('recording')), ...placeOf(json) };
    case 'mask':
      return { do: kind, keys: pairOf(json.get('keys')), ...placeOf(json) };
    case 'rope_theta':
      return { do: kind, theta: json.get('theta').number() };
    case 'logit_bias': {
      const id = json.get('id').whole(0, everywhere);
      return { do: kind, id, by: json.get('by').float(), ...positionsOf(json) };
    }
  }
}

type Placed = Extract<Edit, { site: string }>;

function placeOf(json: JsonValue): Pick<Placed, 'site' | 'head' | 'range' | 'from' | 'to'> {
  const head = json.maybe('head')?.whole(0, everywhere);
  const range = json.maybe('range');
  return {
    site: json.get('site').text(100),
    ...(head === undefined ? {} : { head }),
    ...(range === null ? {} : { range: pairOf(range) }),
    ...positionsOf(json),
  };
}

function positionsOf(json: JsonValue): { from?: number; to?: number } {
  const from = json.maybe('from')?.whole(0, everywhere);
  const to = json.maybe('to')?.whole(0, everywhere);
  return { ...(from === undefined ? {} : { from }), ...(to === undefined ? {} : { to }) };
}

function pairOf(json: JsonValue): [number, number] {
  const pair = json.list(2).map((one) => one.whole(0, everywhere));
  if (pair.length !== 2) json.refuse('two numbers');
  return [pair[0]!, pair[1]!];
}

function valuesOf(json: JsonValue): number | number[] {
  return json.isList ? json.list(maxValues).map((one) => one.float()) : json.float();
}

function recordingToJson(recording: Recording): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(recording).map(([name, values]) => [
      name,
      { ...values, data: base64(bytesOf(values.data)) },
    ]),
  );
}

function recordingFromJson(json: JsonValue): Recording {
  return Object.fromEntries(json.keys().map((name) => [name, tapFromJson(json.get(name), name)]));
}

function tapFromJson(json: JsonValue, name: string): TapValues {
  const positions = json.get('positions').whole(1, 2 ** 24);
  const width = json.get('width').whole(1, 2 ** 24);
  const data = floatsOfBase64(json.get('data'));
  if (data.length !== positions * width) {
    json.get('data').refuse(`${positions} x ${width} values`, `${data.length}`);
  }
  const first = json.get('first').whole(0, 2 ** 24);
  const axes = json.get('axes').list(4).map(axisFromJson);
  return { name, first, positions, width, axes, unit: json.get('unit').text(40), data };
}

export function axisFromJson(json: JsonValue): TapAxis {
  const size = json.get('size');
  return { name: json.get('name').text(40), size: size.isNull ? null : size.whole(1, 2 ** 24) };
}

function floatsOfBase64(json: JsonValue): Float32Array {
  const bytes = bytesOfBase64(json.text(2 ** 28)) ?? json.refuse('base64');
  if (bytes.length % 4 !== 0) json.refuse('float32 numbers', `${bytes.length} bytes`);
  return new Float32Array(bytes.buffer);
}
