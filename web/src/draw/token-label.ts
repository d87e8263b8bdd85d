// Tokens as they are read on axes: blanks and control characters made visible. Pure functions.

const named = new Map([
  [' ', '␣'],
  ['\n', '↵'],
  ['\t', '⇥'],
  ['\r', '␍'],
  ['\u00a0', '⍽'],
]);

/** A token's bytes as text; bytes that are no whole character as '\xE2'. */
export function visibleText(bytes: Uint8Array): string {
  if (bytes.length === 0) return '∅';
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return Array.from(bytes, escaped).join('');
  }
  return Array.from(text, visibleCharacter).join('');
}

function visibleCharacter(character: string): string {
  const code = character.codePointAt(0)!;
  const name = named.get(character);
  if (name !== undefined) return name;
  if (code < 0x20 || code === 0x7f) return escaped(code);
  // Marks that join, turn or hide text stand alone here.
  return /[\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cn}]/u.test(character)
    ? `U+${code.toString(16).toUpperCase().padStart(4, '0')}`
    : character;
}

function escaped(byte: number): string {
  return `\\x${byte.toString(16).toUpperCase().padStart(2, '0')}`;
}

/**
 * '7 “␣dog”': absolute position and text, cut in the middle where it is longer than `most`. The quotes tell
 * a token of digits from the position.
 */
export function tokenLabel(position: number, bytes: Uint8Array, most = 16): string {
  return `${position} “${cutMiddle(visibleText(bytes), most)}”`;
}

/** 'abcd…wxyz' */
export function cutMiddle(text: string, most: number): string {
  const characters = Array.from(text);
  if (characters.length <= most) return text;
  const head = Math.ceil((most - 1) / 2);
  const tail = most - 1 - head;
  return `${characters.slice(0, head).join('')}…${characters.slice(characters.length - tail).join('')}`;
}
