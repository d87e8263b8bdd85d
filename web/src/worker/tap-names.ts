// Which taps a name with '*' means.
import type { TapInfo } from '../protocol.ts';
import { isNamed } from '../tap-pattern.ts';
import { Failure } from './failure.ts';

/** The taps called so, in plan order; `place` names the request in the error when there are none. */
export function tapsNamed(taps: readonly TapInfo[], pattern: unknown, place: string): TapInfo[] {
  const found = taps.filter(({ name }) => isNamed(name, String(pattern)));
  if (found.length > 0) return found;
  throw new Failure('bad_argument', 'No tap has this name.', {
    place,
    expected: "a name of plan().taps, or one with '*'",
    actual: String(pattern),
  });
}

/** The one tap of this name. */
export function tapNamed(taps: readonly TapInfo[], name: unknown): TapInfo {
  const [tap, ...more] = tapsNamed(taps, name, 'name');
  if (tap && more.length === 0) return tap;
  throw new Failure('bad_argument', 'This names several taps.', {
    place: 'name',
    actual: String(name),
  });
}

/** Values a position. */
export function widthOf({ axes }: TapInfo): number {
  return axes.reduce((width, { size }) => width * (size ?? 1), 1);
}
