// How one element of an op's output comes about, step by step, from what the engine kept.
import { attentionRow, kvSlot, matrixBlock, matrixRow } from '../../client/cached-reads.ts';
import type { LabRun } from '../../client/lab-run.ts';
import { type OpRows, vectorOf } from '../../client/naive-op.ts';
import { value } from '../../draw/format.ts';
import { tokenLabel, visibleText } from '../../draw/token-label.ts';
import type { Cell } from '../../protocol.ts';
import type { DataTable } from './ni-data-table.ts';
import { nextProduct, productTap, tapsOf } from './op-taps.ts';
import { explainRope } from './rope-explain.ts';

export interface Explanation {
  /** The formula with this element's numbers, a step a line. */
  lines: string[];
  /** What they come to, and what the engine has; null: there is nothing to compare. */
  found: { result: number; engine: number } | null;
  table: DataTable;
  /** Of a product. */
  cell: Cell | null;
}

type Explain = (run: LabRun, rows: OpRows, element: number) => Promise<Explanation>;

const six = (x: number) => value(x, 6);

const explainers: Record<string, Explain> = {
  embed: explainEmbed,
  rms_norm: explainNorm,
  quantise: explainQuantise,
  matmul: explainProduct,
  bias: explainBias,
  rope: explainRope,
  kv_append: explainAppend,
  attention: explainAttention,
  attention_merge: explainAttention,
  add: explainAdd,
  swiglu: explainSwiglu,
};

export function explain(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  return explainers[run.ops[rows.op]!.kind]!(run, rows, element);
}

/** How many elements there are to choose from. */
export function elementsOf({ n_out, n_in }: { n_out: number; n_in: number }): number {
  return n_out || n_in;
}

function cellOf(run: LabRun, name: string, position: number, element: number): Promise<Cell> {
  return run.once(`cell ${name} ${position} ${element}`, () =>
    run.trace.cell(name, position, element),
  );
}

async function explainProduct(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { op, position, output } = rows;
  const name = productTap(run.ops[op]!);
  const cell = await cellOf(run, name, position, element);
  const { d, a, dot, m, s, running } = cell;
  const result = running.at(-1)!;
  const hasMinimum = m.some((x) => x !== 0);
  // Where a bias follows, the tap holds what that leaves.
  const [token] = run.ops[op]!.logit_rows ? await run.client.pieces([element]) : [];
  const biased = run.ops.some(({ name: one }) => one === `${run.ops[op]!.name}.bias`);
  return {
    lines: [
      ...(token ? [`element ${element} is the token ${visibleText(token.bytes)}`] : []),
      `row ${element} of W times the input: ${running.length} blocks of ${cell.block}, in the kernel’s order`,
      `the last running sum is ${six(result)}${biased ? '; the bias comes next' : ''}`,
    ],
    found: output && !biased ? { result, engine: output[element]! } : null,
    cell,
    table: {
      caption: `${name}[${element}]: each block of ${cell.block} inputs, sum += (d · a) · dot${hasMinimum ? ' + m · s' : ''}`,
      corner: 'Block',
      columns: [
        { label: 'd, weight scale' },
        { label: 'a, input scale' },
        { label: 'dot of codes' },
        ...(hasMinimum ? [{ label: 'm, minimum' }, { label: 's, a · sum of codes' }] : []),
        { label: 'Running sum' },
      ],
      rows: Array.from(running, (sum, b) => ({
        head: `${b}`,
        cells: [d[b]!, a[b]!, dot[b]!, ...(hasMinimum ? [m[b]!, s[b]!] : []), sum],
      })),
    },
  };
}

async function explainBias(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { op, position, output } = rows;
  const cell = await cellOf(run, productTap(run.ops[op]!), position, element);
  const product = cell.running.at(-1)!;
  const bias = (await vectorOf(run, op, ''))[element]!;
  const after = output![element]!;
  return {
    lines: [`product ${six(product)} + bias[${element}] ${six(bias)} = ${six(product + bias)}`],
    found: { result: Math.fround(product + bias), engine: after },
    cell: null,
    table: elementTable('Before and after the bias', ['Product', 'With bias'], [[product, after]]),
  };
}

