import { css } from 'lit';

/** Controls and small type as they look in every element. */
export const controls = css`
  * {
    box-sizing: border-box;
  }
  :host {
    display: block;
  }
  button {
    font: 500 13px/1 var(--sans);
    color: var(--ink);
    background: transparent;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: 0.5rem 0.75rem;
    min-height: 2rem;
    cursor: pointer;
  }
  button:hover:not(:disabled) {
    border-color: var(--accent);
    color: var(--accent);
  }
  button:disabled {
    opacity: 0.45;
    cursor: default;
  }
  button.primary {
    background: var(--accent);
    border-color: var(--accent);
    color: var(--accent-ink);
  }
  button.primary:hover:not(:disabled) {
    color: var(--accent-ink);
    filter: brightness(1.08);
  }
  button.plain {
    border-color: transparent;
    color: var(--ink-soft);
    padding: 0.35rem 0.5rem;
    min-height: 1.75rem;
  }
  a {
    color: var(--accent);
    text-underline-offset: 3px;
  }
  :focus-visible {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
  input,
  textarea,
  select {
    font: 14px/1.4 var(--sans);
    color: var(--ink);
    background: var(--panel);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    padding: 0.4rem 0.5rem;
    min-width: 0;
  }
  input[type='number'],
  select {
    font-family: var(--mono);
    font-size: 13px;
  }
  input[type='checkbox'] {
    accent-color: var(--accent);
  }
  .label {
    font: 500 11px/1.2 var(--mono);
    letter-spacing: 0.06em;
    text-transform: uppercase;
    color: var(--ink-soft);
  }
  /* A shadow at an edge behind which there is more: it stays, and what covers it scrolls along. */
  .scrolls {
    --cover: var(--behind, var(--panel));
    background:
      linear-gradient(var(--cover) 40%, transparent) top / 100% 2rem local,
      linear-gradient(0deg, var(--cover) 40%, transparent) bottom / 100% 2rem local,
      linear-gradient(90deg, var(--cover) 40%, transparent) left / 2rem 100% local,
      linear-gradient(-90deg, var(--cover) 40%, transparent) right / 2rem 100% local,
      linear-gradient(var(--line), transparent) top / 100% 0.8rem,
      linear-gradient(0deg, var(--line), transparent) bottom / 100% 0.8rem,
      linear-gradient(90deg, var(--line), transparent) left / 0.8rem 100%,
      linear-gradient(-90deg, var(--line), transparent) right / 0.8rem 100%;
    background-repeat: no-repeat;
  }
  .mono {
    font-family: var(--mono);
    font-variant-numeric: tabular-nums;
  }
  h2 {
    margin: 0;
    font: 500 11px/1.2 var(--mono);
    letter-spacing: 0.08em;
    text-transform: uppercase;
    color: var(--ink-soft);
  }
`;

/** Controls and words beside each other, in as many lines as they need. */
export const row = css`
  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4rem 0.8rem;
    margin-bottom: 0.5rem;
  }
`;

/** A file input as a button: a label of class "file" around the input, which lies over it unseen. */
export const fileButton = css`
  .file {
    display: inline-block;
    position: relative;
    padding: 0.5rem 0.75rem;
    font: 500 13px/1 var(--sans);
    border: 1px solid var(--line);
    border-radius: var(--radius);
    cursor: pointer;
  }
  .file input {
    position: absolute;
    inset: 0;
    width: 100%;
    opacity: 0;
    cursor: pointer;
  }
  .file:has(:disabled) {
    opacity: 0.5;
  }
  .file:focus-within {
    outline: 2px solid var(--accent);
    outline-offset: 2px;
  }
`;
