// Arcs from one token to those that it looks at.

export interface ArcsLayout {
  /** Left edge of each token's box, and one edge more: the width of all. */
  edges: readonly number[];
  /** Highest arc. */
  height: number;
}

/** Boxes as wide as their texts, in characters of `charWidth`, and with room for '0.1%' below. */
export function layArcs(texts: readonly string[], charWidth: number, height: number): ArcsLayout {
  const edges = [0];
  for (const text of texts) {
    const characters = Math.max(4, Array.from(text).length + 1);
    edges.push(edges.at(-1)! + characters * charWidth);
  }
  return { edges, height };
}

/** The path of an arc between the middles of two boxes; a token that looks at itself has a loop. */
export function arcPath({ edges, height }: ArcsLayout, from: number, to: number): string {
  const middle = (at: number) => (edges[at]! + edges[at + 1]!) / 2;
  const [x, end] = [middle(from), middle(to)];
  if (from === to) return `M${x - 6} ${height}c-18 -44 30 -44 12 0`;
  const top = height - Math.min(height - 4, 14 + Math.abs(x - end) * 0.3) * 1.3;
  return `M${x.toFixed(1)} ${height}C${x.toFixed(1)} ${top.toFixed(1)} ${end.toFixed(1)} ${top.toFixed(1)} ${end.toFixed(1)} ${height}`;
}
