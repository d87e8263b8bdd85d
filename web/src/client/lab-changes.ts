// What a reader changes in the passes of a run, by edits and by code: what depends on a change is computed
// again, and one that is refused, or fails there, leaves the run as it was.
import type { Edit } from '../protocol.ts';
import { editsOf, type Intervention } from './interventions.ts';
import { LabHooks } from './lab-hooks.ts';
import type { LabPasses } from './lab-passes.ts';
import type { LabState } from './lab-state.ts';

export class LabChanges {
  readonly #run: LabState;
  readonly #passes: LabPasses;

  constructor(run: LabState, passes: LabPasses) {
    this.#run = run;
    this.#passes = passes;
  }

  /** This code takes part from now on; null: none. */
  async setCode(source: string | null): Promise<void> {
    const run = this.#run;
    const { hooks: before, place, client, plan, model } = run;
    const hooks = source === null ? null : await LabHooks.start(source, client, plan!, model!.info);
    run.forgetTail();
    try {
      await this.#useHooks(hooks);
      if (hooks?.draws && run.complete) await this.#passes.draw();
    } catch (thrown) {
      hooks?.end();
      run.place = place;
      await this.#useHooks(before?.code.failure ? null : before);
      throw thrown;
    }
    before?.end();
  }

  async #useHooks(hooks: LabHooks | null): Promise<void> {
    const run = this.#run;
    const { first, end, cursor } = run.place;
    const { logitsFrom } = run;
    const changed = [run.hooks, hooks].map((each) => each?.firstChanged(logitsFrom) ?? Infinity);
    const from = Math.min(...changed);
    run.hooks = hooks;
    run.note = '';
    if (from >= end) return;
    await this.#passes.forgetFrom(from);
    await this.#passes.goTo(run.place);
    if (first + cursor === 0) return;
    const whose = hooks ? 'with your code' : 'without your code';
    run.note = `Computed again ${whose}: positions ${from} to ${end - 1}.`;
  }

  /** These edits are in force from now on. */
  async setInterventions(interventions: readonly Intervention[]): Promise<void> {
    const run = this.#run;
    const { rerun, state } = await this.#tryEdits(editsOf(interventions));
    const dropped = !rerun && run.place.cursor > 0 && !state.begun && !state.complete;
    run.interventions = interventions;
    run.rerun = rerun;
    run.passRerun = dropped;
    run.forgetTail();
    run.note = rerun
      ? `Computed again: positions ${rerun.from} to ${rerun.to - 1}. ${rerun.because}`
      : dropped
        ? 'The pass at hand depends on this edit: it was run again to this op.'
        : 'Nothing computed so far depends on this edit.';
  }

  /** Numbers that are none may come of an edit: then those before are in force again. */
  async #tryEdits(edits: Edit[]) {
    const run = this.#run;
    const before = [...run.trace.edits];
    const { place } = run;
    const inPass = run.hooks?.runsInPass ?? false;
    if (inPass) await this.#passes.forgetFrom(0);
    try {
      const result = await run.trace.exchangeEdits(edits, run.logitsFrom);
      await this.#passes.goTo(place);
      if (!inPass) return result;
      const because = 'Your code takes part in every pass.';
      return { ...result, rerun: { from: 0, to: place.end, because } };
    } catch (thrown) {
      run.place = place;
      await run.trace.exchangeEdits(before, run.logitsFrom);
      await this.#passes.goTo(run.place);
      throw thrown;
    }
  }
}
