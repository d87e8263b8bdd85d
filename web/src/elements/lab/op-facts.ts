// What panels say of the plan's ops: their work for a token, what was timed, what they left.
import type { LabRun } from '../../client/lab-run.ts';
import { type OpFacts, opParameters } from '../../draw/op-words.ts';
import { workOf } from '../../op-work.ts';

/** (nOps) what each op does for the token at a position, and the mean of its times. */
export function factsOf(run: LabRun, position: number): OpFacts[] {
  const { ops, times } = run;
  const totals = times?.[times.phase];
  let bytesSoFar = 0;
  let parametersSoFar = 0;
  return ops.map((op, index) => {
    const work = workOf(op, { first: position, rows: 1, wantsLogits: true });
    bytesSoFar += work.bytes;
    parametersSoFar += opParameters(op, run.model!.info);
    const passes = totals?.passes[index] ?? 0;
    const ms = passes > 0 ? totals!.ms[index]! / passes : NaN;
    return { ...work, bytesSoFar, parametersSoFar, ms };
  });
}

/** (nOps) norms of what ops left at a position; not a number where that is no tap or not kept. */
export async function normsOf(run: LabRun, position: number): Promise<number[]> {
  const norms = run.ops.map(() => NaN);
  const { first, end, cursor } = run.place;
  const taps = (run.plan?.taps ?? []).filter(
    ({ op }) => position < end && (position < first || op < cursor),
  );
  await Promise.all(
    taps.map(async ({ name, op }) => {
      const found = await run.norms(name, position, position + 1).catch(() => null);
      if (found) norms[op] = found[0]!;
    }),
  );
  return norms;
}

/** What the times are of, in a sentence. */
export function timedWords({ times, ops, recorded }: LabRun): string {
  if (!times) return '';
  const { passes, rows } = times[times.phase];
  const n = passes[0]!;
  if (n === 0 && recorded) return 'No pass was timed in the recording.';
  if (n === 0) return 'No pass has been timed yet: step on, and each op is timed from here.';
  const what =
    times.phase === 'decode'
      ? `${n} ${n === 1 ? 'pass' : 'passes'} of one token`
      : `${n} ${n === 1 ? 'pass' : 'passes'} over the prompt, ${rows[0]!} tokens`;
  return `Times: the mean of ${what}, each op alone between two readings of the clock (all ${ops.length}
    ops; the newest pass may not have come to the last ones).`.replace(/\s+/g, ' ');
}
