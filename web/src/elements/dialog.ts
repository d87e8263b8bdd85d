import { css, html, type TemplateResult } from 'lit';
import { controls } from './shared-styles.ts';

/**
 * An element's modal dialog: Esc, its button and a click beside it close it. Its content lies in the
 * element's own shadow root, so it is found inside the dialog.
 */
export function dialog(heading: string, content: TemplateResult, closed?: () => void) {
  return html`<dialog aria-labelledby="title" @click=${clickOutside} @close=${closed}>
    <div class="content">
      <header>
        <h1 id="title">${heading}</h1>
        <button class="plain" aria-label="Close" @click=${close}>✕</button>
      </header>
      ${content}
    </div>
  </dialog>`;
}

export function showDialog(root: ParentNode): void {
  const found = root.querySelector('dialog')!;
  if (!found.open) found.showModal();
}

export function closeDialog(root: ParentNode): void {
  root.querySelector('dialog')!.close();
}

function close(event: Event): void {
  (event.currentTarget as HTMLElement).closest('dialog')!.close();
}

function clickOutside(event: Event): void {
  if (event.target === event.currentTarget) (event.target as HTMLDialogElement).close();
}

/** @cssprop --dialog-width */
export const dialogStyles = [
  controls,
  css`
    dialog {
      width: min(var(--dialog-width, 34rem), calc(100vw - 1.5rem));
      max-height: calc(100dvh - 2rem);
      padding: 0;
      border: 1px solid var(--line);
      border-radius: 10px;
      background: var(--panel);
      color: var(--ink);
    }
    dialog::backdrop {
      background: rgb(0 0 0 / 45%);
    }
    .content {
      padding: 1rem 1.25rem 1.25rem;
    }
    .content > header {
      display: flex;
      justify-content: space-between;
      align-items: center;
    }
    h1 {
      margin: 0;
      font: 600 1.05rem/1.3 var(--sans);
    }
    @media (max-width: 480px) {
      .content {
        padding: 0.8rem 0.8rem 1rem;
      }
    }
  `,
];
