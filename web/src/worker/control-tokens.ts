import type { ControlToken } from '../protocol.ts';

/** Matches every control token's text, the longest first where one begins another. */
export function controlPattern(controls: readonly ControlToken[]): RegExp | null {
  const texts = controls.map(({ text }) => text).filter((text) => text !== '');
  if (texts.length === 0) return null;
  texts.sort((a, b) => b.length - a.length);
  return new RegExp(
    texts.map((text) => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&')).join('|'),
    'gu',
  );
}

/** The text cut at its control tokens: strings are ordinary text. */
export function splitAtControlTokens(
  text: string,
  controls: readonly ControlToken[],
): (string | ControlToken)[] {
  const pattern = controlPattern(controls);
  if (!pattern) return text === '' ? [] : [text];
  const byText = new Map(controls.map((token) => [token.text, token]));
  const parts: (string | ControlToken)[] = [];
  let at = 0;
  for (const match of text.matchAll(pattern)) {
    if (match.index > at) parts.push(text.slice(at, match.index));
    parts.push(byText.get(match[0])!);
    at = match.index + match[0].length;
  }
  if (at < text.length) parts.push(text.slice(at));
  return parts;
}
