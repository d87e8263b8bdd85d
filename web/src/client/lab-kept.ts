import type { TapInfo, TapValues } from '../protocol.ts';
import type { LabRun } from './lab-run.ts';

/** Positions [first, end) whose values are computed and still kept. */
export function keptPositions({ complete, place, kept }: LabRun): { first: number; end: number } {
  const end = complete ? place.end : place.first;
  // A pass that stands still has begun to take the places of the oldest.
  return { first: Math.min(end, Math.max(0, place.end - (kept?.positions ?? 0))), end };
}

/** All rows that the engine keeps of whole taps, in the order of the plan. */
export function readKept(run: LabRun): Promise<TapValues[]> {
  const { first, end } = keptPositions(run);
  return readRows(run, run.kept?.values ?? [], first, end);
}

/** Rows of positions [first, end) of these taps, in the order of the plan. */
export async function readRows(
  run: LabRun,
  names: readonly string[],
  first: number,
  end: number,
): Promise<TapValues[]> {
  const wanted = new Set(names);
  // Some ops work on a pass's last row only: the prompt's last token's, and each one's behind it.
  const firstOf = ({ axes }: TapInfo) =>
    axes[0]?.name === 'logit_row' && !run.tokenByToken ? Math.max(first, run.nPrompt - 1) : first;
  return Promise.all(
    run
      .plan!.taps.filter((tap) => wanted.has(tap.name) && firstOf(tap) < end)
      .map((tap) => run.trace.read(tap.name, firstOf(tap), end)),
  );
}
