import { css } from 'lit';
import { controls } from '../shared-styles.ts';

/** The lab's layout: bar over panels; where it is narrow, the bar lies at the thumb. */
export const labStyles = [
  controls,
  css`
    :host {
      display: grid;
      grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr);
      grid-template-areas: 'top' 'bar' 'main';
      height: 100dvh;
    }
    header {
      grid-area: top;
      display: flex;
      align-items: center;
      gap: 0.6rem;
      padding: 0.55rem 1rem;
      border-bottom: 1px solid var(--line);
    }
    h1 {
      margin: 0;
      font: 600 1.05rem/1.2 var(--sans);
    }
    /* Their right edges are the panels'. */
    header,
    .bar {
      scrollbar-gutter: stable;
      overflow-y: hidden;
    }
    .brand {
      font: 600 0.95rem/1 var(--mono);
      letter-spacing: -0.02em;
    }
    .brand span {
      color: var(--accent);
    }
    .brand::before {
      content: '';
      display: inline-block;
      width: 0.6em;
      height: 0.6em;
      margin-right: 0.5em;
      background: var(--accent);
      border-radius: 2px;
    }
    .model {
      display: flex;
      align-items: center;
      gap: 0.5rem;
      min-width: 0;
      background: var(--panel);
    }
    .model .name {
      overflow: hidden;
      text-overflow: ellipsis;
      white-space: nowrap;
      line-height: 1.3;
    }
    .gap {
      flex: 1;
    }
    header a,
    .soft,
    .empty {
      font-size: 13px;
    }
    .soft,
    .empty {
      color: var(--ink-soft);
    }
    .empty button {
      margin-left: 0.5rem;
    }
    .bar {
      grid-area: bar;
      display: grid;
      gap: 0.6rem;
      padding: 0.7rem 1rem;
      border-bottom: 1px solid var(--line);
    }
    main {
      grid-area: main;
      overflow-y: auto;
      overscroll-behavior: contain;
      scrollbar-gutter: stable;
      padding: 0.9rem 1rem 2rem;
    }
    ni-notices {
      --notice-space: 0.9rem;
    }
    ni-prompt {
      margin-bottom: 0.9rem;
    }
    .greeting {
      margin: 0 0 0.9rem;
      max-width: 110ch;
      font-size: 14px;
      line-height: 1.5;
    }
    .panels {
      display: grid;
      gap: 0.9rem;
      grid-template-columns: minmax(0, 1fr);
      align-items: start;
    }
    .drop {
      position: fixed;
      inset: 0.75rem;
      display: grid;
      place-content: center;
      font: 500 1.1rem var(--mono);
      color: var(--accent);
      background: color-mix(in srgb, var(--ground) 88%, transparent);
      border: 2px dashed var(--accent);
      border-radius: 12px;
      pointer-events: none;
      z-index: 2;
    }
    :host([presenting]) .bar {
      zoom: 1.25;
    }
    :host([presenting]) main {
      --behind: var(--ground);
      zoom: 1.6;
    }
    @media (min-width: 1100px) {
      :host(:not([presenting])) .panels {
        grid-template-columns: repeat(2, minmax(0, 1fr));
      }
      ni-panel[expanded] {
        grid-column: 1 / -1;
      }
    }
    @media (max-width: 640px) {
      :host {
        grid-template: auto minmax(0, 1fr) auto / minmax(0, 1fr);
        grid-template-areas: 'top' 'main' 'bar';
      }
      .bar {
        border-top: 1px solid var(--line);
        border-bottom: 0;
        padding: 0.55rem 0.6rem;
      }
      main {
        padding-inline: 0.6rem;
      }
      main,
      header,
      .bar {
        scrollbar-gutter: auto;
      }
      header {
        padding: 0.45rem 0.6rem;
        gap: 0.35rem;
      }
      header button {
        padding-inline: 0.45rem;
      }
      .present {
        display: none; /* There is one column already, and no projector. */
      }
      .brand {
        font-size: 0;
      }
      .brand::before {
        font-size: 0.95rem;
        margin: 0;
      }
      :host([presenting]) .bar {
        zoom: 1;
      }
      :host([presenting]) main {
        zoom: 1.25;
      }
    }
  `,
];
