// What the lab shows, as the part of the page's address behind '#'. A new field is a line in each
// function; what is not usable is left out, and unknown names are somebody else's.
import type { Prompt, Selection } from './lab-run.ts';

export interface LabView {
  /** Ids of the opened panels, in order. */
  panels: readonly string[];
  prompt: Prompt;
  selection: Selection;
}

export interface WantedView {
  panels?: readonly string[];
  prompt?: Prompt;
  selection: Partial<Selection>;
}

const selected = ['position', 'layer', 'head', 'op'] as const;

/** '#panels=tokens,map&text=Once+upon&position=3&layer=0&head=0&op=14' */
export function labAddress({ panels, prompt, selection }: LabView): string {
  const fields = new URLSearchParams({ panels: panels.join(','), text: prompt.text });
  if (prompt.asChat) fields.set('chat', '1');
  for (const name of selected) fields.set(name, `${selection[name]}`);
  return `#${fields.toString().replaceAll('%2C', ',')}`;
}

export function labViewOf(hash: string): WantedView {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const panels = fields.get('panels');
  const text = fields.get('text');
  const view: WantedView = { selection: {} };
  if (panels !== null) view.panels = [...new Set(panels.split(',').filter(Boolean))];
  if (text) view.prompt = { text, asChat: fields.get('chat') === '1' };
  for (const name of selected) {
    const value = fields.get(name);
    if (value !== null && /^\d{1,9}$/.test(value)) view.selection[name] = Number(value);
  }
  return view;
}
