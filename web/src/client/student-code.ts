// A reader's own code: it runs in a worker of its own, so that a loop without end costs that worker
// and not the model. Nothing runs it but a click.
import { EngineError } from './errors.ts';
import {
  type Given,
  type Question,
  type QuestionKind,
  type Questions,
  type Reply,
  studentRuntime,
} from './student-runtime.ts';

/** A call of `lab` in the reader's code. */
export interface Piece extends Omit<Given, 'stack'> {
  /** Its number among all calls. */
  index: number;
  /** On which the call stands, counted from 1. */
  line: number;
}

/** A worker that does not run by then never will. */
const mostStartMs = 30_000;

const before = `"use strict";(${studentRuntime.toString()})();\n`;
const linesBefore = before.split('\n').length - 1;

/** The reader's code in its worker. What goes wrong with it once ends it. */
export class StudentCode {
  readonly source: string;
  pieces: readonly Piece[] = [];
  /** Why it runs no more. */
  failure: EngineError | null = null;
  readonly #worker: Worker;
  readonly #limitMs: number;
  /** Rejects when the code is not even a script, or fails where nobody has asked it. */
  readonly #wrong: Promise<never>;
  /** It runs, up to the code: a busy machine may take long to start a worker. */
  readonly #awake: Promise<unknown>;
  #starting: ReturnType<typeof setTimeout> | undefined;
  #asked = 0;

  private constructor(source: string, limitMs: number) {
    this.source = source;
    this.#limitMs = limitMs;
    const url = URL.createObjectURL(new Blob([before, source], { type: 'text/javascript' }));
    // A classic script: of a module that cannot be read a browser tells no line.
    this.#worker = new Worker(url);
    URL.revokeObjectURL(url);
    this.#wrong = new Promise((_, reject) => {
      this.#worker.onerror = (event: Event) => {
        event.preventDefault();
        reject(event instanceof ErrorEvent ? notRight(event) : notStarted());
      };
    });
    this.#awake = new Promise((resolve, reject) => {
      const tooLate = () => {
        const message = `The worker for the code has not begun within ${mostStartMs / 1000} s.`;
        reject(codeError(message, null, ''));
      };
      this.#starting = setTimeout(tooLate, mostStartMs);
      const begun = () => {
        clearTimeout(this.#starting);
        resolve(null);
      };
      this.#worker.addEventListener('message', begun, { once: true });
    });
    this.#awake.catch(() => undefined);
    this.#wrong.catch(() => undefined); // Told to whoever asks.
  }

  /** Starts the worker and runs the code up to its end, by which it has said what it gives. */
  static async start(source: string, limitMs = 2000): Promise<StudentCode> {
    const code = new StudentCode(source, limitMs);
    const { given } = await code.#ask('given', {}, null);
    code.pieces = given.map(({ stack, ...one }, index) => ({
      ...one,
      index,
      line: lineOf(stack) ?? 0,
    }));
    if (given.length === 0) {
      const expected = 'lab.sampler(…), lab.logits(…), lab.on(…) or lab.replace(…)';
      throw code.#end(codeError('The code gives nothing.', null, 'none of them', expected));
    }
    return code;
  }

  /** What a piece answers. Anything wrong with it is an error that names its line. */
  ask<K extends Exclude<QuestionKind, 'given'>>(
    piece: Piece,
    kind: K,
    asks: Omit<Questions[K]['asks'], 'piece'>,
  ): Promise<Questions[K]['answer']> {
    return this.#ask(kind, { ...asks, piece: piece.index }, piece);
  }

  /** Ends it: its answer was not what its place takes. */
  refuse(piece: Piece, message: string, actual: string, expected: string): EngineError {
    return this.#end(codeError(message, piece.line, actual, expected));
  }

  end(): void {
    clearTimeout(this.#starting);
    this.#worker.terminate();
  }

  async #ask<K extends QuestionKind>(
    kind: K,
    asks: object,
    piece: Piece | null,
  ): Promise<Questions[K]['answer']> {
    if (this.failure) throw this.failure;
    const line = piece?.line ?? null;
    try {
      const reply = await this.#reply({ nth: ++this.#asked, kind, ...asks } as Question, line);
      if (!('error' in reply)) return reply;
      const [message] = reply.error.split('\n');
      throw codeError('The code has failed.', lineOf(reply.error) ?? line, message!);
    } catch (thrown) {
      throw this.#end(EngineError.from(thrown));
    }
  }

  #reply(question: Question, line: number | null): Promise<Reply> {
    const worker = this.#worker;
    const over = new AbortController();
    const late = this.#awake
      .then(() => timeout(this.#limitMs, over.signal))
      .then(() => {
        const message = `The code took longer than ${this.#limitMs} ms and was ended. The model is still there.`;
        throw codeError(message, line, '');
      });
    const answered = new Promise<Reply>((resolve) => {
      // The code may post what it likes: only the answer to this question is one.
      worker.onmessage = ({ data }: MessageEvent<Reply | null>) => {
        if (data?.nth === question.nth) resolve(data);
      };
    });
    worker.postMessage(question);
    return Promise.race([answered, this.#wrong, late]).finally(() => over.abort());
  }

  #end(failure: EngineError): EngineError {
    this.end();
    this.failure ??= failure;
    return failure;
  }
}

/** Resolves after a time, and never once the signal is aborted. */
function timeout(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return;
    const timer = setTimeout(resolve, ms);
    signal.addEventListener('abort', () => clearTimeout(timer));
  });
}

function notRight({ lineno, message }: ErrorEvent): EngineError {
  return codeError('The code is not right.', lineno - linesBefore, message);
}

function notStarted(): EngineError {
  const message = 'No worker could be started for the code: the page may forbid it.';
  return codeError(message, null, 'refused', 'worker-src blob: in its Content-Security-Policy');
}

/** The line of the reader's own text that a stack leads to first. */
function lineOf(stack: string): number | null {
  for (const [, line] of stack.matchAll(/blob:[^\s)]*?:(\d+):\d+/g)) {
    if (Number(line) > linesBefore) return Number(line) - linesBefore;
  }
  return null;
}

export function codeError(
  message: string,
  line: number | null,
  actual: string,
  expected = '',
): EngineError {
  const place = line === null ? 'your code' : `your code, line ${line}`;
  return new EngineError({ code: 'student_code', message, place, expected, actual });
}
