import { get, set } from 'idb-keyval';
import { type Conversation, parseConversation } from './conversation.ts';

const key = 'conversation';
const saveMs = 500;

/** The one conversation of all tabs: the tab that changed it last has written it. */
export class ConversationStore {
  #latest: Conversation | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  readonly #tabs = new BroadcastChannel(key);
  /** When what this tab shows was written. */
  #savedAt = 0;

  /** What was written since this tab last read or wrote; null: nothing was. */
  async read(): Promise<Conversation | null> {
    try {
      const stored = await get<{ savedAt?: number }>(key);
      const savedAt = stored?.savedAt ?? 0;
      // Only what is newer: a write of ours may have failed, or not be there yet.
      if (!stored || this.#latest || savedAt <= this.#savedAt) return null;
      this.#savedAt = savedAt;
      return parseConversation(stored);
    } catch {
      return null; // No storage: the conversation lasts as long as the page.
    }
  }

  /** Saves the latest conversation soon, at most twice a second while an answer streams. */
  save(conversation: Conversation): void {
    this.#latest = conversation;
    this.#timer ??= setTimeout(() => this.flush(), saveMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (!this.#latest) return;
    this.#savedAt = Date.now();
    set(key, { ...this.#latest, savedAt: this.#savedAt })
      .then(() => this.#tabs.postMessage(null))
      .catch(() => undefined);
    this.#latest = null;
  }

  /** Another tab has written. */
  onWritten(heard: () => void): void {
    this.#tabs.onmessage = heard;
  }
}
