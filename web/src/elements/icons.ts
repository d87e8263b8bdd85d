// Icons of 16 by 16, in the colour of the text around them. They say nothing: the button's name does.
import { svg } from 'lit';

const icon = (path: string) =>
  svg`<svg width="16" height="16" viewBox="0 0 16 16" fill="currentColor" aria-hidden="true"><path d=${path} /></svg>`;

export const icons = {
  play: icon('M4 2.5v11l9.5-5.5z'),
  pause: icon('M3.5 2.5h3v11h-3zM9.5 2.5h3v11h-3z'),
  back: icon('M12 2.5v11L2.5 8z'),
  restart: icon('M2.5 2.5h2v11h-2zM13.5 2.5v11L5 8z'),
  more: icon('M2 6.5h3v3H2zM6.5 6.5h3v3h-3zM11 6.5h3v3h-3z'),
  before: icon('M10.5 2.5 5 8l5.5 5.5 1.1-1.1L7.2 8l4.4-4.4z'),
  after: icon('m5.5 2.5 5.5 5.5-5.5 5.5-1.1-1.1L8.8 8 4.4 3.6z'),
  close: icon(
    'm3.6 2.5 4.4 4.4 4.4-4.4 1.1 1.1L9.1 8l4.4 4.4-1.1 1.1L8 9.1l-4.4 4.4-1.1-1.1L6.9 8 2.5 3.6z',
  ),
  whole: icon(
    'M1.5 8 5 4.5l1 1L4.3 7.2h7.4L10 5.5l1-1L14.5 8 11 11.5l-1-1 1.7-1.7H4.3L6 10.5l-1 1z',
  ),
};
