// Which kept model was in use, so that the next visit begins with it.
const lastKey = 'nanoinfer-last-model';
const loadingKey = 'nanoinfer-loading';

/** The id of the kept model that was used last; null when loading it has ended a visit before. */
export function lastModel(): string | null {
  try {
    const crashed = sessionStorage.getItem(loadingKey) !== null;
    sessionStorage.removeItem(loadingKey);
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

/**
 * Marks a load that is running: a tab that the system ends in it does not try again by itself. The mark is
 * the tab's own, which keeps it when it comes again: another one that is opened meanwhile is no crash.
 */
export function markLoading(running: boolean): void {
  try {
    if (running) sessionStorage.setItem(loadingKey, '1');
    else sessionStorage.removeItem(loadingKey);
  } catch {
    // No storage, nothing to guard.
  }
}
