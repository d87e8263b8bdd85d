import { html, type TemplateResult } from 'lit';
import type { LabRun } from '../../client/lab-run.ts';

/** What only an engine can do: where a recorded run plays, it is switched off and says why. */
export function engineActs({ recorded }: LabRun, acts: TemplateResult): TemplateResult {
  if (!recorded) return acts;
  return html`<fieldset disabled style="display: contents">${acts}</fieldset>
    <p class="soft" style="margin: 0.4rem 0; font-size: 13px; color: var(--ink-soft)">
      A recorded run cannot be changed: this needs its model.
    </p>`;
}
