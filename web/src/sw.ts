// Keeps the pages for visits without a network, and gives them the isolation headers that threads need
// on hosts that cannot send them (from the second visit on). Models are never its concern.
import {
  addPlugins,
  cleanupOutdatedCaches,
  createHandlerBoundToURL,
  precacheAndRoute,
} from 'workbox-precaching';
import { NavigationRoute, registerRoute } from 'workbox-routing';
import { extrasCache } from './worker/extras.ts';

declare const self: ServiceWorkerGlobalScope & {
  __WB_MANIFEST: (string | { url: string; revision: string | null })[];
};

const manifest = self.__WB_MANIFEST;

// Kept as it will go out, for a browser keeps compiled code with a response that nobody has touched.
addPlugins([
  {
    cacheWillUpdate: ({ response }) =>
      Promise.resolve(response.ok ? withIsolation(response) : null),
    handlerWillRespond: ({ response }) => Promise.resolve(withIsolation(response)),
  },
]);
precacheAndRoute(manifest);
cleanupOutdatedCaches();
registerRoute(
  new NavigationRoute(createHandlerBoundToURL('lab.html'), { allowlist: [/\/lab(\.html)?(\?|$)/] }),
);
registerRoute(new NavigationRoute(createHandlerBoundToURL('index.html')));

// The sentencepiece module, kept with a model that needs it. Its address changes with its content.
registerRoute(
  ({ url, sameOrigin }) => sameOrigin && /\/sentencepiece\.(mjs|wasm)$/.test(url.pathname),
  async ({ request }) => {
    const cache = await caches.open(extrasCache);
    const response = (await cache.match(request.url)) ?? (await fetch(request));
    return withIsolation(response);
  },
);

// A new build brings its own module, or a kept model would need a network again.
self.addEventListener('install', (event) => event.waitUntil(renewExtras()));
self.addEventListener('activate', (event) => event.waitUntil(dropOldExtras()));

async function renewExtras(): Promise<void> {
  const cache = await caches.open(extrasCache);
  if ((await cache.keys()).length > 0) await cache.addAll(extras());
}

async function dropOldExtras(): Promise<void> {
  const cache = await caches.open(extrasCache);
  const current = new Set(extras());
  const old = (await cache.keys()).filter(({ url }) => !current.has(url));
  await Promise.all(old.map((request) => cache.delete(request)));
}

/** The module's files lie beside the engine's, in the folder that this build's manifest names. */
function extras(): string[] {
  const engine = manifest
    .map((entry) => (typeof entry === 'string' ? entry : entry.url))
    .find((url) => url.startsWith('engine-'));
  if (engine === undefined) return [];
  const folder = new URL(engine, self.registration.scope);
  return ['sentencepiece.mjs', 'sentencepiece.wasm'].map((file) => new URL(file, folder).href);
}

// A new page waits until the person changes over or all tabs are closed: no tab ever sees the
// scripts of one build and the wasm files of another.
self.addEventListener('message', ({ data }) => {
  if (data === 'change-over') void self.skipWaiting();
});

const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Cross-Origin-Resource-Policy': 'same-origin',
};

/** The response itself where it has the headers. */
function withIsolation(response: Response): Response {
  if (response.type !== 'basic' && response.type !== 'default') return response;
  const headers = new Headers(response.headers);
  const changes = Object.entries(isolation).filter(([name, value]) => headers.get(name) !== value);
  if (changes.length === 0) return response;
  for (const [name, value] of changes) headers.set(name, value);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}
