// Which taps a name means: '*' stands for any part between points. A pure function.

/** 'L.*.q_rot' is the q_rot of every layer, 'L.3.*' all of layer 3. */
export function isNamed(name: string, pattern: string): boolean {
  const parts = name.split('.');
  const wanted = pattern.split('.');
  return (
    parts.length === wanted.length &&
    parts.every((part, i) => wanted[i] === '*' || wanted[i] === part)
  );
}
