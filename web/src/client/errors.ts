import type { ErrorInfo } from '../protocol.ts';

/** Every failure of the client API: a stable code, a sentence for a person, and what it is about. */
export class EngineError extends Error {
  readonly code: string;
  /** A byte, a tensor, a metadata key, a URL; may be ''. */
  readonly place: string;
  readonly expected: string;
  readonly actual: string;

  constructor(info: ErrorInfo) {
    super(info.message);
    this.name = 'EngineError';
    this.code = info.code;
    this.place = info.place;
    this.expected = info.expected;
    this.actual = info.actual;
  }

  static of(code: string, message: string, place = ''): EngineError {
    return new EngineError({ code, message, place, expected: '', actual: '' });
  }

  static from(thrown: unknown): EngineError {
    if (thrown instanceof EngineError) return thrown;
    return EngineError.of('internal', thrown instanceof Error ? thrown.message : String(thrown));
  }
}
