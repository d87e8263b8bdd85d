// A roofline: what a machine's memory and multipliers allow, and where ops lie below. Both axes are
// logarithmic. Pure functions. Williams, Waterman & Patterson 2009.
import { decades, logScale, onLogScale } from './log-scale.ts';

export interface Roofs {
  bytesPerSecond: number;
  macsPerSecond: number;
}

export interface RoofPoint {
  name: string;
  phase: 'prefill' | 'decode';
  bytes: number;
  macs: number;
  ms: number;
}

export interface PlacedPoint extends RoofPoint {
  /** Multiply-adds a byte, and a second. */
  intensity: number;
  rate: number;
  x: number;
  y: number;
  /** Where its name is written, so that none lies on another. */
  labelY: number;
}

export interface Roofline {
  points: PlacedPoint[];
  /** Along the memory's slope, then along the multipliers' roof. */
  roof: { x: number; y: number }[];
  xTicks: { value: number; at: number }[];
  yTicks: { value: number; at: number }[];
}

const labelHeight = 11;
const labelWidth = 80;

/** In a box of width × height pixels, y downwards. */
export function roofline(
  points: readonly RoofPoint[],
  { bytesPerSecond, macsPerSecond }: Roofs,
  width: number,
  height: number,
): Roofline {
  const measured = points
    .filter(({ bytes, macs, ms }) => bytes > 0 && macs > 0 && ms > 0)
    .map((point) => ({
      ...point,
      intensity: point.macs / point.bytes,
      rate: (point.macs / point.ms) * 1000,
    }));
  const ridge = macsPerSecond / bytesPerSecond;
  const xs = decades(logScale([ridge / 4, ridge * 4, ...measured.map((one) => one.intensity)]));
  const ys = decades(logScale([macsPerSecond, ...measured.map(({ rate }) => rate)]));
  const range = (ends: number[]) => ({ min: ends[0]!, max: ends.at(-1)! });
  const x = (value: number) => onLogScale(value, range(xs)) * width;
  const y = (value: number) => (1 - onLogScale(value, range(ys))) * height;
  // The slope enters at the left edge or at the bottom, whichever it meets first.
  const start = Math.max(xs[0]!, ys[0]! / bytesPerSecond);
  return {
    points: spreadLabels(
      measured.map((point) => ({ ...point, x: x(point.intensity), y: y(point.rate), labelY: 0 })),
    ),
    roof: [
      { x: x(start), y: y(start * bytesPerSecond) },
      { x: x(ridge), y: y(macsPerSecond) },
      { x: width, y: y(macsPerSecond) },
    ],
    xTicks: xs.map((value) => ({ value, at: x(value) })),
    yTicks: ys.map((value) => ({ value, at: y(value) })),
  };
}

/** Names that would lie on one another move down, in the order of their points. */
function spreadLabels(points: PlacedPoint[]): PlacedPoint[] {
  const placed: PlacedPoint[] = [];
  for (const point of points.sort((a, b) => a.y - b.y)) {
    const near = placed.filter(({ x }) => Math.abs(x - point.x) < labelWidth);
    point.labelY = near.reduce(
      (y, { labelY }) => (Math.abs(y - labelY) < labelHeight ? labelY + labelHeight : y),
      point.y,
    );
    placed.push(point);
    placed.sort((a, b) => a.labelY - b.labelY);
  }
  return points;
}
