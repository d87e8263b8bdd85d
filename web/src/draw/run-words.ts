// With what a run was computed, in words: pure functions.
import type { Edit, SamplingParams } from '../protocol.ts';
import { editWords } from './edit-words.ts';
import { count } from './format.ts';

/** 'greedy', 'temperature 0.7, top-k 40, top-p 0.95, min-p 0.05, seed 1, repetition penalty 1.1 …'. */
export function samplingWords(sampling: SamplingParams): string {
  const { temperature, top_k: topK, top_p: topP, min_p: minP, seed } = sampling;
  const drawn = [`temperature ${temperature}`, `top-k ${topK}`, `top-p ${topP}`, `min-p ${minP}`];
  const parts = temperature === 0 ? ['greedy'] : [...drawn, `seed ${seed}`];
  return [...parts, ...changesOfLogits(sampling)].join(', ');
}

function changesOfLogits(sampling: SamplingParams): string[] {
  const { repetition_penalty: repetition, presence_penalty: presence } = sampling;
  const { frequency_penalty: frequency, penalty_window: window, logit_bias: bias = {} } = sampling;
  const penalties = [
    ...(repetition === 1 ? [] : [`repetition penalty ${repetition}`]),
    ...(presence === 0 ? [] : [`presence penalty ${presence}`]),
    ...(frequency === 0 ? [] : [`frequency penalty ${frequency}`]),
  ];
  const nBiased = Object.keys(bias).length;
  return [
    ...penalties,
    ...(penalties.length > 0 ? [`over ${window} tokens`] : []),
    ...(nBiased > 0 ? [`a bias on ${nBiased} ${nBiased === 1 ? 'logit' : 'logits'}`] : []),
  ];
}

/** `code`: the reader's own; '': none. */
export function settingsWords(
  edits: readonly Edit[],
  code: string,
  sampling: SamplingParams,
): string {
  const words = edits.length > 0 ? edits.map(editWords).join('; ') : 'no edit';
  return [words, ...(code ? [codeWords(code)] : []), samplingWords(sampling)].join(' · ');
}

export const codeWords = (code: string): string => `${count(code.length)} characters of JavaScript`;
