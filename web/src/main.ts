// The chat page: makes the client, the state and the elements, and decides what to load first.
import { Chat } from './client/chat.ts';
import { Client } from './client/client.ts';
import { firstModel } from './client/first-model.ts';
import { Loading } from './client/loading.ts';
import { pageOptions } from './client/page-options.ts';
import { NiApp } from './elements/ni-app.ts';
import { registerServiceWorker } from './register.ts';

const options = pageOptions(location.search);
const engineUrl = new URL(`${__ENGINE_FOLDER__}/`, document.baseURI).href;
const client = new Client({ engineUrl, load: options.load });
client.prepare();
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
await app.desk.begin(await firstModel(client, options.model));
