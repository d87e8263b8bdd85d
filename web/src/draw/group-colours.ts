// Colours of the groups of query heads that share a key/value head: told apart without full colour
// vision (after Okabe and Ito), on light and on dark. A ninth group begins again, so each use also
// names its group.

const light = [
  '#0072b2',
  '#d55e00',
  '#007a5a',
  '#b0578f',
  '#8a6d00',
  '#3d7f9f',
  '#6b3fa0',
  '#5c625e',
] as const;
const dark = [
  '#56b4e9',
  '#e69f00',
  '#33c79b',
  '#e49ac6',
  '#f0e442',
  '#9ad4ef',
  '#b79cf2',
  '#b9c0bb',
] as const;

/** A CSS colour. */
export function groupColour(group: number): string {
  const at = group % light.length;
  return `light-dark(${light[at]!}, ${dark[at]!})`;
}
