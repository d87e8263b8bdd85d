/**
 * The key belongs to an input method, with which somebody writes Chinese or Japanese, say. Safari ends a
 * composition before the key that ends it is heard: such a key has no code of its own.
 */
export function isComposing(event: KeyboardEvent): boolean {
  // eslint-disable-next-line @typescript-eslint/no-deprecated -- nothing else tells of it
  return event.isComposing || event.keyCode === 229;
}
