// The chat page: makes the state and the elements around the client.
import { Chat } from './client/chat.ts';
import { Loading } from './client/loading.ts';
import type { PageOptions } from './client/page-options.ts';
import { NiApp } from './elements/ni-app.ts';
import { registerServiceWorker } from './register.ts';
import type { Start } from './start-client.ts';

/** Resolves when the first model is there, or is not coming. */
export async function showChat(
  { client, first, engineHears }: Start,
  options: PageOptions,
): Promise<void> {
  const app = new NiApp();
  app.client = client;
  app.chat = new Chat(client, options.sampling);
  app.loading = new Loading(client, options.load);
  const begun = first.then((model) => app.desk.begin(model));
  const read = app.chat.reread();
  await engineHears();
  document.body.append(app);
  registerServiceWorker((update) => (app.updateReady = update));
  await Promise.all([read, begun]);
}
