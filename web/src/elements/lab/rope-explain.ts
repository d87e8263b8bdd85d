// How RoPE turns one pair of a head, from what went in and what came out.
import type { LabRun } from '../../client/lab-run.ts';
import type { OpRows } from '../../client/naive-op.ts';
import { value } from '../../draw/format.ts';
import { frequencies, pairOf, scalingWords, thetaOf } from '../../draw/rope.ts';
import type { DataTable } from './ni-data-table.ts';
import type { Explanation } from './op-explain.ts';

const six = (x: number) => value(x, 6);

export function explainRope(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { info } = run.model!;
  const { head_dim: headDim, n_rot: nRot, rope_pairs: kind } = info;
  const [x] = rows.inputs as [Float32Array];
  const y = rows.output!;
  const theta = thetaOf(run.edits, info);
  const frequency = frequencies(info, theta);
  const head = Math.floor(element / headDim);
  const pairs = Array.from({ length: nRot / 2 }, (_, j) => {
    const [first, second] = pairOf(j, nRot, kind).map((at) => head * headDim + at);
    const [a, b, c, d] = [x[first!]!, x[second!]!, y[first!]!, y[second!]!];
    const turned = Math.atan2(a * d - b * c, a * c + b * d);
    return { first, second, a, b, c, d, angle: rows.position * frequency(j), turned };
  });
  const table: DataTable = {
    caption: `Pairs of head ${head} before and after the turn`,
    corner: 'Pair',
    columns: [
      { label: 'a' },
      { label: 'b' },
      { label: 'Angle by the formula', unit: 'rad' },
      { label: 'Turned by', unit: 'rad' },
      { label: 'a after' },
      { label: 'b after' },
    ],
    rows: pairs.map(({ a, b, c, d, angle, turned }, j) => ({
      head: `${j}`,
      cells: [a, b, angle, turned, c, d],
    })),
  };
  const j = pairs.findIndex(({ first, second }) => first === element || second === element);
  if (j < 0) {
    const lines = [
      `element ${element % headDim} of head ${head} is not turned: ${six(y[element]!)}`,
    ];
    const found = { result: x[element]!, engine: y[element]! };
    return Promise.resolve({ lines, found, cell: null, table });
  }
  const { a, b, c, d, angle, turned, first } = pairs[j]!;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const isFirst = first === element;
  const result = isFirst ? a * cos - b * sin : a * sin + b * cos;
  const factor = info.rope_factors?.[j];
  const lines = [
    `head ${head}, pair ${j}: (${six(a)}, ${six(b)}) becomes (${six(c)}, ${six(d)})`,
    `angle ${rows.position}${scalingWords(info, j)} · ${theta}^(−${2 * j}/${nRot}) = ${six(angle)} rad${factor === undefined ? '' : `, f[${j}] = ${six(factor)}`}; the pair was turned by ${six(turned)} (to whole turns)`,
    isFirst
      ? `${six(a)} · cos − ${six(b)} · sin = ${six(result)}`
      : `${six(a)} · sin + ${six(b)} · cos = ${six(result)}`,
  ];
  return Promise.resolve({
    lines,
    found: { result, engine: y[element]! },
    cell: null,
    table,
  });
}
