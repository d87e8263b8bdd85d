// Edits as a person writes them become edits of the plan's ops, every name and range checked.
import type { Edit, TapInfo } from '../protocol.ts';
import type { EngineEdit } from './engine-trace.ts';
import { Failure } from './failure.ts';
import { tapsNamed, widthOf } from './tap-names.ts';

const everywhere = 2 ** 32 - 1;

/** One edit, compiled. */
export interface CompiledEdit {
  edits: EngineEdit[];
  /** First position whose computation it changes. */
  first: number;
  /** First op that it changes. */
  op: number;
  /** Base of the RoPE angles from now on, where it changes that. */
  ropeTheta?: number;
  /** What lies in the cache does not depend on it: only logits do. */
  logitsOnly: boolean;
  /** For a person. */
  text: string;
}

type Placed = Extract<Edit, { site: string }>;

/** `index`: of the edit in its list, for errors. */
export function compileEdit(edit: Edit, index: number, taps: readonly TapInfo[]): CompiledEdit {
  const place = `edits[${index}]`;
  if (typeof edit !== 'object' || (edit as unknown) === null) {
    throw new Failure('bad_argument', 'An edit is an object.', { place });
  }
  switch (edit.do) {
    case 'scale':
      return placed(edit, place, taps, (n) => ({
        kind: 'scale',
        values: valuesOf(edit.by, n, place),
      }));
    case 'zero':
      return placed(edit, place, taps, () => ({ kind: 'replace', values: Float32Array.of(0) }));
    case 'add':
    case 'replace':
      return placed(edit, place, taps, (n) => ({
        kind: edit.do,
        values: valuesOf(edit.by, n, place),
      }));
    case 'patch':
      return patched(edit, place, taps);
    case 'logit_bias': {
      const { id, by } = edit;
      const biased = {
        ...edit,
        do: 'add' as const,
        site: 'logits',
        range: [id, id + 1] as [number, number],
      };
      return placed(biased, place, taps, () => ({ kind: 'add', values: valuesOf(by, 1, place) }));
    }
    case 'mask':
      return masked(edit, place, taps);
    case 'rope_theta':
      return turned(edit.theta, place, taps);
    default: {
      const actual = String((edit as { do: unknown }).do);
      throw new Failure('bad_argument', 'There is no such kind of edit.', {
        place: `${place}.do`,
        expected: 'scale, zero, add, replace, patch, mask, rope_theta or logit_bias',
        actual,
      });
    }
  }
}

/** An edit of the same part of each tap that its site names. */
function placed(
  edit: Placed,
  place: string,
  taps: readonly TapInfo[],
  change: (n: number) => { kind: 'scale' | 'add' | 'replace'; values: Float32Array },
): CompiledEdit {
  const [from, to] = positionsOf(edit, place);
  const named = tapsNamed(taps, edit.site, `${place}.site`);
  const edits = named.map((tap): EngineEdit => {
    const { first, n } = partOf(edit, tap, place);
    return { op: tap.op, first, n, from, to, ...change(n) };
  });
  return compiled(edits, named, `${edit.do} ${edit.site}`);
}

/** The recording's rows take the place of each tap that it holds. */
function patched(
  edit: Extract<Edit, { do: 'patch' }>,
  place: string,
  taps: readonly TapInfo[],
): CompiledEdit {
  const [from, to] = positionsOf(edit, place);
  const named = tapsNamed(taps, edit.site, `${place}.site`);
  const edits = named.map((tap): EngineEdit => {
    const saved = edit.recording[tap.name];
    const width = widthOf(tap);
    if (!saved || saved.width !== width || saved.data.length !== saved.positions * width) {
      throw new Failure('bad_argument', 'The recording does not hold this tap.', {
        place: `${place}.recording`,
        expected: `${tap.name}, ${width} values a position`,
        actual: saved ? `${saved.width} values a position` : Object.keys(edit.recording).join(', '),
      });
    }
    const { first, n } = partOf(edit, tap, place);
    const begin = Math.max(from, saved.first);
    const end = Math.min(to, saved.first + saved.positions);
    if (begin >= end) {
      throw new Failure('bad_argument', 'The recording does not hold these positions.', {
        place: `${place}.from`,
        expected: `${saved.first} to ${saved.first + saved.positions}`,
        actual: `${from} to ${to}`,
      });
    }
    const values = new Float32Array(n * (end - begin));
    for (let position = begin; position < end; ++position) {
      const at = (position - saved.first) * width + first;
      values.set(saved.data.subarray(at, at + n), (position - begin) * n);
    }
    return { op: tap.op, kind: 'replace', first, n, from: begin, to: end, values };
  });
  return compiled(edits, named, `patch ${edit.site}`);
}

