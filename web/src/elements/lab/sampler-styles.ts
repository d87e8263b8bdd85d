import { css } from 'lit';

export const samplerStyles = css`
  .scroll {
    overflow-x: auto;
    margin-bottom: 0.7rem;
  }
  table {
    border-collapse: collapse;
    width: 100%;
    font: 12px/1.2 var(--mono);
    font-variant-numeric: tabular-nums;
  }
  th,
  td {
    padding: 0.2rem;
    text-align: left;
    font-weight: 400;
    white-space: nowrap;
    vertical-align: top;
    border-top: 1px solid var(--line);
  }
  thead th,
  thead td {
    border-top: 0;
    color: var(--ink-soft);
  }
  td {
    min-width: 2.6rem;
  }
  th:first-child {
    position: sticky;
    left: 0;
    background: var(--panel);
  }
  th button {
    max-width: 7.5rem;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
    font: inherit;
    min-height: 1.5rem;
    padding: 0.2rem 0.4rem;
  }
  small {
    display: block;
    font-size: 10px;
    white-space: normal;
    color: var(--ink-soft);
  }
  td i {
    display: block;
    height: 5px;
    margin-top: 2px;
    min-width: 1px;
    background: var(--accent);
  }
  .out {
    color: var(--signal);
  }
  .drawn th,
  .drawn td {
    background: var(--accent-wash);
  }
  .drawn th {
    font-weight: 600;
  }
  .line {
    position: relative;
    display: flex;
    height: 2rem;
    margin-top: 0.9rem;
    border: 1px solid var(--line);
    font: 12px/2rem var(--mono);
  }
  .line span {
    flex: none;
    overflow: hidden;
    padding-left: 3px;
    white-space: nowrap;
    border-right: 1px solid var(--ink-soft);
    background: var(--well);
  }
  .line .hit {
    background: var(--accent);
    color: var(--accent-ink);
  }
  .line .rest {
    color: var(--ink-soft);
    background: repeating-linear-gradient(135deg, var(--well) 0 4px, var(--panel) 4px 8px);
  }
  .line i {
    position: absolute;
    top: -0.6rem;
    bottom: -0.25rem;
    width: 2px;
    margin-left: -1px;
    background: var(--signal);
  }
  .line i::before {
    content: '';
    position: absolute;
    top: -2px;
    left: -4px;
    border: 5px solid transparent;
    border-top-color: var(--signal);
  }
  .scale {
    display: flex;
    justify-content: space-between;
    margin: 0.25rem 0 0.7rem;
    font-size: 11px;
    color: var(--ink-soft);
  }
  dl {
    margin: 0 0 0.7rem;
    font-size: 12px;
  }
  dl div {
    display: flex;
    gap: 0.6rem;
    padding: 0.1rem 0;
  }
  dt {
    flex: 0 0 4.6rem;
    font-family: var(--mono);
    color: var(--ink-soft);
  }
  dd {
    margin: 0;
  }
  .sliders {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(8.5rem, 1fr));
    gap: 0.4rem 0.9rem;
    margin-bottom: 0.6rem;
    font-size: 12px;
  }
  .sliders span {
    display: flex;
    justify-content: space-between;
    color: var(--ink-soft);
  }
  output {
    font-family: var(--mono);
    color: var(--ink);
  }
  .sliders input[type='range'] {
    padding: 0;
  }
  .sliders input {
    width: 100%;
    margin: 0;
    accent-color: var(--accent);
  }
`;
