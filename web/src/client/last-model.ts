// Which kept model was in use, so that the next visit begins with it.
const lastKey = 'nanoinfer-last-model';
const loadingKey = 'nanoinfer-loading';

/** The id of the kept model that was used last; null when loading it has ended a visit before. */
export function lastModel(): string | null {
  try {
    const crashed = localStorage.getItem(loadingKey) !== null;
    localStorage.removeItem(loadingKey);
    return crashed ? null : localStorage.getItem(lastKey);
  } catch {
    return null; // No storage in this frame.
  }
}

export function rememberModel(keptId: string | null): void {
  try {
    if (keptId === null) localStorage.removeItem(lastKey);
    else localStorage.setItem(lastKey, keptId);
  } catch {
    // No storage: the next visit begins with the tiny model.
  }
}

/** Marks a load that is running: a tab that the system ends in it does not try again by itself. */
export function markLoading(running: boolean): void {
  try {
    if (running) localStorage.setItem(loadingKey, '1');
    else localStorage.removeItem(loadingKey);
  } catch {
    // No storage, nothing to guard.
  }
}
