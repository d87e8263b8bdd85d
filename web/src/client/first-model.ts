// Which model a page begins with.
import { catalogue, type Wanted, wantedFromCatalogue, wantedKept, wantedUrl } from './catalogue.ts';
import type { Client } from './client.ts';
import { lastModel } from './last-model.ts';

/** `ask`: the model lies on another host, which is asked for nothing before the person has agreed. */
export type FirstModel = { load: Wanted } | { ask: { wanted: Wanted; host: string } };

/** `model` is the address's: 'tiny', 'default', a URL, or null: the kept one used last, else the tiny. */
export async function firstModel(client: Client, model: string | null): Promise<FirstModel> {
  if (model === 'tiny' || model === 'default') {
    return { load: { ...wantedFromCatalogue(catalogue[model]), ask: false } };
  }
  const wanted = model === null ? null : wantedUrl(model, location.href);
  if (wanted?.source.kind === 'url') {
    const { origin, host } = new URL(wanted.source.url);
    // A link may be anybody's.
    if (origin !== location.origin) return { ask: { wanted, host } };
    return { load: { ...wanted, keep: false, ask: false } };
  }
  return { load: (await keptBefore(client)) ?? wantedFromCatalogue(catalogue.tiny) };
}

async function keptBefore(client: Client): Promise<Wanted | null> {
  const id = lastModel();
  const kept = (await client.keptModels()).find((model) => model.id === id);
  return kept ? wantedKept(kept, false) : null;
}
