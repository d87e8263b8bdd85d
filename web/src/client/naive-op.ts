// Ops by their plain definition, in double precision and with nothing in mind but the formula, on the
// inputs that the pass had: to hold the kernels against.
import { frequencies, pairOf, thetaOf } from '../draw/rope.ts';
import { kvSlot, matrixRow } from './cached-reads.ts';
import { tensorName } from '../tensor-name.ts';
import { EngineError } from './errors.ts';
import type { LabRun } from './lab-run.ts';
import { spreadRows } from './matrices.ts';

/** What an op is about at one position: the rows it reads and the one it leaves. */
export interface OpRows {
  op: number;
  position: number;
  inputs: readonly Float32Array[];
  /** null: it leaves no tap. */
  output: Float32Array | null;
}

export interface NaiveResult {
  /** Which elements of the output were computed, and how they came about. */
  words: string;
  elements: number[];
  naive: Float32Array;
  /** What the pass left there. */
  engine: Float32Array;
}

type Computed = Omit<NaiveResult, 'engine'>;
type Naive = (run: LabRun, rows: OpRows, head: number) => Promise<Computed>;

const definitions: Record<string, Naive> = {
  embed,
  rms_norm: norm,
  matmul: product,
  bias: product,
  rope,
  attention,
  attention_merge: attention,
  add: (_, { inputs: [x, branch] }) =>
    Promise.resolve(
      whole(
        x!.map((each, i) => each + branch![i]!),
        'x + branch',
      ),
    ),
  swiglu: (_, { inputs: [gate, up] }) =>
    Promise.resolve(
      whole(
        gate!.map((g, i) => (g / (1 + Math.exp(-g))) * up![i]!),
        'gate / (1 + exp(−gate)) · up',
      ),
    ),
};

/** Whether there is something to compute: ops that leave no tap have no output to compare. */
export function hasNaive(kind: string): boolean {
  return kind in definitions;
}

/** `head`: of attention, the one that is computed. */
export async function naiveVersion(run: LabRun, rows: OpRows, head: number): Promise<NaiveResult> {
  const { kind } = run.ops[rows.op]!;
  const define = definitions[kind];
  if (!define || !rows.output) {
    throw EngineError.of('bad_argument', 'This op leaves nothing to compare with.', kind);
  }
  const computed = await define(run, rows, head);
  const engine = Float32Array.from(computed.elements, (at) => rows.output![at]!);
  return { ...computed, engine };
}

/** The largest |naive − engine|, and its element. */
export function largestDifference({ elements, naive, engine }: NaiveResult) {
  let [most, at] = [0, elements[0]!];
  naive.forEach((x, i) => {
    const apart = Math.abs(x - engine[i]!);
    // NaN on one side is apart as well.
    if (!(apart <= most)) [most, at] = [apart, elements[i]!];
  });
  return { most, element: at, scale: Math.max(...engine.map(Math.abs)) };
}

function whole(naive: Float32Array, words: string): Computed {
  const elements = Array.from(naive, (_, i) => i);
  return { naive, elements, words: `all ${naive.length} elements as ${words}` };
}

async function embed(run: LabRun, { op, position }: OpRows): Promise<Computed> {
  const { id } = run.tokens[position]!;
  const row = await matrixRow(run, op, id);
  return whole(row, `row ${id} of the table, decoded`);
}

async function norm(run: LabRun, { op, inputs: [x] }: OpRows): Promise<Computed> {
  const { rms_eps: eps } = run.model!.info;
  const weight = await vectorOf(run, op, '.weight');
  const mean = x!.reduce((sum, each) => sum + each * each, 0) / x!.length;
  const root = Math.sqrt(mean + eps);
  return whole(
    x!.map((each, i) => (each / root) * weight[i]!),
    'x / √(mean(x²) + ε) · weight',
  );
}

