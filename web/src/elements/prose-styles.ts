import { css } from 'lit';

/** How a model's Markdown looks. */
export const prose = css`
  article {
    overflow-wrap: anywhere;
    unicode-bidi: plaintext;
  }
  article > :first-child {
    margin-top: 0;
  }
  article > :last-child {
    margin-bottom: 0;
  }
  p.plain {
    white-space: pre-wrap;
  }
  p {
    margin: 0.5rem 0;
  }
  h3,
  h4,
  h5 {
    margin: 1rem 0 0.4rem;
    line-height: 1.3;
    font-size: 1.1rem;
  }
  h4,
  h5 {
    font-size: 1rem;
  }
  ul,
  ol {
    margin: 0.5rem 0;
    padding-left: 1.4rem;
  }
  blockquote {
    margin: 0.5rem 0;
    padding-left: 0.9rem;
    border-left: 2px solid var(--line);
    color: var(--ink-soft);
  }
  a {
    color: var(--accent);
  }
  code {
    font: 0.88em/1.5 var(--mono);
    background: var(--well);
    border-radius: 3px;
    padding: 0.1em 0.3em;
  }
  pre {
    margin: 0.6rem 0;
    padding: 0.75rem 0.9rem;
    background: var(--well);
    border-radius: var(--radius);
    overflow-x: auto;
  }
  pre code {
    background: none;
    padding: 0;
    overflow-wrap: normal;
  }
  .table {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    font-size: 0.95em;
  }
  th,
  td {
    border-bottom: 1px solid var(--line);
    padding: 0.3rem 0.8rem 0.3rem 0;
    text-align: left;
  }
  hr {
    border: 0;
    border-top: 1px solid var(--line);
    margin: 1rem 0;
  }
`;
