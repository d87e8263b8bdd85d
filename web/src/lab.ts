// The lab page's first script, and a small one: the engine starts while the panels still come.
import { pageOptions } from './client/page-options.ts';
import { startClient } from './start-client.ts';

const options = pageOptions(location.search);
const start = startClient(options);
const { showLab } = await import('./lab-page.ts');
await showLab(start, options);
