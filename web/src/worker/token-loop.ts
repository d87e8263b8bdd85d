// The whole of text generation: tokens -> forward -> logits -> sample -> append. Nothing else in
// this project does it, and nothing is hidden behind these calls: `Session.begin` and `Session.run`
// run the plan of ops, `Sampler.sample` picks from the logits they leave.
import { breathe } from './breathe.ts';
import type { Sampler } from './sampler.ts';
import type { Logits, Session } from './session.ts';

const sliceMs = 40; // How long a cancel may have to wait inside a pass.

/** Token after token until the caller stops asking or the context is full. */
export async function* generate(
  session: Session,
  sampler: Sampler,
  prompt: readonly number[],
  signal: AbortSignal,
  onPrefill: (done: number) => void,
): AsyncGenerator<number, void> {
  let logits = await prefill(session, prompt, signal, onPrefill);
  for (const id of prompt) sampler.accept(id);
  for (;;) {
    const id = sampler.sample(logits);
    yield id;
    if (session.length === session.nCtx) return;
    sampler.accept(id);
    logits = await forward(session, [id], signal);
  }
}

/** Makes the cache hold exactly `prompt`, computing only what follows the part it already holds. */
export async function prefill(
  session: Session,
  prompt: readonly number[],
  signal: AbortSignal,
  onPrefill: (done: number) => void,
): Promise<Logits> {
  // The last token is always computed: its logits are what is wanted.
  let done = Math.min(session.commonPrefix(prompt), prompt.length - 1);
  session.truncate(done);
  for (;;) {
    onPrefill(done);
    const chunk = prompt.slice(done, done + session.nBatch);
    done += chunk.length;
    const logits = await forward(session, chunk, signal, done === prompt.length);
    if (done === prompt.length) return logits;
  }
}

/** One forward pass over at most nBatch tokens, in slices between which a cancel can act. */
export async function forward(
  session: Session,
  ids: readonly number[],
  signal: AbortSignal,
  wantsLogits = true,
): Promise<Logits> {
  session.begin(ids, wantsLogits);
  let complete = false;
  while (!complete) {
    complete = session.run(sliceMs);
    await breathe();
    if (signal.aborted && !complete) session.abandon();
    signal.throwIfAborted();
  }
  return wantsLogits ? session.logits() : (0 as Logits);
}