async function explainNorm(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const [x] = rows.inputs as [Float32Array];
  const y = rows.output!;
  const weight = await vectorOf(run, rows.op, '.weight');
  const { rms_eps: eps } = run.model!.info;
  const mean = x.reduce((sum, each) => sum + each * each, 0) / x.length;
  const root = Math.sqrt(mean + eps);
  const result = (x[element]! / root) * weight[element]!;
  return {
    lines: [
      `mean(x²) = ${six(mean)}, √(mean + ε) = √(${six(mean)} + ${value(eps)}) = ${six(root)}`,
      `x[${element}] / √ = ${six(x[element]!)} / ${six(root)} = ${six(x[element]! / root)}`,
      `· weight[${element}] = ${six(x[element]! / root)} · ${six(weight[element]!)} = ${six(result)}`,
    ],
    found: { result, engine: y[element]! },
    cell: null,
    table: elementTable(
      'RMSNorm: input, scaled to a root mean square of 1, weight, and what the op left',
      ['x', 'x / √(mean(x²) + ε)', 'weight', 'y'],
      Array.from(x, (each, i) => [each, each / root, weight[i]!, y[i]!]),
    ),
  };
}

async function explainQuantise(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const next = nextProduct(run.ops, rows.op);
  const cell = await cellOf(run, productTap(next), rows.position, 0);
  const [x] = rows.inputs as [Float32Array];
  const block = Math.floor(element / cell.block);
  const first = block * cell.block;
  const most = x
    .subarray(first, first + cell.block)
    .reduce((max, each) => Math.max(max, Math.abs(each)), 0);
  const a = cell.a[block]!;
  const code = cell.inputs[element]!;
  return {
    lines: [
      `block ${block}: the largest |x| is ${six(most)}, a = ${six(most)} / 4095 = ${six(a)}`,
      `code[${element}] = round(${six(x[element]!)} / ${six(a)}) = ${code}`,
      `it stands for ${six(code * a)}: off by ${six(code * a - x[element]!)}`,
    ],
    found: { result: Math.round(x[element]! / a), engine: code },
    cell: null,
    table: elementTable(
      `Input of ${next.name} in 13 bits`,
      ['x', 'a', 'Code', 'a · code'],
      Array.from(x, (each, i) => {
        const scale = cell.a[Math.floor(i / cell.block)]!;
        return [each, scale, cell.inputs[i]!, scale * cell.inputs[i]!];
      }),
    ),
  };
}

async function explainEmbed(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { op, position, output } = rows;
  const { id } = run.tokens[position]!;
  const row = await matrixRow(run, op, id);
  const { values } = await matrixBlock(run, op, id, 0);
  const size = values.length;
  const b = Math.floor(element / size);
  const block = await matrixBlock(run, op, id, b);
  const at = element % size;
  const scale = Math.floor(at / (size / block.d.length));
  return {
    lines: [
      `token ${position} has id ${id}: row ${id} of the table, block ${b} of ${block.blocks}`,
      `${six(block.d[scale]!)} · ${block.codes[at]!} + ${six(block.m[scale]!)} = ${six(row[element]!)}`,
    ],
    found: { result: row[element]!, engine: output![element]! },
    cell: null,
    table: elementTable(
      `Row ${id} of the embedding, and what the op left`,
      ['Row', 'embd'],
      Array.from(row, (each, i) => [each, output![i]!]),
    ),
  };
}

async function explainAppend(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { head_dim: headDim } = run.model!.info;
  const { layer } = run.ops[rows.op]!;
  const head = Math.floor(element / headDim);
  const at = element % headDim;
  const [k, v] = rows.inputs as [Float32Array, Float32Array];
  const slot = await kvSlot(run, layer, head, rows.position);
  const first = head * headDim;
  return {
    lines: [
      `head ${head}, element ${at}: the cache holds k = ${six(slot.k[at]!)}, v = ${six(slot.v[at]!)}`,
      `k_rot there is ${six(k[element]!)}, v is ${six(v[element]!)}`,
    ],
    found: { result: k[element]!, engine: slot.k[at]! },
    cell: null,
    table: elementTable(
      `Head ${head} of keys and values, and what the cache holds`,
      ['k_rot', 'Cached key', 'v', 'Cached value'],
      Array.from(slot.k, (key, d) => [k[first + d]!, key, v[first + d]!, slot.v[d]!]),
    ),
  };
}

