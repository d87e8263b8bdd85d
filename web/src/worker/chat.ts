// One answer: the conversation becomes ids, the token loop gives tokens, and this file decides when
// it ends and what text is shown.
import type { Calls, ChatEvent, ChatResult, ChatTimings, StopReason } from '../protocol.ts';
import { freeing } from './engine.ts';
import { Failure, isTrap } from './failure.ts';
import type { Ready } from './load-model.ts';
import { promptIds } from './prompt.ts';
import { Sampler } from './sampler.ts';
import { StopStrings } from './stop-strings.ts';
import { TextStream } from './text-stream.ts';
import { generate } from './token-loop.ts';

export async function chat(
  { model, session, tokenizer }: Ready,
  { messages, options }: Calls['chat']['args'],
  signal: AbortSignal,
  emit: (event: ChatEvent) => void,
): Promise<ChatResult> {
  const started = performance.now();
  const prompt = promptIds(messages, options.answerSoFar, model.info, tokenizer.encode);
  refuseLongPrompt(prompt.length, session.nCtx);
  const reused = Math.min(session.commonPrefix(prompt), prompt.length - 1);
  emit({ type: 'prompt', tokens: prompt.length, reused });

  const sampler = new Sampler(model, options.sampling);
  const stream = new TextStream(model, false);
  // A text that goes on does not begin: its first token keeps the space before its word.
  if (options.answerSoFar !== '') stream.push(prompt.at(-1)!);
  const stops = new StopStrings(options.stop);
  const ends = new Set(model.info.tokenizer.eot_ids);
  const answer = { ids: [] as number[], text: '' };
  const times = new Times(started, prompt.length, reused);
  const show = (text: string) => {
    answer.text += text;
    return text;
  };

  let reason: StopReason = 'context';
  const write = async () => {
    const tokens = generate(session, sampler, prompt, signal, (done) => {
      emit({ type: 'prefill', done, tokens: prompt.length });
    });
    for await (const id of tokens) {
      const ms = times.token();
      answer.ids.push(id);
      const ended = ends.has(id);
      const { text, stopped } = stops.push(ended ? '' : stream.push(id));
      emit({ type: 'token', id, text: show(text), ms, position: session.length });
      if (ended || stopped || answer.ids.length >= options.maxTokens) {
        reason = ended ? 'end' : stopped ? 'stop' : 'max_tokens';
        break;
      }
    }
  };
  return freeing([sampler, stream], async () => {
    try {
      await write();
    } catch (thrown) {
      if (!signal.aborted || isTrap(thrown)) throw thrown;
      reason = 'cancelled';
    }
    if (reason !== 'stop') {
      const left = stops.push(stream.flush()).text + stops.flush();
      if (left !== '') emit({ type: 'text', text: show(left) });
    }
    return { reason, ...answer, timings: times.summary() };
  });
}

function refuseLongPrompt(tokens: number, nCtx: number): void {
  if (tokens < nCtx) return;
  const message = `The conversation is ${tokens} tokens long, and the context holds ${nCtx}.`;
  throw new Failure('context_full', message, {
    place: 'prompt',
    expected: `fewer than ${nCtx} tokens`,
    actual: `${tokens} tokens`,
  });
}

/** Clock readings of one answer. */
class Times {
  readonly #started: number;
  readonly #promptTokens: number;
  readonly #reusedTokens: number;
  #first = 0;
  #last: number;
  #tokens = 0;

  constructor(started: number, promptTokens: number, reusedTokens: number) {
    this.#started = started;
    this.#last = started;
    this.#promptTokens = promptTokens;
    this.#reusedTokens = reusedTokens;
  }

  /** A token has come: the time since the one before it. */
  token(): number {
    const now = performance.now();
    const ms = now - this.#last;
    this.#last = now;
    if (this.#tokens++ === 0) this.#first = now;
    return ms;
  }

  summary(): ChatTimings {
    const none = this.#tokens === 0;
    return {
      promptTokens: this.#promptTokens,
      reusedTokens: this.#reusedTokens,
      prefillMs: none ? performance.now() - this.#started : this.#first - this.#started,
      firstTokenMs: none ? 0 : this.#first - this.#started,
      tokens: this.#tokens,
      decodeMs: none ? 0 : this.#last - this.#first,
    };
  }
}
