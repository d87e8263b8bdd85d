// The charts of the performance panel: data in, SVG out.
import { html, nothing, svg } from 'lit';
import type { FlameBar } from '../../draw/flame.ts';
import { duration } from '../../draw/format.ts';
import type { Roofline } from '../../draw/roofline.ts';
import type { BenchmarkRun, OpInfo } from '../../protocol.ts';

const barHeight = 18;

/** Which of the few colours a kind of op has. */
export function family(kind: string): 'matmul' | 'attention' | 'quantise' | 'other' {
  if (kind === 'attention_merge') return 'attention';
  return kind === 'matmul' || kind === 'attention' || kind === 'quantise' ? kind : 'other';
}

export function flameChart(
  bars: readonly FlameBar[],
  ops: readonly OpInfo[],
  width: number,
  marked: { pointed: number | null; selected: number },
  act: { point: (op: number) => void; look: (op: number) => void },
) {
  const label = ({ depth, layer, op, ms }: FlameBar) => {
    if (depth === 0) return `${duration(ms)} a pass`;
    return depth === 1 ? (layer < 0 ? '' : `${layer}`) : ops[op]!.name.replace(/^(attn|ffn)_/, '');
  };
  return html`<svg class="flame" width=${width} height=${3 * (barHeight + 1)} aria-hidden="true">
    ${bars.map((bar) => {
      const { depth, x, width: own, op } = bar;
      const words = label(bar);
      const state = [
        depth === 2 ? family(ops[op]!.kind) : 'group',
        depth === 2 && op === marked.selected ? 'selected' : '',
        depth === 2 && op === marked.pointed ? 'pointed' : '',
      ].join(' ');
      const y = depth * (barHeight + 1);
      return svg`<g
        @click=${() => (depth === 2 ? act.look(op) : undefined)}
        @pointerenter=${() => (depth === 2 ? act.point(op) : undefined)}
      ><rect class=${state} x=${x} y=${y} width=${Math.max(0, own - (own > 3 ? 0.75 : 0))} height=${barHeight}></rect>
        ${own > words.length * 6.2 + 4 && words ? svg`<text x=${x + 3} y=${y + 12.5}>${words}</text>` : nothing}
      </g>`;
    })}
  </svg>`;
}

const margin = { left: 44, right: 92, top: 8, bottom: 30 };

/** Room that the roofline's axes leave of a chart. */
export function roofBox(width: number, height: number) {
  return {
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
  };
}

export function roofChart(roof: Roofline, width: number, height: number) {
  const box = roofBox(width, height);
  const power = (value: number) =>
    value >= 0.01 && value < 1e4 ? `${value}` : value.toExponential(0);
  const line = roof.roof.map(({ x, y }) => `${x},${y}`).join(' ');
  return html`<svg
    class="roof"
    width=${width}
    height=${height}
    viewBox="${-margin.left} ${-margin.top} ${width} ${height}"
    aria-hidden="true"
  >
    ${roof.xTicks.map(
      ({ value, at }) =>
        svg`<line x1=${at} x2=${at} y1="0" y2=${box.height}></line>
          <text class="middle" x=${at} y=${box.height + 12}>${power(value)}</text>`,
    )}
    ${roof.yTicks.map(
      ({ value, at }) =>
        svg`<line x1="0" x2=${box.width} y1=${at} y2=${at}></line>
          <text class="end" x="-4" y=${at + 3}>${power(value / 1e9)}</text>`,
    )}
    <text class="middle" x=${box.width / 2} y=${box.height + 25}>multiply-adds a byte</text>
    <polyline points=${line}></polyline>
    ${roof.points.map(
      ({ x, y, labelY, phase }) =>
        svg`<path class="leader" d="M ${x} ${y} L ${x + 7} ${labelY} h 3"></path>
          <circle class=${phase} cx=${x} cy=${y} r="3.5"></circle>`,
    )}
    ${roof.points.map(
      ({ x, labelY, name }) => svg`<text class="name" x=${x + 12} y=${labelY + 3}>${name}</text>`,
    )}
  </svg>`;
}

/** Tokens a second by number of threads, beside what as many times one thread would be. */
export function threadChart(runs: readonly BenchmarkRun[], width: number) {
  const height = 150;
  const left = 34;
  const bottom = 18;
  const most = Math.max(...runs.map(({ nThreads }) => nThreads));
  const speedUp = (figure: (run: BenchmarkRun) => number) =>
    runs.map((run) => ({ n: run.nThreads, times: figure(run) / figure(runs[0]!) }));
  const lines = {
    prefill: speedUp(({ prefillPerSecond }) => prefillPerSecond.median),
    decode: speedUp(({ decodePerSecond }) => decodePerSecond.median),
  };
  const top = Math.max(most, ...lines.prefill.map(({ times }) => times));
  const x = (n: number) => (most === 1 ? 0.5 : (n - 1) / (most - 1)) * (width - left - 60);
  const y = (times: number) => (1 - times / top) * (height - bottom - 8);
  const path = (all: { n: number; times: number }[]) =>
    all.map(({ n, times }) => `${x(n)},${y(times)}`).join(' ');
  // The names at the lines' ends, apart.
  const ends = (['prefill', 'decode'] as const)
    .map((phase) => ({ phase, at: y(lines[phase].at(-1)!.times) }))
    .sort((a, b) => a.at - b.at);
  ends[1]!.at = Math.max(ends[1]!.at, ends[0]!.at + 11);
  const ticks = Array.from({ length: Math.floor(top) + 1 }, (_, i) => i).filter(
    (i) => i % Math.ceil(top / 6) === 0,
  );
  return html`<svg
    class="threads"
    width=${width}
    height=${height}
    viewBox="${-left} -8 ${width} ${height}"
    aria-hidden="true"
  >
    ${ticks.map(
      (i) =>
        svg`<line x1="0" x2=${x(most)} y1=${y(i)} y2=${y(i)}></line>
          <text class="end" x="-4" y=${y(i) + 3}>${i} ×</text>`,
    )}
    ${runs.map(({ nThreads: n }) => svg`<text class="middle" x=${x(n)} y=${y(0) + 14}>${n}</text>`)}
    <path class="ideal" d="M ${x(1)} ${y(1)} L ${x(most)} ${y(most)}"></path>
    ${(['prefill', 'decode'] as const).map(
      (phase) =>
        svg`<polyline class=${phase} points=${path(lines[phase])}></polyline>
          ${lines[phase].map(
            ({ n, times }) =>
              svg`<circle class=${phase} cx=${x(n)} cy=${y(times)} r="3.5"></circle>`,
          )}
`,
    )}
    ${ends.map(({ phase, at }) => svg`<text x=${x(most) + 8} y=${at + 3}>${phase}</text>`)}
  </svg>`;
}
