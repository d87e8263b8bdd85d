import { css } from 'lit';

/** Of the performance panel. The families' colours differ in lightness as well. */
export const perfStyles = css`
  :host {
    --matmul: light-dark(#7ab8aa, #22696a);
    --attention: light-dark(#f0b177, #a4591f);
    --quantise: light-dark(#aacbe4, #243f74);
    --other: light-dark(#d8d3c5, #3a4540);
  }
  h3 {
    margin: 0.9rem 0 0.4rem;
    font: 600 13px/1.3 var(--sans);
  }
  svg {
    display: block;
    max-width: 100%;
  }
  text {
    font: 10px/1 var(--mono);
    fill: var(--ink);
  }
  .name {
    paint-order: stroke;
    stroke: var(--panel);
    stroke-width: 3px;
  }
  .middle {
    text-anchor: middle;
    fill: var(--ink-soft);
  }
  .end {
    text-anchor: end;
    fill: var(--ink-soft);
  }
  .group {
    fill: var(--well);
  }
  .flame rect {
    cursor: pointer;
  }
  .flame text {
    pointer-events: none;
  }
  rect.matmul {
    fill: var(--matmul);
  }
  rect.attention {
    fill: var(--attention);
  }
  rect.quantise {
    fill: var(--quantise);
  }
  rect.other {
    fill: var(--other);
  }
  i.matmul,
  span.matmul {
    background: var(--matmul);
  }
  i.attention,
  span.attention {
    background: var(--attention);
  }
  i.quantise,
  span.quantise {
    background: var(--quantise);
  }
  i.other,
  span:is(.embed, .other) {
    background: var(--other);
  }
  .pointed {
    stroke: var(--ink);
    stroke-width: 1.5;
  }
  .selected {
    stroke: var(--signal);
    stroke-width: 2;
  }
  .facts {
    min-height: 2.6em;
    margin-top: 0.4rem;
  }
  .key {
    display: flex;
    flex-wrap: wrap;
    gap: 0.2rem 0.9rem;
    font-size: 12px;
  }
  .key i {
    display: inline-block;
    width: 10px;
    height: 10px;
    margin-right: 0.3rem;
  }
  .key i.dot {
    border: 2px solid var(--accent);
    border-radius: 50%;
  }
  .key i.decode {
    background: var(--accent);
  }
  .key i.prefill {
    border-color: var(--signal);
  }
  .scroll {
    overflow-x: auto;
  }
  table {
    border-collapse: collapse;
    font: 12px/1.4 var(--mono);
    font-variant-numeric: tabular-nums;
  }
  th {
    font-weight: 400;
    text-align: right;
    color: var(--ink-soft);
  }
  th:first-child {
    text-align: left;
    color: var(--ink);
  }
  th,
  td {
    padding: 0.15rem 0.5rem 0.15rem 0;
    text-align: right;
    white-space: nowrap;
    border-top: 1px solid var(--line);
  }
  td.share {
    position: relative;
    min-width: 6.5rem;
    padding-right: 3.6rem;
    text-align: right;
  }
  td.share span {
    position: absolute;
    left: 0;
    top: 4px;
    bottom: 4px;
  }
  @container (min-width: 30rem) {
    td.share {
      min-width: 11rem;
    }
  }
  @container (max-width: 24rem) {
    table {
      font-size: 11px;
    }
    th,
    td,
    td.share {
      min-width: 0;
      padding-right: 0.35rem;
    }
    td.share span {
      display: none;
    }
  }
  line {
    stroke: var(--line);
  }
  polyline,
  .ideal,
  .leader {
    fill: none;
    stroke: var(--ink);
    stroke-width: 1.5;
  }
  .leader {
    stroke: var(--ink-soft);
    stroke-width: 0.75;
  }
  .ideal {
    stroke: var(--ink-soft);
    stroke-dasharray: 4 3;
  }
  polyline.decode {
    stroke: var(--accent);
  }
  polyline.prefill {
    stroke: var(--signal);
  }
  circle {
    stroke-width: 1.5;
  }
  circle.decode {
    fill: var(--accent);
    stroke: var(--accent);
  }
  circle.prefill {
    fill: var(--panel);
    stroke: var(--signal);
  }
`;
