// Sampling parameters as the engine takes them: numbers in a fixed order.
import type { SamplingParams } from '../protocol.ts';
import { Failure } from './failure.ts';

/** `SamplerNumbers` of engine/run/sampler.h. */
const order = [
  'temperature',
  'top_k',
  'top_p',
  'min_p',
  'repetition_penalty',
  'presence_penalty',
  'frequency_penalty',
  'penalty_window',
  'seed',
] as const satisfies readonly (keyof SamplingParams)[];

/** NaN stands for what is left out. `bias`: (n, 2) token id, what is added to its logit. */
export function samplerNumbers(params: object): { numbers: Float64Array; bias: Float64Array } {
  const numbers = new Float64Array(order.length).fill(NaN);
  let bias = new Float64Array();
  for (const [name, value] of Object.entries(params) as [string, unknown][]) {
    if (value === undefined) continue;
    const at = (order as readonly string[]).indexOf(name);
    if (at >= 0) numbers[at] = numberIn(name, value);
    else if (name === 'logit_bias') bias = biasIn(value);
    else {
      const message = 'There is no such sampling parameter';
      throw new Failure('bad_argument', message, { place: name });
    }
  }
  return { numbers, bias };
}

function biasIn(value: unknown): Float64Array<ArrayBuffer> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongKind('logit_bias', 'an object of token ids', value);
  }
  return Float64Array.from(
    Object.entries(value as Record<string, unknown>).flatMap(([id, by]) => {
      if (!/^\d+$/.test(id)) throw wrongKind('logit_bias', 'a token id as the name', id);
      return [Number(id), numberIn('logit_bias', by)];
    }),
  );
}

function numberIn(name: string, value: unknown): number {
  if (typeof value === 'number' && !Number.isNaN(value)) return value;
  throw wrongKind(name, 'a number', value);
}

function wrongKind(place: string, expected: string, value: unknown): Failure {
  const actual =
    typeof value === 'number'
      ? String(value)
      : ((JSON.stringify(value) as string | undefined) ?? '');
  return new Failure('bad_argument', 'A sampling parameter has the wrong kind of value', {
    place,
    expected,
    actual: actual.slice(0, 80),
  });
}
