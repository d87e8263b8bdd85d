// A reader's own code: it runs in a worker of its own, so that a loop without end costs that worker
// and not the model. Nothing runs it but a click.
import { EngineError } from './errors.ts';

/** What a sampler is told besides the logits. */
export interface SamplerContext {
  /** Token ids so far. */
  ids: number[];
  /** Of the token that is wanted. */
  position: number;
}

interface Answer {
  id?: unknown;
  /** In the reader's code; counted from 1. */
  error?: string;
}

// One line, so that the reader's first line is the script's second. `rng` is mulberry32, begun with
// the seed and the position: the same run gives the same numbers.
const before =
  '"use strict";const lab={sampler(f){this.pick=f}};const rngOf=(s)=>()=>{s=(s+0x6D2B79F5)|0;let t=Math.imul(s^(s>>>15),1|s);t=(t+Math.imul(t^(t>>>7),61|t))^t;return((t^(t>>>14))>>>0)/4294967296};onmessage=({data:{logits,ctx,seed}})=>{try{if(typeof lab.pick!=="function")throw new Error("The code gives no sampler: lab.sampler((logits, ctx, rng) => id)");postMessage({id:lab.pick(logits,ctx,rngOf(seed^Math.imul(ctx.position+1,0x9E3779B1)))})}catch(e){postMessage({error:String(e&&e.stack||e).slice(0,2000)})}};';
const linesBefore = 1;

/** A sampler written by the reader. */
export class StudentSampler {
  readonly code: string;
  readonly #worker: Worker;
  readonly #limitMs: number;
  /** Rejects when the code is not even a script. */
  readonly #wrong: Promise<never>;

  constructor(code: string, limitMs = 2000) {
    this.code = code;
    this.#limitMs = limitMs;
    const script = new Blob([`${before}\n${code}\n`], { type: 'text/javascript' });
    const url = URL.createObjectURL(script);
    // A classic script: of a module that cannot be read a browser tells no line.
    this.#worker = new Worker(url);
    URL.revokeObjectURL(url);
    this.#wrong = new Promise((_, reject) => {
      this.#worker.onerror = (event) => {
        event.preventDefault();
        const line = event.lineno - linesBefore;
        reject(failure('The code is not right.', `${event.message} (line ${line})`));
      };
    });
    this.#wrong.catch(() => undefined); // Told to whoever asks.
  }

  /** One token id below logits.length. */
  async pick(logits: Float32Array, ctx: SamplerContext, seed: number): Promise<number> {
    const { id, error } = await this.#ask({ logits, ctx, seed });
    if (error !== undefined) throw failure('The code has failed.', withOwnLines(error));
    if (!Number.isInteger(id) || (id as number) < 0 || (id as number) >= logits.length) {
      const actual = typeof id === 'number' ? `${id}` : typeof id;
      throw failure('A sampler gives a token id.', actual, `0 to ${logits.length - 1}`);
    }
    return id as number;
  }

  end(): void {
    this.#worker.terminate();
  }

  async #ask(question: unknown): Promise<Answer> {
    const worker = this.#worker;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => {
        worker.terminate();
        const message = `The code took longer than ${this.#limitMs} ms and was ended. The model is still there.`;
        reject(failure(message, ''));
      }, this.#limitMs);
    });
    const answered = new Promise<Answer>((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<Answer>) => resolve(data);
    });
    worker.postMessage(question);
    return Promise.race([answered, this.#wrong, late]).finally(() => clearTimeout(timer));
  }
}

/** The stack's places as lines of the reader's own text. */
function withOwnLines(stack: string): string {
  const [message] = stack.split('\n');
  const [, line] = /blob:[^\s)]*?:(\d+):\d+/.exec(stack) ?? [];
  return line ? `${message!} (line ${Number(line) - linesBefore})` : message!;
}

function failure(message: string, actual: string, expected = ''): EngineError {
  return new EngineError({ code: 'student_code', message, place: 'your code', expected, actual });
}
