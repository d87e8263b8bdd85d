// Edits in words.
import type { Edit } from '../protocol.ts';

/** 'scale L.2.z, head 3, by 0 at positions 3 to 8' */
export function editWords(edit: Edit): string {
  switch (edit.do) {
    case 'rope_theta':
      return `turn q and k with a RoPE base of ${written(edit.theta)}`;
    case 'logit_bias':
      return `add ${written(edit.by)} to the logit of token id ${edit.id}${positionWords(edit)}`;
    case 'mask': {
      const [first, end] = edit.keys;
      return `hide ${rangeWords('position', first, end)} from ${siteWords(edit)}${positionWords(edit)}`;
    }
    case 'patch': {
      const saved = Object.values(edit.recording)[0];
      const from = saved
        ? ` (saved ${rangeWords('position', saved.first, saved.first + saved.positions)})`
        : '';
      return `patch ${siteWords(edit)} from another run${from}${positionWords(edit)}`;
    }
    case 'zero':
      return `zero ${siteWords(edit)}${positionWords(edit)}`;
    case 'scale':
      return `scale ${siteWords(edit)} by ${written(edit.by)}${positionWords(edit)}`;
    case 'add':
      return `add ${byWords(edit.by)} to ${siteWords(edit)}${positionWords(edit)}`;
    case 'replace':
      return `replace ${siteWords(edit)} by ${byWords(edit.by)}${positionWords(edit)}`;
  }
}

function siteWords({ site, head, range }: Extract<Edit, { site: string }>): string {
  const parts = [site];
  if (head !== undefined) parts.push(`head ${head}`);
  if (range) parts.push(rangeWords('element', ...range));
  return parts.join(', ');
}

function byWords(by: number | number[]): string {
  if (!Array.isArray(by)) return written(by);
  return by.length > 4 ? `${by.length} values` : by.map(written).join(', ');
}

function positionWords({ from, to }: { from?: number; to?: number }): string {
  if (from === undefined && to === undefined) return '';
  if (to === undefined) return ` from position ${from!} on`;
  return ` at ${rangeWords('position', from ?? 0, to)}`;
}

/** 'position 3', 'positions 3 to 8': [first, end). */
function rangeWords(what: string, first: number, end: number): string {
  return end - first === 1 ? `${what} ${first}` : `${what}s ${first} to ${end - 1}`;
}

/** As a person wrote it: '0.3', and six digits of what is longer. */
function written(x: number): string {
  return String(Number(x.toPrecision(6)));
}
