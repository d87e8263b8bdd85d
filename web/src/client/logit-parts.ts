// One token's logit as the sum of what was written into the residual stream. The logit is linear in the
// stream but for the final norm, whose factor is held as it was in this pass.
import { matrixRow } from './cached-reads.ts';
import type { LabRun } from './lab-run.ts';
import { notRecorded } from './recorded-engine.ts';

export interface LogitParts {
  embd: number;
  /** (n_layers) what the branches of each layer add. */
  attention: Float32Array;
  mlp: Float32Array;
  /** (n_layers, n_heads) what each head adds; a layer's heads are its attention. NaN: not asked for. */
  heads: Float32Array;
  /** All of embd, attention and mlp. */
  sum: number;
}

/** What they are worked out from, for heads of these layers. */
export function logitPartsNeed(run: LabRun, headsOf: readonly number[]): string[] {
  const layers = [...Array(run.model!.info.n_layers).keys()];
  const streams = layers.flatMap((layer) => [`L.${layer}.resid_mid`, `L.${layer}.resid_post`]);
  return ['embd', ...streams, ...headsOf.map((layer) => `L.${layer}.z`)];
}

/** What adds to the logit of a token at a position, with the heads of one layer. */
export function logitParts(
  run: LabRun,
  id: number,
  position: number,
  headsOf: number,
): Promise<LogitParts> {
  return run.once(`logit parts ${id} ${position} ${headsOf}`, async () => {
    if (run.recorded) return recordedParts(run, id, position);
    return (await logitPartsOf(run, [id], position, [headsOf]))[0]!;
  });
}

function recordedParts({ recorded }: LabRun, id: number, position: number): LogitParts {
  for (const { call, args, result } of recorded!.answers) {
    if (call === 'logitParts' && args.id === id && args.position === position) return result;
  }
  throw notRecorded(
    `What adds to the logit of token ${id} at position ${position} is not in the recording: it holds that of the likeliest tokens and of the one that followed at most. The model has them all.`,
  );
}

/** The same of several tokens, with the heads of these layers. */
export async function logitPartsOf(
  run: LabRun,
  ids: readonly number[],
  position: number,
  headsOf: readonly number[],
): Promise<LogitParts[]> {
  const { n_layers, n_heads } = run.model!.info;
  const taps = logitPartsNeed(run, []);
  const stream = await Promise.all(taps.map(async (tap) => (await run.read(tap, position)).data));
  const directions = await directionsOf(run, ids, stream.at(-1)!);
  const heads = directions.map(() => new Float32Array(n_layers * n_heads).fill(NaN));
  for (const layer of headsOf) {
    const asked = Array.from({ length: n_heads }, (_, head) =>
      run.trace.headWrite(layer, head, position),
    );
    (await Promise.all(asked)).forEach((write, head) =>
      directions.forEach((d, i) => (heads[i]![layer * n_heads + head] = dot(d, write))),
    );
  }
  return directions.map((direction, i) => {
    const behind = stream.map((x) => dot(direction, x));
    const added = behind.slice(1).map((x, at) => x - behind[at]!);
    return {
      embd: behind[0]!,
      attention: Float32Array.from(added.filter((_, at) => at % 2 === 0)),
      mlp: Float32Array.from(added.filter((_, at) => at % 2 === 1)),
      heads: heads[i]!,
      sum: behind.at(-1)!,
    };
  });
}

/** What one unit of each element of the stream adds to each token's logit, where the stream ends in x. */
async function directionsOf(
  run: LabRun,
  ids: readonly number[],
  x: Float32Array,
): Promise<Float64Array[]> {
  const { rms_eps, d_model } = run.model!.info;
  const factor = 1 / Math.sqrt(dot(x, x) / d_model + rms_eps);
  const norm = await run.once('vector output_norm.weight', () =>
    run.trace.vector('output_norm.weight'),
  );
  const rows = ids.map((id) => matrixRow(run, run.tap('logits')!.op, id));
  return (await Promise.all(rows)).map((weights) =>
    Float64Array.from(weights, (w, i) => w * norm[i]! * factor),
  );
}

function dot(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let sum = 0;
  for (let i = 0; i < a.length; ++i) sum += a[i]! * b[i]!;
  return sum;
}
