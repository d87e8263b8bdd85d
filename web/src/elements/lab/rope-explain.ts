// How RoPE turns one pair of a head, from what went in and what came out.
import type { LabRun } from '../../client/lab-run.ts';
import { value } from '../../draw/format.ts';
import type { Edit } from '../../protocol.ts';
import type { DataTable } from './ni-data-table.ts';
import type { Explanation, OpRows } from './op-explain.ts';

const six = (x: number) => value(x, 6);

export function explainRope(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { head_dim: headDim, rope_pairs: pairs, rope_theta: trained } = run.model!.info;
  const [x] = rows.inputs as [Float32Array];
  const y = rows.output!;
  const theta = run.edits.findLast(isTheta)?.theta ?? trained;
  const head = Math.floor(element / headDim);
  const turned = pairsTurned(x, y, headDim, pairs);
  const angleOf = (i: number) => rows.position * theta ** ((-2 * i) / (2 * turned.nPairs));
  const at = turned.of(head);
  const pair = at.findIndex(({ first, second }) => first === element || second === element);
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
    rows: at.map(({ a, b, c, d, angle }, i) => ({
      head: `${i}`,
      cells: [a, b, angleOf(i), angle, c, d],
    })),
  };
  const none = { found: null, cell: null, table };
  if (pair < 0) {
    const lines = [
      `element ${element % headDim} of head ${head} is not turned: ${six(y[element]!)}`,
    ];
    return Promise.resolve({ ...none, lines });
  }
  const { a, b, c, d, angle, first } = at[pair]!;
  const isFirst = first === element;
  const turn = (by: number) =>
    isFirst ? a * Math.cos(by) - b * Math.sin(by) : a * Math.sin(by) + b * Math.cos(by);
  const formula = angleOf(pair);
  // Files may scale frequencies, by how much the page is not told.
  const isScaled = Math.abs(turn(formula) - y[element]!) > 1e-4 * Math.hypot(a, b);
  const lines = [
    `head ${head}, pair ${pair}: (${six(a)}, ${six(b)}) becomes (${six(c)}, ${six(d)})`,
    `angle ${rows.position} · ${theta}^(−${2 * pair}/${2 * turned.nPairs}) = ${six(formula)} rad; the pair was turned by ${six(angle)}${isScaled ? ', since this file scales its frequencies' : ' (to whole turns)'}`,
    isFirst
      ? `${six(a)} · cos − ${six(b)} · sin = ${six(turn(isScaled ? angle : formula))}`
      : `${six(a)} · sin + ${six(b)} · cos = ${six(turn(isScaled ? angle : formula))}`,
  ];
  if (isScaled) return Promise.resolve({ ...none, lines });
  return Promise.resolve({
    ...none,
    lines,
    found: { result: turn(formula), engine: y[element]! },
  });
}

/** Which elements of a head turn as pairs, found from what they were and what they became. */
function pairsTurned(x: Float32Array, y: Float32Array, headDim: number, kind: string) {
  const pairAt = (offset: number, i: number, nPairs: number) => {
    const first = offset + (kind === 'adjacent' ? 2 * i : i);
    const second = first + (kind === 'adjacent' ? 1 : nPairs);
    const [a, b, c, d] = [x[first]!, x[second]!, y[first]!, y[second]!];
    return { first, second, a, b, c, d, angle: Math.atan2(a * d - b * c, a * c + b * d) };
  };
  const of = (head: number, nPairs: number) =>
    Array.from({ length: nPairs }, (_, i) => pairAt(head * headDim, i, nPairs));
  const heads = Array.from({ length: x.length / headDim }, (_, head) => head);
  // A turn keeps lengths; where not all of a head turns, pairs of all of it do not.
  const keepsLengths = (nPairs: number) =>
    heads.every((head) =>
      of(head, nPairs).every(({ a, b, c, d }) => {
        const length = Math.hypot(a, b);
        return Math.abs(Math.hypot(c, d) - length) <= 1e-4 * length;
      }),
    );
  let nPairs = Math.floor(headDim / 2);
  while (nPairs > 0 && !keepsLengths(nPairs)) nPairs -= 1;
  if (nPairs === 0) nPairs = Math.floor(headDim / 2); // An edit has changed what the turn left.
  return { nPairs, of: (head: number) => of(head, nPairs) };
}

function isTheta(edit: Edit): edit is Extract<Edit, { do: 'rope_theta' }> {
  return edit.do === 'rope_theta';
}
