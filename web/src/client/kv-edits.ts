// Changes of what the KV cache holds of one position, as edits of the taps that are written into it.
import type { Edit, ModelInfo } from '../protocol.ts';

/** A position's keys and values: of one KV head, of a layer, or of all layers. */
export interface CacheSlot {
  position: number;
  layer: number;
  kvHead: number;
  reach: 'head' | 'layer' | 'all';
}

/** 'k', 'v' or both. */
export type SlotPart = 'k' | 'v' | 'kv';

const prefix = ({ layer, reach }: CacheSlot) => (reach === 'all' ? 'L.*' : `L.${layer}`);

function places(slot: CacheSlot, part: SlotPart) {
  const { position, kvHead, reach } = slot;
  const head = reach === 'head' ? { head: kvHead } : {};
  const names = [...(part === 'v' ? [] : ['k_rot']), ...(part === 'k' ? [] : ['v'])];
  return names.map((name) => ({
    site: `${prefix(slot)}.${name}`,
    ...head,
    from: position,
    to: position + 1,
  }));
}

export function scaleSlot(slot: CacheSlot, part: SlotPart, by: number): Edit[] {
  return places(slot, part).map((place) =>
    by === 0 ? { do: 'zero', ...place } : { do: 'scale', by, ...place },
  );
}

export function setElement(slot: CacheSlot, part: 'k' | 'v', element: number, by: number): Edit[] {
  const range: [number, number] = [element, element + 1];
  return places({ ...slot, reach: 'head' }, part).map((place) => ({
    do: 'replace',
    by,
    ...place,
    range,
  }));
}

/** Attention of later positions does not see the slot; of a KV head: the query heads that share it. */
export function hideSlot(slot: CacheSlot, info: ModelInfo): Edit[] {
  return hideSlots(slot, info, slot.position);
}

/** The same of this slot and all before it, as if they were evicted from the cache. */
export function evictSlots(slot: CacheSlot, info: ModelInfo): Edit[] {
  return hideSlots(slot, info, 0);
}

function hideSlots(slot: CacheSlot, { n_heads, n_kv_heads }: ModelInfo, first: number): Edit[] {
  const { position, kvHead, reach } = slot;
  const mask = {
    do: 'mask' as const,
    site: `${prefix(slot)}.scores`,
    keys: [first, position + 1] as [number, number],
    from: position + 1,
  };
  if (reach !== 'head') return [mask];
  const group = n_heads / n_kv_heads;
  return Array.from({ length: group }, (_, i) => ({ ...mask, head: kvHead * group + i }));
}

/** Whether an edit changes what the cache holds, or who sees it. */
export function isOfCache(edit: Edit): boolean {
  return 'site' in edit && /\.(k_rot|v|scores)$/.test(edit.site);
}
