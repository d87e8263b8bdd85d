import type { LabRun } from '../../client/lab-run.ts';

/** A panel of the lab: an element, loaded when it is opened. A new one is one line here. */
export interface PanelEntry {
  /** In the address. */
  id: string;
  title: string;
  /** What it shows, in a sentence. */
  about: string;
  /** The element's name; its class extends LabPanel. */
  tag: `ni-lab-${string}`;
  load: () => Promise<unknown>;
}

/** In the order in which a pass meets what they show. Those of `openAtFirst` greet the reader. */
export const panels: readonly PanelEntry[] = [
  {
    id: 'tokens',
    title: 'Tokens',
    about: 'The text as the model gets it: pieces, their numbers and their bytes.',
    tag: 'ni-lab-tokens',
    load: () => import('./ni-lab-tokens.ts'),
  },
  {
    id: 'edits',
    title: 'Interventions',
    about: 'Change what is computed: scale, zero, replace, patch or hide any part of any tap.',
    tag: 'ni-lab-interventions',
    load: () => import('./ni-lab-interventions.ts'),
  },
  {
    id: 'compare',
    title: 'Two runs',
    about:
      'Two runs from one checkpoint: the first op, layer and token to differ, and KL step by step.',
    tag: 'ni-lab-compare',
    load: () => import('./ni-lab-compare.ts'),
  },
  {
    id: 'code',
    title: 'Code',
    about: 'A sampler of your own, in JavaScript, that draws in place of the engine’s.',
    tag: 'ni-lab-code',
    load: () => import('./ni-lab-code.ts'),
  },
  {
    id: 'share',
    title: 'Share',
    about:
      'The whole experiment as a link: whoever opens it runs it again and is told what came out.',
    tag: 'ni-lab-share',
    load: () => import('./ni-lab-share.ts'),
  },
];

export const openAtFirst: readonly string[] = ['tokens', 'map', 'op', 'attention'];

/** Loads a panel's script and makes its element. */
export async function makePanel({ tag, load }: PanelEntry, run: LabRun): Promise<HTMLElement> {
  await load();
  return Object.assign(document.createElement(tag), { run });
}
