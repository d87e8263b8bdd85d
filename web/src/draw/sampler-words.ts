// What each stage of the sampler does, with this run's numbers.
import type { SamplerStages, SamplingParams } from '../protocol.ts';
import { count, value } from './format.ts';

const names: Record<string, string> = {
  logits: 'logits',
  penalties: 'penalties',
  bias: 'bias',
  temperature: 'temp.',
  top_k: 'top-k',
  top_p: 'top-p',
  min_p: 'min-p',
  greedy: 'greedy',
};

/** Short enough for a column's head. */
export const stageName = (stage: string): string => names[stage] ?? stage;

/** The n-th stage's rule as a formula with its numbers. */
export function stageRule(
  { stages }: SamplerStages,
  nth: number,
  sampling: SamplingParams,
): string {
  const { stage, kept } = stages[nth]!;
  const before = stages[nth - 1];
  const largest = before?.top[0]?.p ?? 0;
  switch (stage) {
    case 'logits':
      return `p = exp(logit − ${value(stages[nth]!.top[0]!.logit)}) / Σ over ${count(kept)} tokens`;
    case 'penalties':
      return penaltyRule(sampling);
    case 'bias':
      return 'logit + the bias of its token';
    case 'temperature':
      return `logit / ${sampling.temperature}`;
    case 'top_k':
      return `the ${sampling.top_k} likeliest stay`;
    case 'top_p':
      return `the fewest whose p reach ${sampling.top_p} stay`;
    case 'min_p':
      return `p ≥ ${sampling.min_p} × ${value(largest)} = ${value(sampling.min_p * largest)} stays`;
    default:
      return 'temperature 0: the likeliest is taken';
  }
}

function penaltyRule(sampling: SamplingParams): string {
  const { repetition_penalty, presence_penalty, frequency_penalty, penalty_window } = sampling;
  const parts = [
    repetition_penalty === 1
      ? ''
      : `logit / ${repetition_penalty} if above 0, else × ${repetition_penalty}`,
    presence_penalty === 0 ? '' : `− ${presence_penalty}`,
    frequency_penalty === 0 ? '' : `− ${frequency_penalty} × times seen`,
  ];
  return `seen in the last ${penalty_window} tokens: ${parts.filter(Boolean).join(', ')}`;
}

/** '12 of 40 stay', or that all do. */
export function keptWords({ stages }: SamplerStages, nth: number): string {
  const { kept } = stages[nth]!;
  const before = stages[nth - 1]?.kept ?? kept;
  return kept === before ? `all ${count(kept)}` : `${count(kept)} of ${count(before)}`;
}
