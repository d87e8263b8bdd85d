import type { ErrorInfo } from '../protocol.ts';

/** A failure with a code, a sentence for a person, and the place it is about. */
export class Failure extends Error {
  readonly info: ErrorInfo;

  constructor(code: string, message: string, about: Partial<ErrorInfo> = {}) {
    super(message);
    this.name = 'Failure';
    this.info = { code, message, place: '', expected: '', actual: '', ...about };
  }
}

/** What any thrown value says. */
export function describeFailure(thrown: unknown): ErrorInfo {
  if (thrown instanceof Failure) return thrown.info;
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return { code: 'internal', message, place: '', expected: '', actual: '' };
}

/**
 * A trap leaves the engine's memory in an unknown state: nothing may be called after it. Browsers
 * report a stack overflow inside wasm as they do one in JavaScript.
 */
export function isTrap(thrown: unknown): boolean {
  if (thrown instanceof WebAssembly.RuntimeError) return true;
  return thrown instanceof Error && /call stack|too much recursion/i.test(thrown.message);
}
