// Which kernel set is the fastest depends on the processor, and no browser tells which that is: so they
// are timed once for each device and build, while the engine has nothing else to do.
import { get, set } from 'idb-keyval';
import type { BuildInfo } from '../protocol.ts';
import type { Session } from './session.ts';

const pauseMs = 20; // between two rounds of timing, for whatever wants the worker meanwhile

/** Puts the session on the fastest set, at once if an earlier visit found it. All give the same bits. */
export async function chooseKernels(
  session: Session,
  build: BuildInfo,
  engineUrl: string,
  isBusy: () => boolean,
): Promise<void> {
  if (build.kernels.length <= 2) return; // the definition and one other
  // The folder's name changes with the engine: another may have made another set the fastest.
  const key = `kernels ${engineUrl} ${build.kernels.join()} ${navigator.userAgent}`;
  const known = await get<string>(key).catch(() => undefined);
  if (known !== undefined && session.useKernels(known)) return;
  do {
    await new Promise((resolve) => setTimeout(resolve, pauseMs));
  } while (isBusy() || !session.tuneKernels());
  await set(key, session.info().kernels).catch(() => undefined);
}