async function product(run: LabRun, { op, inputs: [x] }: OpRows): Promise<Computed> {
  const { kind, name, layer } = run.ops[op]!;
  const find = (wanted: string) =>
    run.ops.findIndex((one) => one.name === wanted && one.layer === layer);
  const matmul = kind === 'bias' ? find(name.replace('.bias', '')) : op;
  const biasOp = kind === 'bias' ? op : find(`${name}.bias`);
  const bias = biasOp < 0 ? null : await vectorOf(run, biasOp, '');
  const { n_in, n_out, type = '' } = run.ops[matmul]!;
  const elements = spreadRows(n_out);
  const rows = await Promise.all(elements.map((row) => matrixRow(run, matmul, row)));
  const naive = Float32Array.from(rows, (row, i) =>
    row.reduce((sum, w, j) => sum + w * x![j]!, bias?.[elements[i]!] ?? 0),
  );
  const { length } = elements;
  const of = length === n_out ? `all ${n_out} rows` : `${length} of ${n_out} rows, spread evenly,`;
  const rounds = type.startsWith('Q')
    ? ` The kernel rounds each 32 of the ${n_in} inputs to 13 bits before it multiplies them with ${type} codes, and this does not: the difference is that rounding.`
    : ' The kernel adds up in float32, 32 inputs at a time.';
  return {
    naive,
    elements,
    words: `${of} as Σ W · x${bias ? ' + bias' : ''} over ${n_in} inputs that are not rounded, in double precision.${rounds}`,
  };
}

function rope(run: LabRun, { position, inputs: [x] }: OpRows): Promise<Computed> {
  const { info } = run.model!;
  const { head_dim: headDim, n_rot: nRot, rope_pairs: kind } = info;
  const frequency = frequencies(info, thetaOf(run.edits, info));
  const y = x!.slice();
  for (let first = 0; first < y.length; first += headDim) {
    for (let j = 0; j < nRot / 2; ++j) {
      const [a, b] = pairOf(j, nRot, kind).map((at) => first + at) as [number, number];
      const angle = position * frequency(j);
      y[a] = x![a]! * Math.cos(angle) - x![b]! * Math.sin(angle);
      y[b] = x![a]! * Math.sin(angle) + x![b]! * Math.cos(angle);
    }
  }
  return Promise.resolve(whole(y, 'pairs turned by position · frequency'));
}

async function attention(
  run: LabRun,
  { op, position, inputs: [q] }: OpRows,
  head: number,
): Promise<Computed> {
  const { head_dim: headDim, n_heads, n_kv_heads } = run.model!.info;
  const { layer } = run.ops[op]!;
  const kvHead = Math.floor(head / (n_heads / n_kv_heads));
  const slots = await Promise.all(
    Array.from({ length: position + 1 }, (_, p) => kvSlot(run, layer, kvHead, p)),
  );
  const own = q!.subarray(head * headDim, (head + 1) * headDim);
  const scores = slots.map(
    ({ k }) => own.reduce((sum, x, d) => sum + x * k[d]!, 0) / Math.sqrt(headDim),
  );
  const most = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - most));
  const total = weights.reduce((sum, w) => sum + w, 0);
  const naive = Float32Array.from({ length: headDim }, (_, d) =>
    slots.reduce((sum, { v }, p) => sum + (weights[p]! / total) * v[d]!, 0),
  );
  return {
    naive,
    elements: Array.from(naive, (_, d) => head * headDim + d),
    words: `head ${head}, its ${headDim} elements: softmax over all ${slots.length} scores at once, then Σ prob · v. The kernel goes through the cache in chunks of 64 positions and keeps a running maximum.`,
  };
}

/** The vector of the file that an op reads: `suffix` makes its name of the op's. */
export function vectorOf(run: LabRun, op: number, suffix: string): Promise<Float32Array> {
  const { layer, name } = run.ops[op]!;
  const full = tensorName(layer, name + suffix);
  return run.once(`vector ${full}`, () => run.trace.vector(full));
}