async function explainAttention(run: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const { head_dim: headDim, n_heads: nHeads, n_kv_heads: nKvHeads } = run.model!.info;
  const { layer } = run.ops[rows.op]!;
  const { position, output } = rows;
  const head = Math.floor(element / headDim);
  const d = element % headDim;
  const kvHead = Math.floor(head / (nHeads / nKvHeads));
  const seen = Array.from({ length: position + 1 }, (_, p) => p);
  const label = (p: number) => tokenLabel(p, run.tokens[p]!.bytes);
  const [row, values] = await Promise.all([
    attentionRow(run, layer, head, position),
    Promise.all(seen.map((p) => kvSlot(run, layer, kvHead, p))),
  ]);
  const most = seen.reduce((best, p) => (row.probs[p]! > row.probs[best]! ? p : best), 0);
  const running: number[] = [];
  seen.reduce((sum, p) => (running[p] = sum + row.probs[p]! * values[p]!.v[d]!), 0);
  return {
    lines: [
      `head ${head} on keys and values of head ${kvHead}: ${seen.length} positions`,
      `token ${label(most)} has the most: q · k = ${six(row.raw[most]!)}, / √${headDim} = ${six(row.scaled[most]!)}`,
      `exp(${six(row.masked[most]!)} − ${six(row.m)}) / ${six(row.l)} = ${six(row.probs[most]!)}`,
      `z[head ${head}, ${d}] = Σ prob · v[${d}] = ${six(running.at(-1)!)}`,
    ],
    found: output ? { result: running.at(-1)!, engine: output[element]! } : null,
    cell: null,
    table: {
      caption: `L.${layer}, head ${head}, element ${d}: scores, softmax and the sum`,
      corner: 'Position',
      columns: [
        { label: 'q · k' },
        { label: '/ √head_dim' },
        { label: 'Masked' },
        { label: 'Probability' },
        { label: `v[${d}]` },
        { label: 'Running sum' },
      ],
      rows: seen.map((p) => ({
        head: label(p),
        cells: [
          ...[row.raw[p]!, row.scaled[p]!, row.masked[p]!, row.probs[p]!],
          ...[values[p]!.v[d]!, running[p]!],
        ],
      })),
    },
  };
}

function explainAdd(_: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const [x, branch] = rows.inputs as [Float32Array, Float32Array];
  const y = rows.output!;
  const result = Math.fround(x[element]! + branch[element]!);
  return Promise.resolve({
    lines: [`${six(x[element]!)} + ${six(branch[element]!)} = ${six(result)}`],
    found: { result, engine: y[element]! },
    cell: null,
    table: elementTable(
      'Residual stream, what the branch adds, and their sum',
      ['x', 'Branch', 'Sum'],
      Array.from(x, (each, i) => [each, branch[i]!, y[i]!]),
    ),
  });
}

function explainSwiglu(_: LabRun, rows: OpRows, element: number): Promise<Explanation> {
  const [gate, up] = rows.inputs as [Float32Array, Float32Array];
  const y = rows.output!;
  const silu = (g: number) => g / (1 + Math.exp(-g));
  const [g, u] = [gate[element]!, up[element]!];
  return Promise.resolve({
    lines: [
      `silu(${six(g)}) = ${six(g)} / (1 + exp(${six(-g)})) = ${six(silu(g))}`,
      `· up[${element}] = ${six(silu(g))} · ${six(u)} = ${six(silu(g) * u)}`,
    ],
    found: { result: silu(g) * u, engine: y[element]! },
    cell: null,
    table: elementTable(
      'SwiGLU: gate, up, silu(gate), and what the op left',
      ['gate', 'up', 'silu(gate)', 'act'],
      Array.from(gate, (each, i) => [each, up[i]!, silu(each), y[i]!]),
    ),
  });
}

function elementTable(caption: string, labels: string[], rows: number[][]): DataTable {
  return {
    caption,
    corner: 'Element',
    columns: labels.map((label) => ({ label })),
    rows: rows.map((cells, i) => ({ head: `${i}`, cells })),
  };
}

/** Of a recorded run that does not say how: what the op left, and why there is no more. */
export function unexplained({ output }: OpRows, why: string): Explanation {
  const left = Array.from(output ?? [], (each) => [each]);
  return { lines: [why], found: null, cell: null, table: elementTable(why, ['Output'], left) };
}

/** `taps` of an op as rows at a position. */
export async function rowsOfOp(run: LabRun, op: number, position: number): Promise<OpRows> {
  const { inputs, output } = tapsOf(run, op);
  const row = async (name: string) => (await run.read(name, position)).data;
  const [read, left] = await Promise.all([
    Promise.all(inputs.map(row)),
    output === '' ? null : row(output),
  ]);
  return { op, position, inputs: read, output: left };
}
