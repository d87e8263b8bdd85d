// Whether keys of one character (letters, signs, Space) act in the lab: speech input, or a slip of the
// hand, would press them unmeant (WCAG 2.1.4). Remembered on this device.
const storageKey = 'nanoinfer-letter-keys-off';
let on = stored();

export function letterKeysAct(): boolean {
  return on;
}

export function setLetterKeysAct(act: boolean): void {
  on = act;
  try {
    if (act) localStorage.removeItem(storageKey);
    else localStorage.setItem(storageKey, '1');
  } catch {
    // No storage: it holds until the page is left.
  }
}

function stored(): boolean {
  try {
    return localStorage.getItem(storageKey) === null;
  } catch {
    return true;
  }
}
