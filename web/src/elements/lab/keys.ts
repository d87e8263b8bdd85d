// The lab's keys: one table, by which the page acts and which its help shows.
import type { Selection, StepUnit } from '../../client/lab-run.ts';
import { letterKeysAct } from '../../client/letter-keys.ts';

/** What keys can do. */
export interface LabActions {
  playOrPause(): void;
  step(unit: StepUnit): void;
  /** By what playing steps. */
  stepOn(): void;
  back(unit?: 'step' | 'token'): void;
  restart(): void;
  move(what: keyof Selection, by: 1 | -1): void;
  openDialog(name: 'breaks' | 'panels' | 'keys'): void;
  present(on: boolean): void;
  /** The panel before or after, where one stands alone. */
  turn(by: 1 | -1): void;
}

export interface LabKey {
  /** `KeyboardEvent.key`; letters in lower case, 'Shift+' before keys that have a name. */
  keys: readonly string[];
  /** As they are written on a keyboard. */
  shown: readonly string[];
  words: string;
  /** Only while presenting, or only while not; left out: always. */
  presenting?: boolean;
  act: (lab: LabActions, key: string) => void;
}

const backwards = /Left|Up|\[/;
const moves = (what: keyof Selection) => (lab: LabActions, key: string) =>
  lab.move(what, backwards.test(key) ? -1 : 1);

export const labKeys: readonly LabKey[] = [
  { keys: [' '], shown: ['Space'], words: 'Play or pause', act: (lab) => lab.playOrPause() },
  { keys: ['F10', 'o'], shown: ['F10', 'O'], words: 'One op on', act: (lab) => lab.step('op') },
  {
    keys: ['F11', 'l'],
    shown: ['F11', 'L'],
    words: 'One layer on',
    act: (lab) => lab.step('layer'),
  },
  { keys: ['k'], shown: ['K'], words: 'One token on', act: (lab) => lab.step('token') },
  { keys: ['j'], shown: ['J'], words: 'One token back', act: (lab) => lab.back('token') },
  {
    keys: ['Backspace'],
    shown: ['Backspace'],
    words: 'Back to before the last step',
    act: (lab) => lab.back(),
  },
  { keys: ['r'], shown: ['R'], words: 'Restart', act: (lab) => lab.restart() },
  {
    keys: ['ArrowLeft', 'ArrowRight'],
    shown: ['←', '→'],
    words: 'Look at the position before or after',
    act: moves('position'),
  },
  {
    keys: ['ArrowUp', 'ArrowDown'],
    shown: ['↑', '↓'],
    words: 'Look at the layer before or after',
    act: moves('layer'),
  },
  {
    keys: ['Shift+ArrowLeft', 'Shift+ArrowRight'],
    shown: ['Shift ←', 'Shift →'],
    words: 'Look at the head before or after',
    act: moves('head'),
  },
  {
    keys: ['Shift+ArrowUp', 'Shift+ArrowDown'],
    shown: ['Shift ↑', 'Shift ↓'],
    words: 'Look at the op before or after',
    act: moves('op'),
  },
  {
    keys: ['b'],
    shown: ['B'],
    words: 'Breaks: where the run stops by itself',
    presenting: false,
    act: (lab) => lab.openDialog('breaks'),
  },
  {
    keys: ['p'],
    shown: ['P'],
    words: 'Choose panels',
    presenting: false,
    act: (lab) => lab.openDialog('panels'),
  },
  {
    keys: ['t'],
    shown: ['T'],
    words: 'Present: big type, one panel at a time',
    presenting: false,
    act: (lab) => lab.present(true),
  },
  {
    keys: ['PageDown'],
    shown: ['Page down'],
    words: 'Presenting: one step on',
    presenting: true,
    act: (lab) => lab.stepOn(),
  },
  {
    keys: ['PageUp'],
    shown: ['Page up'],
    words: 'Presenting: one step back',
    presenting: true,
    act: (lab) => lab.back(),
  },
  {
    keys: ['[', ']'],
    shown: ['[', ']'],
    words: 'Presenting: the panel before or after',
    presenting: true,
    act: (lab, key) => lab.turn(backwards.test(key) ? -1 : 1),
  },
  {
    keys: ['Escape'],
    shown: ['Esc'],
    words: 'Presenting: leave',
    presenting: true,
    act: (lab) => lab.present(false),
  },
  { keys: ['?'], shown: ['?'], words: 'This list', act: (lab) => lab.openDialog('keys') },
];

/** A key that can be switched off: it has one character, and no name. */
export function isLetterKey(name: string): boolean {
  return name.length === 1;
}

/** Does what the key stands for, unless somebody is writing, or what has the focus uses it itself. */
export function actOnKey(event: KeyboardEvent, lab: LabActions, presenting: boolean): void {
  if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey) return;
  const name = nameOf(event);
  if (isLetterKey(name) && !letterKeysAct()) return;
  if (isTaken(event.composedPath(), name)) return;
  const found = labKeys.find(
    (one) => one.keys.includes(name) && (one.presenting ?? presenting) === presenting,
  );
  if (!found) return;
  event.preventDefault();
  found.act(lab, name);
}

function nameOf({ key, shiftKey }: KeyboardEvent): string {
  if (key.length === 1) return key.toLowerCase();
  return shiftKey ? `Shift+${key}` : key;
}

function isTaken(path: readonly EventTarget[], name: string): boolean {
  // Until the next frame, the focus can still be in a dialog that was just closed.
  if (path.some((node) => node instanceof HTMLDialogElement && node.open)) return true;
  const focused = path[0];
  if (!(focused instanceof HTMLElement)) return false;
  if (focused.matches('input:not([type=checkbox], [type=radio]), textarea, select')) {
    return !/^F\d/.test(name);
  }
  if (/^(Shift\+)?Arrow/.test(name)) return focused.matches('[tabindex="0"]:not(button), input');
  return name === ' ' && focused.matches('button, a, summary, input, [tabindex="0"]');
}
