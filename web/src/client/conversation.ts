// A conversation as the page keeps it: pure functions over plain data.
import type { ChatMessage, ChatTimings, SamplingParams, StopReason } from '../protocol.ts';
import { defaultSampling } from './defaults.ts';

export interface Turn {
  id: number;
  role: 'user' | 'assistant';
  content: string;
  /** Left out of what the model reads, because the context is full. */
  leftOut: boolean;
  /** Only for answers. null: it is still being written. */
  reason: StopReason | 'interrupted' | null;
  /** With which the answer was sampled; null for a greedy one. */
  seed: number | null;
  timings: ChatTimings | null;
}

export interface Settings {
  system: string;
  sampling: SamplingParams;
  /** Use sampling.seed for every answer; otherwise each answer gets a new one. */
  fixedSeed: boolean;
  maxTokens: number;
  stop: string[];
}

export interface Conversation {
  turns: Turn[];
  settings: Settings;
}

export function newConversation(): Conversation {
  const sampling = { ...defaultSampling };
  return {
    turns: [],
    settings: { system: '', sampling, fixedSeed: false, maxTokens: 1024, stop: [] },
  };
}

export function newTurn(turns: readonly Turn[], role: Turn['role'], content: string): Turn {
  const id = Math.max(0, ...turns.map((turn) => turn.id)) + 1;
  return { id, role, content, leftOut: false, reason: null, seed: null, timings: null };
}

/** What the model is to read: the system prompt, then all turns that are not left out. */
export function messagesOf({ turns, settings }: Conversation): ChatMessage[] {
  const messages: ChatMessage[] = turns
    .filter(({ leftOut }) => !leftOut)
    .map(({ role, content }) => ({ role, content }));
  if (settings.system.trim() !== '') {
    messages.unshift({ role: 'system', content: settings.system });
  }
  return messages;
}

/**
 * Leaves out the oldest question and its answer. The same turns when only the last question is
 * left: that one is never left out, and the system prompt is not a turn.
 */
export function leaveOutOldest(turns: readonly Turn[]): readonly Turn[] {
  const first = turns.findIndex(({ leftOut }) => !leftOut);
  const second = turns.findIndex(({ role }, at) => at > first && role === 'user');
  if (first < 0 || second < 0) return turns;
  return turns.map((turn, at) => (at < second ? { ...turn, leftOut: true } : turn));
}

/** Stored data back into a conversation; anything that is not one gives a new one. */
export function parseConversation(stored: unknown): Conversation {
  const fresh = newConversation();
  if (!isRecord(stored) || !Array.isArray(stored['turns'])) return fresh;
  const turns = stored['turns'].slice(-2000).flatMap((turn: unknown, at) => parseTurn(turn, at));
  return { turns, settings: parseSettings(stored['settings'], fresh.settings) };
}

function parseTurn(turn: unknown, at: number): Turn[] {
  if (!isRecord(turn)) return [];
  const { role, content, leftOut, reason, seed, timings } = turn;
  if ((role !== 'user' && role !== 'assistant') || typeof content !== 'string') return [];
  return [
    {
      id: at + 1,
      role,
      content,
      leftOut: leftOut === true,
      // What was being written when the page was closed will not be finished.
      reason:
        role === 'user' ? null : typeof reason === 'string' ? asReason(reason) : 'interrupted',
      seed: typeof seed === 'number' ? seed : null,
      timings: isRecord(timings) ? asTimings(timings) : null,
    },
  ];
}

function parseSettings(stored: unknown, fresh: Settings): Settings {
  if (!isRecord(stored)) return fresh;
  const { system, sampling, fixedSeed, maxTokens, stop } = stored;
  const numbers = { ...fresh.sampling };
  if (isRecord(sampling)) {
    for (const key of Object.keys(numbers) as (keyof SamplingParams)[]) {
      const value = sampling[key];
      if (key !== 'logit_bias' && typeof value === 'number' && Number.isFinite(value)) {
        numbers[key] = value;
      }
    }
  }
  return {
    system: typeof system === 'string' ? system : '',
    sampling: numbers,
    fixedSeed: fixedSeed === true,
    maxTokens: typeof maxTokens === 'number' && maxTokens > 0 ? maxTokens : fresh.maxTokens,
    stop: Array.isArray(stop) ? stop.filter((text) => typeof text === 'string') : [],
  };
}

function asReason(reason: string): NonNullable<Turn['reason']> {
  const known = ['end', 'stop', 'max_tokens', 'context', 'cancelled'] as const;
  return known.find((name) => name === reason) ?? 'interrupted';
}

function asTimings(stored: Record<string, unknown>): ChatTimings {
  const number = (key: keyof ChatTimings) => {
    const value = stored[key];
    return typeof value === 'number' && Number.isFinite(value) ? value : 0;
  };
  return {
    promptTokens: number('promptTokens'),
    reusedTokens: number('reusedTokens'),
    prefillMs: number('prefillMs'),
    firstTokenMs: number('firstTokenMs'),
    tokens: number('tokens'),
    decodeMs: number('decodeMs'),
  };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