/** Heads that do not see some positions: what attention leaves without them takes z's place. */
function masked(
  edit: Extract<Edit, { do: 'mask' }>,
  place: string,
  taps: readonly TapInfo[],
): CompiledEdit {
  const [from, to] = positionsOf(edit, place);
  const [begin, end] = rangeOf(edit.keys, everywhere, `${place}.keys`);
  if (!/\.scores$/.test(edit.site)) {
    throw new Failure('bad_argument', 'Only the scores of attention can be masked.', {
      place: `${place}.site`,
      expected: 'L.3.scores, L.*.scores',
      actual: edit.site,
    });
  }
  const named = tapsNamed(taps, edit.site.replace(/scores$/, 'z'), `${place}.site`);
  const edits = named.map((tap): EngineEdit => {
    // A position does not see what comes behind it, so nothing changes before the first key.
    return { op: tap.op, kind: 'mask', ...partOf(edit, tap, place), from, to, begin, end };
  });
  const change = compiled(edits, named, `mask ${edit.site}`);
  return { ...change, first: Math.max(from, begin) };
}

/** Position 0 is not turned, whatever the base. */
function turned(theta: number, place: string, taps: readonly TapInfo[]): CompiledEdit {
  if (typeof theta !== 'number' || !(theta >= 1 && theta <= 1e12)) {
    throw new Failure('bad_argument', 'RoPE cannot turn by this base.', {
      place: `${place}.theta`,
      expected: '1 to 1e12',
      actual: String(theta),
    });
  }
  const { op } = tapsNamed(taps, 'L.0.q_rot', place)[0]!;
  const text = `RoPE with theta ${theta}`;
  return { edits: [], first: 1, op, ropeTheta: theta, logitsOnly: false, text };
}

function compiled(edits: EngineEdit[], named: readonly TapInfo[], text: string): CompiledEdit {
  return {
    edits,
    first: Math.min(...edits.map(({ from }) => from)),
    op: Math.min(...edits.map(({ op }) => op)),
    logitsOnly: named.every(({ axes }) => axes[0]?.name === 'logit_row'),
    text,
  };
}

/** Which elements of the tap's row the edit is for. */
function partOf(
  { head, range }: Placed,
  tap: TapInfo,
  place: string,
): Pick<EngineEdit, 'first' | 'n'> {
  let first = 0;
  let size = widthOf(tap);
  if (head !== undefined) {
    const heads = tap.axes[1];
    if (heads?.name !== 'head' && heads?.name !== 'kv_head') {
      throw new Failure('bad_argument', 'This tap has no heads.', {
        place: `${place}.head`,
        expected: 'a tap with an axis of heads',
        actual: tap.name,
      });
    }
    const nHeads = heads.size ?? 0;
    wholeIn(head, 0, nHeads - 1, `${place}.head`);
    size /= nHeads;
    first = head * size;
  }
  if (range === undefined) return { first, n: size };
  const [begin, end] = rangeOf(range, size, `${place}.range`);
  return { first: first + begin, n: end - begin };
}

function positionsOf({ from = 0, to = everywhere }: Placed, place: string): [number, number] {
  wholeIn(from, 0, everywhere - 1, `${place}.from`);
  wholeIn(to, from + 1, everywhere, `${place}.to`);
  return [from, to];
}

/** [first, last) as a person gave it, inside 0 .. end. */
export function rangeOf(range: unknown, end: number, place: string): [number, number] {
  const [first, last] = Array.isArray(range) ? (range as unknown[]) : [];
  wholeIn(first, 0, end - 1, `${place}[0]`);
  wholeIn(last, first + 1, end, `${place}[1]`);
  return [first, last];
}

function valuesOf(by: unknown, n: number, place: string): Float32Array {
  const list: unknown[] = Array.isArray(by) ? by : [by];
  const numbers = list.filter((x) => typeof x === 'number');
  if (numbers.length === list.length && (list.length === 1 || list.length === n)) {
    return Float32Array.from(numbers);
  }
  throw new Failure('bad_argument', 'An edit has the wrong number of values.', {
    place: `${place}.by`,
    expected: n === 1 ? '1 number' : `1 or ${n} numbers`,
    actual: `${list.length} values: ${String(by).slice(0, 60)}`,
  });
}

/** Refuses what is not a whole number in least .. most. */
export function wholeIn(
  value: unknown,
  least: number,
  most: number,
  place: string,
): asserts value is number {
  if (Number.isInteger(value) && (value as number) >= least && (value as number) <= most) return;
  throw new Failure('bad_argument', 'A number is out of range.', {
    place,
    expected: `a whole number from ${least} to ${most}`,
    actual: String(value),
  });
}
