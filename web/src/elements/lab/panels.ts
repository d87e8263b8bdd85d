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
    id: 'map',
    title: 'Map',
    about: 'The plan that runs: the residual stream, the branches off it, and what each op reads.',
    tag: 'ni-lab-map',
    load: () => import('./ni-lab-map.ts'),
  },
  {
    id: 'op',
    title: 'Op',
    about:
      'One op of the plan: its formula, what it reads and leaves, and how one element comes about.',
    tag: 'ni-lab-op',
    load: () => import('./ni-lab-op.ts'),
  },
  {
    id: 'attention',
    title: 'Attention',
    about:
      'Which positions a head looks at: arcs over the text, matrices, and the way to each number.',
    tag: 'ni-lab-attention',
    load: () => import('./ni-lab-attention.ts'),
  },
  {
    id: 'rope',
    title: 'RoPE',
    about: 'How a position turns the pairs of a query, and what that does to q·k over distance.',
    tag: 'ni-lab-rope',
    load: () => import('./ni-lab-rope.ts'),
  },
  {
    id: 'mlp',
    title: 'MLP',
    about: 'The neurons of a layer: gate, up, and what their product lets through.',
    tag: 'ni-lab-mlp',
    load: () => import('./ni-lab-mlp.ts'),
  },
  {
    id: 'residual',
    title: 'Residual stream',
    about:
      'What attention and the MLP add layer by layer, and what the model would say after each.',
    tag: 'ni-lab-residual',
    load: () => import('./ni-lab-residual.ts'),
  },
  {
    id: 'sampler',
    title: 'Sampler',
    about: 'From logits to one token: every stage, the random number, and other tokens to take.',
    tag: 'ni-lab-sampler',
    load: () => import('./ni-lab-sampler.ts'),
  },
  {
    id: 'kv',
    title: 'KV cache',
    about: 'Keys and values of past tokens: bytes, blocks, slots, and changing one.',
    tag: 'ni-lab-kv',
    load: () => import('./ni-lab-kv.ts'),
  },
  {
    id: 'quant',
    title: 'Quantisation',
    about: 'How numbers are stored: a block bit by bit, its formula, every matrix’s type.',
    tag: 'ni-lab-quant',
    load: () => import('./ni-lab-quant.ts'),
  },
  {
    id: 'perf',
    title: 'Performance',
    about:
      'Where a pass’s time goes, op by op, against what this machine’s memory and multipliers give.',
    tag: 'ni-lab-perf',
    load: () => import('./ni-lab-perf.ts'),
  },
  {
    id: 'memory',
    title: 'Memory',
    about: 'The engine’s linear memory to scale: weights, keys and values, scratch, and the rest.',
    tag: 'ni-lab-memory',
    load: () => import('./ni-lab-memory.ts'),
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
    about: 'JavaScript of your own in the run: a sampler, a logit processor, hooks, attention.',
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
