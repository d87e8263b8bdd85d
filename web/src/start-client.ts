// What a page begins with, before its elements have come: its client, whose engine starts at once.
import { Client } from './client/client.ts';
import { type FirstModel, firstModel, likelySource } from './client/first-model.ts';
import { lastModel } from './client/last-model.ts';
import type { PageOptions } from './client/page-options.ts';

export interface Start {
  /** The page's own; also window.nanoinfer. */
  client: Client;
  /** What it is to load. */
  first: Promise<FirstModel>;
  /** To be awaited before the page is drawn: what it asked for first is done meanwhile. */
  engineHears: () => Promise<unknown>;
}

/** Hardly seen as a delay; a worker that takes longer has still to be fetched. */
const latestDrawingMs = 50;

/** A page that plays a recorded run needs no engine. */
export function startClient({ load, model, run }: PageOptions): Start {
  const engineUrl = new URL(`${__ENGINE_FOLDER__}/`, document.baseURI).href;
  const client = new Client({ engineUrl, load });
  const last = run === null && model === null ? lastModel() : null;
  if (run === null) client.prepare(likelySource(model, last));
  window.nanoinfer = client;
  const awake = client.awake;
  return {
    client,
    first: firstModel(client, model, last),
    engineHears: () =>
      Promise.race([awake, new Promise((resolve) => setTimeout(resolve, latestDrawingMs))]),
  };
}
