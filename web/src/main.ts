// The chat page's first script, and a small one: the engine starts while the elements still come.
import { pageOptions } from './client/page-options.ts';
import { startClient } from './start-client.ts';

const options = { ...pageOptions(location.search), run: null };
const start = startClient(options);
const { showChat } = await import('./chat-page.ts');
await showChat(start, options);
