// The chat that the page shows: owns the conversation, runs answers through the client, and keeps
// the readings of the latest one. No DOM.
import type { ChatEvent, LoadedModel, SamplingParams, StopReason } from '../protocol.ts';
import { type AddressSampling, changedSettings, withAddress } from './address-settings.ts';
import type { Client } from './client.ts';
import {
  type Conversation,
  leaveOutOldest,
  messagesOf,
  newConversation,
  newTurn,
  type Settings,
  type Turn,
} from './conversation.ts';
import { ConversationStore } from './conversation-store.ts';
import { EngineError } from './errors.ts';

/** Measured by the worker's clock; null until it has been measured. */
export interface Readings {
  firstTokenMs: number | null;
  prefillPerSecond: number | null;
  decodePerSecond: number | null;
  /** Tokens after the first one, and their time. */
  decoded: number;
  decodeMs: number;
  /** Milliseconds of each of the latest ones. */
  tokenMs: number[];
  promptTokens: number;
  reusedTokens: number;
  /** Prompt tokens computed so far; null when no prompt is being read. */
  prefillDone: number | null;
  contextTokens: number;
}

const noReadings: Readings = {
  firstTokenMs: null,
  prefillPerSecond: null,
  decodePerSecond: null,
  decoded: 0,
  decodeMs: 0,
  tokenMs: [],
  promptTokens: 0,
  reusedTokens: 0,
  prefillDone: null,
  contextTokens: 0,
};

interface HowToAnswer {
  /** The answer that goes on; null: a new one. */
  unfinished: Turn | null;
  /** Old turns are left out until there is room. */
  makeRoom: boolean;
  /** The turns that stand again if there is no new answer; null: those up to the question. */
  before: readonly Turn[] | null;
}

/** As many as a chart shows. */
const latestTokens = 128;

/** A share of the context that is free again after old turns have been left out. */
const roomForAnswer = 0.25;

/** @fires change - the conversation, the readings or what is running has changed */
export class Chat extends EventTarget {
  readonly #client: Client;
  readonly #store = new ConversationStore();
  #address: AddressSampling;
  conversation: Conversation = newConversation();
  /** What an earlier visit has written is here, or nothing is; before that nothing may be changed. */
  isRead = false;
  readings: Readings = noReadings;
  /** Why the latest question got no answer. */
  error: EngineError | null = null;
  #abort: AbortController | null = null;
  #run: Promise<void> = Promise.resolve();

  /** `address`: sampling that the page's address asks for. */
  constructor(client: Client, address: AddressSampling) {
    super();
    this.#client = client;
    this.#address = address;
    this.#store.onWritten(() => void this.reread());
  }

  get running(): boolean {
    return this.#abort !== null;
  }

  get turns(): readonly Turn[] {
    return this.conversation.turns;
  }

