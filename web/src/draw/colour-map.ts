// Numbers to colours, for light and dark pages. Both maps differ in lightness all along, so they are
// read without colour vision too: the sequential one runs away from the page's ground, the diverging
// one is blue below zero, orange above, and the ground's own shade at zero.

export type Rgb = readonly [number, number, number];
export type MapKind = 'sequential' | 'diverging';

type Stops = readonly Rgb[];

const sequentialLight: Stops = [
  [243, 241, 234],
  [194, 219, 205],
  [122, 184, 170],
  [53, 138, 142],
  [22, 88, 110],
  [16, 38, 66],
];
const sequentialDark: Stops = [
  [29, 36, 33],
  [27, 66, 72],
  [34, 105, 106],
  [66, 148, 128],
  [133, 194, 139],
  [236, 239, 176],
];
const divergingLight: Stops = [
  [15, 60, 120],
  [80, 137, 196],
  [170, 203, 228],
  [243, 241, 234],
  [250, 194, 142],
  [222, 118, 42],
  [127, 52, 4],
];
const divergingDark: Stops = [
  [157, 209, 255],
  [84, 153, 219],
  [40, 83, 132],
  [29, 36, 33],
  [122, 66, 20],
  [214, 120, 45],
  [255, 206, 150],
];

/** The colour of `t` in [0, 1]; not a number: null. */
export function colourAt(t: number, kind: MapKind, dark: boolean): Rgb | null {
  if (Number.isNaN(t)) return null;
  const stops =
    kind === 'sequential'
      ? dark
        ? sequentialDark
        : sequentialLight
      : dark
        ? divergingDark
        : divergingLight;
  const at = Math.max(0, Math.min(1, t)) * (stops.length - 1);
  const below = Math.min(stops.length - 2, Math.floor(at));
  const part = at - below;
  const [a, b] = [stops[below]!, stops[below + 1]!];
  const mix = (i: 0 | 1 | 2) => Math.round(a[i] + (b[i] - a[i]) * part);
  return [mix(0), mix(1), mix(2)];
}

/** What the ends of a map stand for. */
export interface Scale {
  kind: MapKind;
  min: number;
  max: number;
}

/** From the data itself: a diverging scale is as wide below zero as above. Infinities do not count. */
export function scaleOf(values: ArrayLike<number>, kind: MapKind): Scale {
  let min = Infinity;
  let max = -Infinity;
  for (let i = 0; i < values.length; ++i) {
    const value = values[i]!;
    if (!Number.isFinite(value)) continue;
    min = Math.min(min, value);
    max = Math.max(max, value);
  }
  if (min > max) return { kind, min: 0, max: 0 };
  if (kind === 'sequential') return { kind, min, max };
  const end = Math.max(Math.abs(min), Math.abs(max));
  return { kind, min: -end, max: end };
}

/** Where a value lies on its scale, in [0, 1]; a scale without width has only its middle. */
export function onScale(value: number, { min, max }: Scale): number {
  if (max === min) return Number.isNaN(value) ? NaN : 0.5;
  return (value - min) / (max - min);
}

/** (rows, columns) values as pixels, four bytes each: red, green, blue, opacity (0 where there is no number). */
export function heatPixels(
  values: ArrayLike<number>,
  scale: Scale,
  dark: boolean,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(values.length * 4);
  for (let i = 0; i < values.length; ++i) {
    const colour = colourAt(onScale(values[i]!, scale), scale.kind, dark);
    if (colour) pixels.set([...colour, 255], i * 4);
  }
  return pixels;
}

/** The colour of `t` for a style; the browser takes the page's light or dark one. */
export function cssColour(t: number, kind: MapKind): string {
  const css = (dark: boolean) => `rgb(${(colourAt(t, kind, dark) ?? [128, 128, 128]).join(' ')})`;
  return `light-dark(${css(false)}, ${css(true)})`;
}
