// One token's logit as the sum of what was written into the residual stream. The logit is linear in the
// stream but for the final norm, whose factor is held as it was in this pass.
import { matrixRow } from './cached-reads.ts';
import type { LabRun } from './lab-run.ts';

export interface LogitParts {
  embd: number;
  /** What the branches of each layer add. */
  layers: { attention: number; mlp: number }[];
  /** What each head of one layer adds; their sum is the layer's attention. */
  heads: number[];
  /** All of embd and layers. */
  sum: number;
}

/** Needs embd, final_norm and all resid_mid and resid_post at the position, and z of the layer. */
export async function logitParts(
  run: LabRun,
  id: number,
  position: number,
  headsOfLayer: number,
): Promise<LogitParts> {
  const { n_layers, n_heads } = run.model!.info;
  const row = async (tap: string) => (await run.read(tap, position)).data;
  const head = run.tap('logits')!.op;
  const layers = [...Array(n_layers).keys()];
  const [embd, finalNorm, weights, mids, posts] = await Promise.all([
    row('embd'),
    row('final_norm'),
    matrixRow(run, head, id),
    Promise.all(layers.map((layer) => row(`L.${layer}.resid_mid`))),
    Promise.all(layers.map((layer) => row(`L.${layer}.resid_post`))),
  ]);
  const last = posts.at(-1)!;
  // What one unit of each element of the stream adds to the logit.
  const direction = Float64Array.from(weights, (w, i) =>
    last[i] === 0 ? 0 : (w * finalNorm[i]!) / last[i]!,
  );
  const along = (to: Float32Array, from?: Float32Array) =>
    direction.reduce((sum, d, i) => sum + d * (to[i]! - (from?.[i] ?? 0)), 0);
  const writes = await Promise.all(
    [...Array(n_heads).keys()].map((one) =>
      run.once(`write ${headsOfLayer} ${one} ${position}`, () =>
        run.trace.headWrite(headsOfLayer, one, position),
      ),
    ),
  );
  return {
    embd: along(embd),
    layers: layers.map((layer) => ({
      attention: along(mids[layer]!, posts[layer - 1] ?? embd),
      mlp: along(posts[layer]!, mids[layer]),
    })),
    heads: writes.map((write) => along(write)),
    sum: along(last),
  };
}
