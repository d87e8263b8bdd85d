// Edits as a reader keeps them: each can be switched off and on again, and stays in the list.
import type { Edit, Recording } from '../protocol.ts';

export interface Intervention {
  edit: Edit;
  on: boolean;
}

/** What a run held of some taps, to be put into another one. */
export interface SavedRecording {
  /** Where it comes from, for a person. */
  label: string;
  recording: Recording;
}

export function editsOf(interventions: readonly Intervention[]): Edit[] {
  return interventions.filter(({ on }) => on).map(({ edit }) => edit);
}

/** These edits on; those that are off stay where they stand in the list. */
export function withEdits(
  interventions: readonly Intervention[],
  edits: readonly Edit[],
): Intervention[] {
  const list: Intervention[] = edits.map((edit) => ({ edit, on: true }));
  interventions.forEach((one, at) => {
    if (!one.on) list.splice(Math.min(at, list.length), 0, one);
  });
  return list;
}
