/** A panel of the lab: an element, loaded when it is opened. A new one is one line here. */
export interface PanelEntry {
  /** In the address. */
  id: string;
  title: string;
  /** The element's name. */
  tag: `ni-lab-${string}`;
  load: () => Promise<unknown>;
}

export const panels: readonly PanelEntry[] = [
  { id: 'tokens', title: 'Tokens', tag: 'ni-lab-tokens', load: () => import('./ni-lab-tokens.ts') },
];