  /** The settings that hold now: the saved ones under what the address asks for. */
  get settings(): Settings {
    return withAddress(this.conversation.settings, this.#address);
  }

  /** Takes over what an earlier visit or another tab has written. */
  async reread(): Promise<void> {
    const stored = this.running ? null : await this.#store.read();
    if (stored && !this.running) this.conversation = stored;
    else if (this.isRead) return;
    this.isRead = true;
    this.#changed();
  }

  /** Writes down now what would be written soon: the page may be about to go. */
  flush(): void {
    this.#store.flush();
  }

  send(text: string): void {
    if (this.running || text.trim() === '') return;
    this.#setTurns([...this.turns, newTurn(this.turns, 'user', text)]);
    this.#answer();
  }

  stop(): void {
    this.#abort?.abort();
  }

  /** Answers the last question anew. */
  regenerate(): void {
    if (this.#cannotAnswer) return;
    const before = this.turns;
    const question = before.findLastIndex(({ role }) => role === 'user');
    if (question < 0) return;
    this.#setTurns(before.slice(0, question + 1));
    this.#answer({ before });
  }

  /** Turns stay as they are while an answer is written, and without a model. */
  get #cannotAnswer(): boolean {
    return this.running || this.#client.model === null;
  }

  /** Changes a question; what followed it goes, and it is answered. */
  edit(id: number, text: string): void {
    const at = this.turns.findIndex((turn) => turn.id === id);
    if (this.#cannotAnswer || at < 0 || text.trim() === '') return;
    const edited = { ...this.turns[at]!, content: text, leftOut: false };
    this.#setTurns([...this.turns.slice(0, at), edited]);
    this.#answer();
  }

  async clear(): Promise<void> {
    this.stop();
    await this.#run;
    this.#setTurns([]);
    this.error = null;
    this.readings = noReadings;
    this.#changed();
    this.flush();
  }

  setSettings(settings: Settings): void {
    const { saved, address } = changedSettings(settings, this.conversation.settings, this.#address);
    this.#address = address;
    this.#update({ settings: saved });
  }

  dismissError(): void {
    this.error = null;
    this.#changed();
  }

  /** The readings belong to a model: a new one begins with none. */
  modelChanged(model: LoadedModel | null): void {
    this.readings = noReadings;
    if (model) this.error = null;
    this.#changed();
  }

  /** Whether there are turns that could be left out. */
  get canLeaveOut(): boolean {
    return leaveOutOldest(this.turns) !== this.turns;
  }

  /** Leaves out old turns until there is room, and goes on where the context ended. */
  goOn(): void {
    if (this.#cannotAnswer) return;
    const last = this.turns.at(-1);
    this.#answer({ unfinished: last?.role === 'assistant' ? last : null, makeRoom: true });
  }

  #answer(how: Partial<HowToAnswer> = {}): void {
    this.error = null;
    const abort = new AbortController();
    this.#abort = abort;
    const all = { unfinished: null, makeRoom: false, before: null, ...how };
    this.#run = this.#runAnswer(abort.signal, all).finally(() => {
      this.#abort = null;
      this.#changed();
      this.flush();
    });
    this.#changed();
  }

  async #runAnswer(
    signal: AbortSignal,
    { unfinished, makeRoom, before }: HowToAnswer,
  ): Promise<void> {
    // Where a context ended inside a character, the model writes the whole of it.
    const answerSoFar = unfinished?.content.replace(/\uFFFD$/, '') ?? '';
    let answer: Turn | null = null;
    try {
      if (makeRoom) await this.#makeRoom(unfinished, signal);
      const asked = unfinished ? this.turns.slice(0, -1) : this.turns;
      const messages = messagesOf({ ...this.conversation, turns: [...asked] });
      const { maxTokens, stop } = this.settings;
      const sampling = this.#sampling();
      const seed = sampling.temperature === 0 ? null : sampling.seed;
      answer = { ...newTurn(asked, 'assistant', answerSoFar), seed };
      this.#setTurns([...asked, answer]);
      this.readings = { ...noReadings, contextTokens: this.readings.contextTokens };
      const stream = this.#client.chat(messages, {
        sampling,
        maxTokens,
        stop,
        answerSoFar,
        signal,
        onEvent: (event) => (answer = this.#take(answer!, event)),
      });
      const { reason, timings } = await stream.result;
      this.#finish({ ...answer, reason, timings });
    } catch (thrown) {
      const error = EngineError.from(thrown);
      // The reader has just chosen another model: nothing went wrong.
      if (error.code !== 'replaced') this.error = error;
      if (answer) this.#fail(answer, before);
    }
  }

  /** Leaves out the oldest turns until the rest and some room for an answer fit. */
  async #makeRoom(unfinished: Turn | null, signal: AbortSignal): Promise<void> {
    const nCtx = this.#client.model?.session.n_ctx ?? 0;
    const size = async (turns: readonly Turn[]) => {
      const messages = messagesOf({ ...this.conversation, turns: [...turns] });
      return (await this.#client.render(messages)).length;
    };
    let turns = this.turns;
    let needed = 0;
    do {
      const fewer = leaveOutOldest(turns);
      // An answer that is to be continued keeps its question.
      if (fewer === turns || (unfinished && fewer.at(-2)?.leftOut)) break;
      turns = fewer;
      needed = await size(turns);
    } while (!signal.aborted && needed > nCtx * (1 - roomForAnswer));
    // What is left out stays so: not where that does not help.
    if (turns !== this.turns && (unfinished || needed < nCtx)) this.#setTurns(turns);
  }

  /** The settings, with a new seed unless one is fixed. */
  #sampling(): SamplingParams {
    const { sampling, fixedSeed } = this.settings;
    if (fixedSeed) return sampling;
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    return { ...sampling, seed };
  }

  #take(answer: Turn, event: ChatEvent): Turn {
    const readings = { ...this.readings };
    if (event.type === 'prompt') {
      readings.promptTokens = event.tokens;
      readings.reusedTokens = event.reused;
      readings.prefillDone = event.reused;
    } else if (event.type === 'prefill') {
      readings.prefillDone = event.done;
    } else if (event.type === 'token') {
      takeToken(readings, event.ms);
      readings.contextTokens = event.position;
    }
    this.readings = readings;
    if (event.type === 'token' || event.type === 'text') {
      answer = { ...answer, content: answer.content + event.text };
      this.#replaceLast(answer);
    }
    this.#changed();
    return answer;
  }

  #finish(answer: Turn): void {
    this.readings = { ...this.readings, prefillDone: null };
    this.#replaceLast(answer);
  }

  #fail(answer: Turn, before: readonly Turn[] | null): void {
    this.readings = { ...this.readings, prefillDone: null };
    // An answer that never began leaves the one before, or its question, with which it can be asked for.
    if (answer.content === '') this.#setTurns(before ?? this.turns.slice(0, -1));
    else this.#replaceLast({ ...answer, reason: 'interrupted' });
  }

  #replaceLast(turn: Turn): void {
    this.#setTurns([...this.turns.slice(0, -1), turn]);
  }

  #setTurns(turns: readonly Turn[]): void {
    this.#update({ turns: [...turns] });
  }

  #update(change: Partial<Conversation>): void {
    this.conversation = { ...this.conversation, ...change };
    this.#store.save(this.conversation);
    this.#changed();
  }

  #changed(): void {
    this.dispatchEvent(new Event('change'));
  }
}

function takeToken(readings: Readings, ms: number): void {
  readings.prefillDone = null;
  if (readings.firstTokenMs === null) {
    readings.firstTokenMs = ms;
    const computed = readings.promptTokens - readings.reusedTokens;
    readings.prefillPerSecond = (computed / ms) * 1000;
    return;
  }
  readings.tokenMs = [...readings.tokenMs.slice(1 - latestTokens), ms];
  readings.decoded += 1;
  readings.decodeMs += ms;
  readings.decodePerSecond = (readings.decoded / readings.decodeMs) * 1000;
}

/** What ended an answer, in words; '' when it simply ended. */
export function describeReason(reason: StopReason | 'interrupted' | null): string {
  switch (reason) {
    case 'context':
      return 'The context is full, so the answer ends here.';
    case 'max_tokens':
      return 'The answer reached the longest length that the settings allow.';
    case 'stop':
      return 'A stop string ended the answer.';
    case 'cancelled':
      return 'Stopped.';
    case 'interrupted':
      return 'Interrupted before it was complete.';
    case 'end':
    case null:
      return '';
  }
}
