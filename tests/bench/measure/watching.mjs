// What keeping values of a pass costs: decoding while nothing is kept, while the norm of each residual
// is ('lite'), and while a layer and all that attention is computed from is ('focus').
import { inTurns, warmUp, withContestants } from './contestants.mjs';
import { spreadIds } from './prompts.mjs';

const kept = {
  off: {},
  lite: { norms: ['embd', 'L.*.resid_mid', 'L.*.resid_post', 'final_norm'] },
  focus: { values: ['L.1.*', 'L.*.q_rot'] },
};

/** {entrants: [{name, runs: [{decodeMs, load}]}]}: one for each way, all in one page. */
export function watching(cell, lab) {
  const { context, generate, repeats } = cell;
  return withContestants(cell, lab, context + generate, async ([engine]) => {
    const ids = spreadIds(context + generate, [engine]);
    const decodeKeeping = async (name) => {
      await engine.hold(ids.slice(0, context));
      await engine.keep(kept[name]);
      return { decodeMs: await engine.decode(ids.slice(context)) };
    };
    const names = Object.keys(kept);
    for (const name of names) await warmUp(() => decodeKeeping(name));
    const runs = await inTurns(names, repeats, decodeKeeping);
    return { entrants: names.map((name, i) => ({ name, runs: runs[i] })) };
  });
}
