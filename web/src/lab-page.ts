// The lab page: the same engine held still, and panels on what it computes.
import { labViewOf } from './client/lab-address.ts';
import { openedIn } from './client/lab-experiment.ts';
import { isLink } from './client/lab-link.ts';
import { LabRun } from './client/lab-run.ts';
import { Loading } from './client/loading.ts';
import type { PageOptions } from './client/page-options.ts';
import { openingIn } from './client/run-opening.ts';
import { NiLab } from './elements/lab/ni-lab.ts';
import { registerServiceWorker } from './register.ts';
import type { Start } from './start-client.ts';

/** Resolves when the first model or the recorded run is there, or is not coming. */
export async function showLab(
  { client, first, engineHears }: Start,
  options: PageOptions,
): Promise<void> {
  const run = new LabRun(client);
  run.sampling = { ...run.sampling, ...options.sampling };
  window.lab = run;

  // An experiment's link becomes the address of its view; the experiment waits for its model.
  if (isLink(location.hash)) {
    history.replaceState(null, '', await openedIn(run).openLink(location.hash));
  }
  addEventListener('hashchange', () => isLink(location.hash) && location.reload());

  const lab = new NiLab();
  lab.client = client;
  lab.run = run;
  lab.loading = new Loading(client, options.load);
  if (options.run !== null) {
    document.body.append(lab);
    // No engine, and no service worker, which would fetch one.
    await openingIn(run).openAddress(options.run, { view: !labViewOf(location.hash).panels });
  } else {
    const begun = first.then((model) => lab.desk.begin(model));
    await engineHears();
    document.body.append(lab);
    registerServiceWorker((update) => (lab.updateReady = update));
    await begun;
  }
}
