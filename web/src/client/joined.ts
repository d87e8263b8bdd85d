/** Arrays of one kind, one behind the other. */
export function joined<T extends Float32Array | Uint8Array>(
  parts: readonly T[],
  make: new (length: number) => T,
): T {
  const all = new make(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}
