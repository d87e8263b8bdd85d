// Messages to token ids, through the file's own chat template. A template renders to one string in
// which a user's words and the template's control tokens look alike, so each control token's text
// inside a message is swapped for a private sentinel before rendering. The result is cut at control
// tokens, and what a sentinel stands for comes back only as ordinary text.
import { Template } from '@huggingface/jinja';
import type { ChatMessage, ControlToken, ModelInfo } from '../protocol.ts';
import { controlPattern, splitAtControlTokens } from './control-tokens.ts';
import { Failure } from './failure.ts';
import type { Encode } from './sentencepiece.ts';

/** The ids of the whole conversation, ready for the model to answer. */
export function promptIds(
  messages: readonly ChatMessage[],
  answerSoFar: string,
  info: ModelInfo,
  tokenize: Encode,
): number[] {
  const { control_tokens: controls, add_bos, bos_id } = info.tokenizer;
  const texts = [...messages.map(({ content }) => content), answerSoFar];
  const guard = new Guard(texts.join(''), controls);
  const guarded = messages.map(({ role, content }) => ({ role, content: guard.hide(content) }));
  const rendered = render(guarded, info) + guard.hide(answerSoFar);
  const ids = splitAtControlTokens(rendered, controls).flatMap((part) =>
    typeof part === 'string' ? tokenize(guard.reveal(part), false) : [part.id],
  );
  // A template writes its own beginning; without one the file's wish for BOS is followed.
  if (!info.chat_template && add_bos) ids.unshift(bos_id);
  return ids.length > 0 || bos_id < 0 ? ids : [bos_id];
}

function render(messages: ChatMessage[], info: ModelInfo): string {
  // No template, no roles: the model goes on with the text.
  if (!info.chat_template) return messages.map(({ content }) => content).join('\n');
  const { control_tokens: controls, bos_id, eos_id } = info.tokenizer;
  const textOf = (id: number) => controls.find((token) => token.id === id)?.text ?? '';
  try {
    return new Template(info.chat_template).render({
      messages,
      add_generation_prompt: true,
      bos_token: textOf(bos_id),
      eos_token: textOf(eos_id),
    });
  } catch (thrown) {
    const actual = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Failure('template', `The model's chat template cannot be used: ${actual}`, {
      place: 'key tokenizer.chat_template',
      actual,
    });
  }
}

/** Hides control tokens' texts inside messages, and brings them back as ordinary text. */
class Guard {
  readonly #controls: readonly ControlToken[];
  readonly #mark: string;
  readonly #hidden: string[] = [];

  constructor(allText: string, controls: readonly ControlToken[]) {
    this.#controls = controls;
    this.#mark = unusedCharacter(allText);
  }

  hide(text: string): string {
    const pattern = controlPattern(this.#controls);
    if (!pattern) return text;
    const whole = text.replace(pattern, (found) => this.#swap(found));
    return this.#hideEdges(whole);
  }

  reveal(text: string): string {
    const sentinel = new RegExp(`${this.#mark}(\\d+)${this.#mark}`, 'gu');
    return text.replace(sentinel, (_, index: string) => this.#hidden[Number(index)]!);
  }

  #swap(text: string): string {
    return `${this.#mark}${this.#hidden.push(text) - 1}${this.#mark}`;
  }

  /**
   * A message may also begin or end with a part of a control token that the template's own text
   * next to it would complete. Templates trim messages, so spaces at the edges do not count.
   */
  #hideEdges(text: string): string {
    const core = text.trim();
    let head = 0;
    let tail = 0;
    for (const { text: control } of this.#controls) {
      for (let n = control.length - 1; n > 0; --n) {
        if (n > head && core.startsWith(control.slice(-n))) head = n;
        if (n > tail && core.endsWith(control.slice(0, n))) tail = n;
      }
    }
    if (head === 0 && tail === 0) return text;
    const before = text.slice(0, text.indexOf(core));
    const after = text.slice(before.length + core.length);
    if (head + tail >= core.length) return before + this.#swap(core) + after;
    const middle = core.slice(head, core.length - tail);
    const start = head > 0 ? this.#swap(core.slice(0, head)) : '';
    const end = tail > 0 ? this.#swap(core.slice(-tail)) : '';
    return before + start + middle + end + after;
  }
}

/** A private-use character that no message contains. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code <= 0xf8ff; ++code) {
    const character = String.fromCharCode(code);
    if (!text.includes(character)) return character;
  }
  throw new Failure('bad_argument', 'The messages use every private-use character.');
}
