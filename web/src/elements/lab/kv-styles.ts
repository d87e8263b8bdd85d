import { css } from 'lit';

export const kvStyles = css`
  .formula {
    font-size: 12px;
  }
  dl {
    margin: 0 0 0.4rem;
    font-size: 12px;
  }
  dl div {
    display: flex;
    gap: 0.6rem;
  }
  dt {
    flex: 0 0 3rem;
    color: var(--ink-soft);
  }
  dd {
    margin: 0;
  }
  .meter {
    position: relative;
    height: 0.8rem;
    margin-bottom: 0.8rem;
    background: var(--well);
    border: 1px solid var(--line);
  }
  .meter i {
    position: absolute;
    inset: 0 auto 0 0;
    min-width: 1px;
  }
  .taken {
    background: repeating-linear-gradient(135deg, var(--accent) 0 2px, var(--panel) 2px 5px);
  }
  .used {
    background: var(--accent);
  }
  .pool {
    max-height: 6rem;
    margin-bottom: 0.6rem;
    overflow-y: auto;
  }
  .pool ol {
    display: flex;
    flex-wrap: wrap;
    gap: 3px;
    margin: 0;
    padding: 0;
    list-style: none;
    font: 11px/1.4 var(--mono);
  }
  .pool li {
    padding: 0 0.3rem;
    border: 1px solid var(--accent);
  }
  .pool .free {
    color: var(--ink-soft);
    border: 1px dashed var(--line);
  }
  .pool [aria-current='true'] {
    font-weight: 700;
    background: var(--accent-wash);
  }
  .vectors {
    display: grid;
    grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr));
    gap: 0.5rem 0.8rem;
    margin-bottom: 0.4rem;
  }
  summary {
    padding: 0.3rem 0;
    font-size: 12px;
    color: var(--ink-soft);
    cursor: pointer;
  }
  fieldset {
    margin: 0.4rem 0;
    padding: 0.5rem 0.6rem;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    min-width: 0;
  }
  form {
    display: flex;
    align-items: center;
    gap: 0.4rem;
    font-family: var(--mono);
    font-size: 12px;
  }
  form input {
    width: 7rem;
  }
  fieldset p,
  legend {
    font-size: 12px;
  }
  legend {
    padding: 0 0.3rem;
  }
`;
