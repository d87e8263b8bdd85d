// The chat page: makes the client, the state and the elements, and decides what to load first.
import {
  catalogue,
  type Wanted,
  wantedFromCatalogue,
  wantedKept,
  wantedUrl,
} from './client/catalogue.ts';
import { Chat } from './client/chat.ts';
import { Client } from './client/client.ts';
import { lastModel } from './client/last-model.ts';
import { Loading } from './client/loading.ts';
import { pageOptions } from './client/page-options.ts';
import { NiApp } from './elements/ni-app.ts';
import { registerServiceWorker } from './register.ts';

declare global {
  /** The folder of the wasm files, named after their content. */
  const __ENGINE_FOLDER__: string;
}

const options = pageOptions(location.search);
const engineUrl = new URL(`${__ENGINE_FOLDER__}/`, document.baseURI).href;
const client = new Client({ engineUrl, load: options.load });
window.nanoinfer = client;

const chat = new Chat(client, options.sampling);
const loading = new Loading(client, options.load);
const app = new NiApp();
app.client = client;
app.chat = chat;
app.loading = loading;
document.body.append(app);
registerServiceWorker((update) => (app.updateReady = update));

await chat.reread();
await begin();

async function begin(): Promise<void> {
  const { model } = options;
  if (model === 'tiny' || model === 'default') {
    return app.load({ ...wantedFromCatalogue(catalogue[model]), ask: false });
  }
  const wanted = model === null ? null : wantedUrl(model, document.baseURI);
  if (wanted?.source.kind === 'url') return beginWithLink(wanted, new URL(wanted.source.url));
  return app.load((await keptBefore()) ?? wantedFromCatalogue(catalogue.tiny));
}

/** A link may be anybody's: another site is asked for nothing before the person has agreed. */
function beginWithLink(wanted: Wanted, { origin, host }: URL): Promise<void> {
  if (origin === location.origin) return app.load({ ...wanted, keep: false, ask: false });
  app.question = { wanted, host };
  return Promise.resolve();
}

async function keptBefore(): Promise<Wanted | null> {
  const id = lastModel();
  const kept = (await client.keptModels()).find((model) => model.id === id);
  return kept ? wantedKept(kept, false) : null;
}
