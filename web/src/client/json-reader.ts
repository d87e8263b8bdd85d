// Reads JSON from outside field by field; whatever is not as expected is refused with its place.
import { EngineError } from './errors.ts';

/** A float as JSON: it has no number for those that are not finite. */
export const floatToJson = (x: number): number | string => (Number.isFinite(x) ? x : String(x));

/** One value of a JSON text, and where it stands: 'edits[0].site'. */
export class JsonValue {
  readonly #value: unknown;
  readonly place: string;

  constructor(value: unknown, place = '') {
    this.#value = value;
    this.place = place;
  }

  static parse(text: string, what: string): JsonValue {
    try {
      return new JsonValue(JSON.parse(text), what);
    } catch (thrown) {
      const actual = thrown instanceof Error ? thrown.message : String(thrown);
      throw refusal(what, 'JSON', actual, 'This is no JSON.');
    }
  }

  /** Of an object; null if it is not there. */
  maybe(key: string): JsonValue | null {
    const object = this.#object();
    // Only its own: '__proto__' and the like are names as others.
    if (!Object.hasOwn(object, key)) return null;
    return new JsonValue(object[key], this.#placeOf(key));
  }

  #placeOf(key: string): string {
    return this.place === '' ? key : `${this.place}.${key}`;
  }

  get(key: string): JsonValue {
    return this.maybe(key) ?? new JsonValue(undefined, this.#placeOf(key));
  }

  keys(): string[] {
    return Object.keys(this.#object());
  }

  /** At most `most` elements. */
  list(most: number): JsonValue[] {
    const value = this.#value;
    if (!Array.isArray(value)) this.refuse('a list');
    if (value.length > most) this.refuse(`at most ${most} elements`, `${value.length}`);
    return value.map((one: unknown, i) => new JsonValue(one, `${this.place}[${i}]`));
  }

  get isList(): boolean {
    return Array.isArray(this.#value);
  }

  get isText(): boolean {
    return typeof this.#value === 'string';
  }

  get isNull(): boolean {
    return this.#value === null;
  }

  text(most: number): string {
    if (typeof this.#value !== 'string') this.refuse('a text');
    if (this.#value.length > most) {
      this.refuse(`at most ${most} characters`, `${this.#value.length}`);
    }
    return this.#value;
  }

  number(least = -Number.MAX_VALUE, most = Number.MAX_VALUE): number {
    const value = this.#value;
    if (typeof value !== 'number' || !(value >= least && value <= most)) {
      const between = least > -Number.MAX_VALUE || most < Number.MAX_VALUE;
      this.refuse(between ? `a number from ${least} to ${most}` : 'a number');
    }
    return value;
  }

  /** Any float: what JSON has no number for is written as a text. */
  float(): number {
    return ['NaN', 'Infinity', '-Infinity'].includes(this.#value as string)
      ? Number(this.#value)
      : this.number();
  }

  whole(least: number, most: number): number {
    const value = this.#value;
    if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
      this.refuse(`a whole number from ${least} to ${most}`);
    }
    return value as number;
  }

  flag(): boolean {
    if (typeof this.#value !== 'boolean') this.refuse('true or false');
    return this.#value;
  }

  oneOf<T extends string>(values: readonly T[]): T {
    const found = values.find((value) => value === this.#value);
    if (found === undefined) this.refuse(values.join(', '));
    return found;
  }

  refuse(expected: string, actual = shortly(this.#value)): never {
    throw refusal(this.place, expected, actual);
  }

  #object(): Record<string, unknown> {
    const value = this.#value;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      this.refuse('an object');
    }
    return value as Record<string, unknown>;
  }
}

function refusal(
  place: string,
  expected: string,
  actual: string,
  message = 'A value is not as it should be.',
): EngineError {
  return new EngineError({ code: 'bad_argument', message, place, expected, actual });
}

function shortly(value: unknown): string {
  if (value === undefined) return 'nothing';
  return JSON.stringify(value).slice(0, 60);
}
