// The chart: how our engine in Chromium compares with native llama.cpp, a bar for every file and
// phase. It follows the reader's light or dark.
import { cellsOf, ratioOf } from './ratios.mjs';

const barHeight = 14;
const gap = 4;
const labelWidth = 270;
const plotWidth = 440;
const top = 84;

const phases = [
  { key: 'prefillMs', name: 'prefill', atLeast: 0.7 },
  { key: 'decodeMs', name: 'decode', atLeast: 1 },
];

const style = `
  text { font: 12px system-ui, sans-serif; fill: #24292f }
  .title { font-size: 15px; font-weight: 600 }
  .quiet { fill: #656d76 }
  .prefill { fill: #1f6feb } .decode { fill: #1a7f37 }
  .whisker { stroke: #24292f; stroke-width: 1.5; fill: none }
  .line { stroke: #afb8c1 } .one { stroke: #656d76; stroke-width: 1.5 }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3 }
    .quiet { fill: #9198a1 }
    .prefill { fill: #58a6ff } .decode { fill: #3fb950 }
    .whisker { stroke: #e6edf3 }
    .line { stroke: #3d444d } .one { stroke: #9198a1 }
  }`;

const escape = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');

/** Against the build that keeps to what a browser can reach, where there is one. */
function peerOf(cells) {
  const has = (name) => cells.some((cell) => ratioOf(cell, name, 'decodeMs'));
  return has('llama.cpp-avx2') ? 'llama.cpp-avx2' : 'llama.cpp';
}

export function chart(report) {
  const cells = cellsOf(report, 'native');
  const peer = peerOf(cells);
  const bars = cells.flatMap((cell) =>
    phases.flatMap(({ key, name }) => {
      const ratio = ratioOf(cell, peer, key);
      const native = peer === 'llama.cpp' ? null : ratioOf(cell, 'llama.cpp', key);
      return ratio ? [{ id: cell.id, name, ratio, native }] : [];
    }),
  );
  const most = Math.max(1.5, ...bars.map(({ ratio }) => ratio.most));
  const x = (ratio) => labelWidth + (ratio / most) * plotWidth;
  let y = top;
  const rows = bars.map(({ id, ...bar }, i) => {
    const isFirst = i === 0 || bars[i - 1].id !== id;
    if (i > 0) y += isFirst ? barHeight + 3 * gap : barHeight + 1;
    return row({ id: isFirst ? id : '', ...bar, y, x });
  });
  const bottom = y + barHeight + gap;
  const height = bottom + 44;
  const { machine, browser, commit, date } = report;
  const build = peer === 'llama.cpp' ? 'native llama.cpp' : 'native llama.cpp, AVX2 build';
  const facts = `${machine.cpu}, Chromium ${browser}, commit ${commit}, ${date.slice(0, 10)}`;
  const width = labelWidth + plotWidth + 60;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>nanoinfer in Chromium against ${build}</title>
<style>${style}
</style>
<text class="title" x="8" y="22">nanoinfer in Chromium, times as fast as ${build}</text>
<text class="quiet" x="8" y="42">512 tokens of prompt, then 128 generated; median, line: least and most of the rounds</text>
<rect class="prefill" x="8" y="54" width="12" height="12"/><text x="26" y="64">prefill</text>
<rect class="decode" x="80" y="54" width="12" height="12"/><text x="98" y="64">decode</text>
${peer === 'llama.cpp' ? '' : circleLegend}
${ticks(most)
  .map((ratio) => tick(ratio, x(ratio), bottom))
  .join('\n')}
${rows.join('\n')}
<text class="quiet" x="8" y="${height - 8}">${escape(facts)}</text>
</svg>
`;
}

const circleLegend =
  '<circle class="whisker" cx="166" cy="60" r="4"/>' +
  '<text x="178" y="64">against its build for this processor, with units no browser reaches</text>';

const ticks = (most) => Array.from({ length: Math.floor(most / 0.5) + 1 }, (_, i) => i / 2);

const tick = (ratio, x, bottom) =>
  `<line class="${ratio === 1 ? 'one' : 'line'}" x1="${x.toFixed(1)}" x2="${x.toFixed(1)}" ` +
  `y1="${top - 6}" y2="${bottom}"/>` +
  `<text class="quiet" x="${x.toFixed(1)}" y="${bottom + 14}" text-anchor="middle">${ratio}x</text>`;

function row({ id, name, ratio, native, y, x }) {
  const at = (value) => x(value).toFixed(1);
  const middle = y + barHeight / 2;
  return [
    id && `<text x="${labelWidth - 8}" y="${y + barHeight}" text-anchor="end">${escape(id)}</text>`,
    `<rect class="${name}" x="${labelWidth}" y="${y}" width="${(x(ratio.median) - labelWidth).toFixed(1)}" height="${barHeight}"/>`,
    `<line class="whisker" x1="${at(ratio.least)}" x2="${at(ratio.most)}" y1="${middle}" y2="${middle}"/>`,
    native && `<circle class="whisker" cx="${at(native.median)}" cy="${middle}" r="4"/>`,
    `<text x="${(x(ratio.most) + 6).toFixed(1)}" y="${y + 11}">${ratio.median.toFixed(2)}</text>`,
  ]
    .filter(Boolean)
    .join('');
}
