// The lab page: the same engine held still, and panels on what it computes.
import { Client } from './client/client.ts';
import { firstModel } from './client/first-model.ts';
import { labViewOf } from './client/lab-address.ts';
import { openedIn } from './client/lab-experiment.ts';
import { isLink } from './client/lab-link.ts';
import { LabRun } from './client/lab-run.ts';
import { Loading } from './client/loading.ts';
import { pageOptions } from './client/page-options.ts';
import { openingIn } from './client/run-opening.ts';
import { NiLab } from './elements/lab/ni-lab.ts';
import { registerServiceWorker } from './register.ts';

const options = pageOptions(location.search);
const engineUrl = new URL(`${__ENGINE_FOLDER__}/`, document.baseURI).href;
const client = new Client({ engineUrl, load: options.load });
if (options.run === null) client.prepare();
const run = new LabRun(client);
run.sampling = { ...run.sampling, ...options.sampling };
window.nanoinfer = client;
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
document.body.append(lab);

if (options.run !== null) {
  // No engine, and no service worker, which would fetch one.
  await openingIn(run).openAddress(options.run, { view: !labViewOf(location.hash).panels });
} else {
  registerServiceWorker((update) => (lab.updateReady = update));
  await lab.desk.begin(await firstModel(client, options.model));
}
