// The sampler's stages as rows of candidates, and as the line on which the draw falls. Pure functions.
import type { SamplerStages } from '../protocol.ts';

/** A candidate in one stage; 'out': this stage or one before has removed it; 'below': behind those listed. */
export type CandidateCell = { logit: number; p: number } | 'out' | 'below';

export interface CandidateRow {
  id: number;
  /** One a stage. */
  cells: CandidateCell[];
}

/** All candidates that some stage lists: those of the last stage first, as it orders them. */
export function candidateRows({ stages, chosen }: SamplerStages): CandidateRow[] {
  const listed = stages.toReversed().flatMap(({ top }) => top.map(({ id }) => id));
  return [...new Set([...listed, chosen])].map((id) => {
    let out = false;
    const cells = stages.map(({ top, kept }): CandidateCell => {
      const found = top.find((one) => one.id === id);
      if (found) return { logit: found.logit, p: found.p };
      out ||= kept === top.length;
      return out ? 'out' : 'below';
    });
    return { id, cells };
  });
}

/** A part of the line from 0 to 1 that the random number falls on; `id` null: all that are not listed. */
export interface LinePart {
  id: number | null;
  from: number;
  to: number;
}

/** The last stage's candidates side by side, each as long as its probability. */
export function cumulativeLine({ stages }: SamplerStages): LinePart[] {
  const { top, kept } = stages.at(-1)!;
  let from = 0;
  const parts = top.map(({ id, p }): LinePart => ({ id, from, to: (from += p) }));
  if (kept > top.length) parts.push({ id: null, from, to: 1 });
  return parts;
}
