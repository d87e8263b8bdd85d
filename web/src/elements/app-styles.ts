import { css } from 'lit';
import { controls } from './shared-styles.ts';

/** The page's layout: chat and instruments side by side, or one over the other where it is narrow. */
export const appStyles = [
  controls,
  css`
    :host {
      display: grid;
      grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr) 22rem;
      grid-template-areas: 'top top' 'main readings' 'main side';
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
    .brand {
      font: 600 0.95rem/1 var(--mono);
      letter-spacing: -0.02em;
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
    header a {
      font-size: 13px;
      white-space: nowrap;
    }
    .panel-button {
      display: none;
    }
    .instruments {
      grid-area: readings;
      display: grid;
      gap: 0.9rem;
      padding: 1rem 1rem 0.9rem;
    }
    ni-readings {
      container-type: inline-size;
    }
    main {
      grid-area: main;
      display: grid;
      grid-template-rows: minmax(0, 1fr) auto;
      min-width: 0;
    }
    .thread {
      overflow-y: auto;
      overscroll-behavior: contain;
      scrollbar-gutter: stable;
      padding: 0 1rem;
    }
    .column {
      width: 100%;
      max-width: 52rem;
      margin: 0 auto;
    }
    .below {
      padding: 0.5rem 1rem 1rem;
      scrollbar-gutter: stable;
      overflow-y: hidden;
    }
    .below .column {
      display: grid;
      gap: 0.6rem;
    }
    [role='log'] {
      padding-bottom: 1rem;
    }
    ni-turn:first-child {
      --line: transparent;
    }
    aside {
      grid-area: side;
      overflow-y: auto;
      display: grid;
      align-content: start;
      gap: 0.9rem;
      padding: 0.2rem 1rem 1.5rem;
    }
    aside details,
    aside ni-op-times,
    aside ni-engine-facts {
      border-top: 1px solid var(--line);
      padding-top: 0.7rem;
    }
    summary {
      cursor: pointer;
      padding: 0.2rem 0;
    }
    summary h2 {
      display: inline;
    }
    ni-settings {
      margin-top: 0.6rem;
    }
    .unseen {
      position: absolute;
      width: 1px;
      height: 1px;
      margin: 0;
      overflow: hidden;
      clip-path: inset(50%);
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
    @media (max-width: 960px) {
      :host {
        grid-template: auto auto minmax(0, 1fr) / minmax(0, 1fr);
        grid-template-areas: 'top' 'readings' 'main';
      }
      .instruments {
        gap: 0;
        padding: 0;
        --chart-height: 24px;
      }
      ni-readings {
        container-type: normal;
        --edge: 0;
        --rounded: 0;
      }
      .panel-button {
        display: block;
      }
      aside {
        display: none;
        grid-area: main;
        padding-top: 0.8rem;
        background: var(--ground);
        z-index: 1;
      }
      aside.open {
        display: grid;
      }
    }
    @media (max-width: 640px) {
      .thread,
      .below {
        scrollbar-gutter: auto;
      }
    }
    @media (max-width: 480px) {
      header {
        padding: 0.45rem 0.6rem;
        gap: 0.35rem;
      }
      .brand {
        font-size: 0;
      }
      .brand::before {
        font-size: 0.95rem;
        margin: 0;
      }
      .thread,
      .below {
        padding-inline: 0.75rem;
      }
    }
  `,
];
