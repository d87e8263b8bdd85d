import { get, set } from 'idb-keyval';
import { type Conversation, newConversation, parseConversation } from './conversation.ts';

const key = 'conversation';
const saveMs = 500;

export async function readConversation(): Promise<Conversation> {
  try {
    return parseConversation(await get(key));
  } catch {
    return newConversation(); // No storage: the conversation lasts as long as the page.
  }
}

/** Saves the latest conversation soon, at most twice a second while an answer streams. */
export class ConversationSaver {
  #latest: Conversation | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;

  save(conversation: Conversation): void {
    this.#latest = conversation;
    this.#timer ??= setTimeout(() => this.flush(), saveMs);
  }

  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#latest) set(key, this.#latest).catch(() => undefined);
    this.#latest = null;
  }
}
