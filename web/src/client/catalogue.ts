import type { KeptModel, LoadedModel, LoadOptions, ModelSource } from '../protocol.ts';

/** A model that comes with the page, at an address relative to it. */
export interface CatalogueModel {
  id: 'tiny' | 'default';
  name: string;
  note: string;
  url: string;
}

export const catalogue: Record<CatalogueModel['id'], CatalogueModel> = {
  tiny: {
    id: 'tiny',
    name: 'Glass',
    note: 'Under 1 MB, comes with the page and loads at once. It can tell little stories and is not clever.',
    url: 'models/glass-qwen2.gguf',
  },
  default: {
    id: 'default',
    name: 'SmolLM2-135M-Instruct, Q4_1',
    note: '98 MB, a real chat model. It is kept on this device, so it is fetched only once.',
    url: 'models/SmolLM2-135M-Instruct-Q4_1.gguf',
  },
};

/** How the page calls a model that came from a URL or a file of this name. */
export function modelName(origin: string): string {
  const known = Object.values(catalogue).find(({ url }) => origin.endsWith(`/${url}`));
  if (known) return known.name;
  const file = origin.split(/[?#]/)[0]!.split('/').at(-1)!;
  return (file.replace(/\.gguf$/, '') || origin).slice(0, 200);
}

/** A model as the page speaks of it before its file has told its name. */
export interface Wanted {
  source: ModelSource;
  label: string;
  /** Whether the answer to "keep it on this device?" begins as yes. */
  keep: boolean;
  /** Shown with the memory it needs, and loaded when the person agrees. */
  ask: boolean;
  /** What was chosen when it was loaded before. */
  options?: LoadOptions;
}

/** null for what is no web address. */
export function wantedUrl(text: string, base: string): Wanted | null {
  let url: URL;
  try {
    url = new URL(text.trim(), base);
  } catch {
    return null;
  }
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return null;
  const label = modelName(url.href);
  return { source: { kind: 'url', url: url.href }, label, keep: true, ask: true };
}

export function wantedFromCatalogue({ id, name, url }: CatalogueModel): Wanted {
  const real = id === 'default';
  return { source: { kind: 'url', url }, label: name, keep: real, ask: real };
}

/** The model of this origin, as another page named it; null: no address leads to it. */
export function wantedAt(origin: string, base: string): Wanted | null {
  const known = Object.values(catalogue).find(({ url }) => origin.endsWith(`/${url}`));
  if (known) return { ...wantedFromCatalogue(known), ask: false };
  return /^https?:/.test(origin) ? wantedUrl(origin, base) : null;
}

/** The same model with the same choices, for a fresh engine. */
export function wantedAgain({ source, kept, origin, options }: LoadedModel): Wanted {
  const again: ModelSource = kept ? { kind: 'kept', id: kept.id } : source;
  return { source: again, label: modelName(origin), keep: false, ask: false, options };
}

export function wantedKept({ id, origin }: KeptModel, ask: boolean): Wanted {
  return { source: { kind: 'kept', id }, label: modelName(origin), keep: true, ask };
}

export function wantedFile(file: File): Wanted {
  return { source: { kind: 'file', file }, label: file.name, keep: false, ask: true };
}
