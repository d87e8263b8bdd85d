// Which model a page begins with.
import type { ModelSource } from '../protocol.ts';
import { catalogue, type Wanted, wantedFromCatalogue, wantedKept, wantedUrl } from './catalogue.ts';
import type { Client } from './client.ts';

/** `ask`: the model lies on another host, which is asked for nothing before the person has agreed. */
export type FirstModel = { load: Wanted } | { ask: { wanted: Wanted; host: string } };

/** Where the first model most likely lies, before anything has been asked. */
export function likelySource(model: string | null, last: string | null): ModelSource | null {
  if (model === null) return last === null ? null : { kind: 'kept', id: last };
  if (model === 'tiny' || model === 'default') return wantedFromCatalogue(catalogue[model]).source;
  return wantedUrl(model, location.href)?.source ?? null;
}

/**
 * `model` is the address's: 'tiny', 'default', a URL, or null: the kept one used last, whose id is
 * `last`, else the tiny.
 */
export async function firstModel(
  client: Client,
  model: string | null,
  last: string | null,
): Promise<FirstModel> {
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
  const kept = last && (await client.keptModels()).find(({ id }) => id === last);
  return { load: kept ? wantedKept(kept, false) : wantedFromCatalogue(catalogue.tiny) };
}
