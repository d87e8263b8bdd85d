// Makes a recording: asks the engine for what panels will ask, and keeps its answers.
import type { OpInfo, TokenPiece } from '../protocol.ts';
import { tensors } from './cached-reads.ts';
import { readEngineSource } from './engine-source.ts';
import { EngineError } from './errors.ts';
import { experimentOf } from './lab-experiment.ts';
import { readRows } from './lab-kept.ts';
import type { LabRun } from './lab-run.ts';
import { logitPartsNeed, logitPartsOf } from './logit-parts.ts';
import { matricesOf } from './matrices.ts';
import type { Answer, RecordedLens, RecordedRun } from './recorded-run.ts';
import { tapsAround } from './weight-flip.ts';

export const partIds = [
  'values',
  'attention',
  'lens',
  'logit',
  'cache',
  'weights',
  'products',
] as const;
export type PartId = (typeof partIds)[number];

/** A part of a recording: what it holds, and about what it takes. */
export interface Part {
  id: PartId;
  bytes: number;
  /** Why it is not to be had; '': it is. */
  why: string;
}

/** Positions that a recording holds: from 0 on, the prompt's all, and of others no more than this. */
const enoughPositions = 64;
const maxPrompt = 512;
/** Of all its parts, and of those that are chosen unasked. */
export const maxRecording = 64 * 2 ** 20;
const goodRecording = 32 * 2 ** 20;
const asksPerBatch = 32;
/** Of a matrix of floats, which has no blocks: what the panel shows at once. */
const maxBlocks = 32;
/** Of the tokens that are likely at a position, whose logits are taken apart. */
const likeliest = 5;

/** Positions [0, end) that would be recorded of [0, computed); 0: none, and why. */
export function recordable(run: LabRun): { end: number; computed: number; why: string } {
  const { complete, place, nPrompt, kept } = run;
  const computed = complete ? place.end : place.first;
  const end = Math.min(computed, Math.max(nPrompt, enoughPositions));
  const why =
    computed < nPrompt
      ? 'The prompt is not computed yet: step on.'
      : nPrompt > maxPrompt
        ? `The prompt has ${nPrompt} tokens, and a recording holds ${maxPrompt} at most.`
        : computed > (kept?.positions ?? 0)
          ? `Only the last ${kept?.positions ?? 0} positions are kept, and a recording begins at position 0.`
          : '';
  return { end: why === '' ? end : 0, computed, why };
}

/** What a recording of positions [0, end) could hold. */
export function partsOf(run: LabRun, end: number): Part[] {
  const { n_layers, n_heads, n_kv_heads, head_dim, n_vocab } = run.model!.info;
  const rows = end * n_layers;
  const candidates = Math.min(n_vocab, 5 * (n_layers + 1));
  const products = productsOf(run);
  const kept = keptOps(run);
  const isKept = (name: string) => kept.has(run.tap(name)?.op);
  const bytes: Record<PartId, number> = {
    values: end * run.kept!.bytesPerPosition,
    attention: n_layers * n_heads * (((end * (end + 1)) / 2) * 12 + end * (4 * head_dim + 20)),
    lens: (rows + end) * (5 * 20 + candidates * 6),
    logit: end * (likeliest + 1) * (4 * n_layers * (2 + n_heads) + 250),
    cache: rows * n_kv_heads * (8 * head_dim + 10),
    weights: weightsOf(run).reduce((sum, { nIn }) => sum + 4 * nIn + 600, 0),
    products: end * products.reduce((sum, { op }) => sum + 9 * op.n_in + 60, 0),
  };
  const why: Partial<Record<PartId, string>> = {
    ...(isKept('L.0.q_rot') ? {} : { attention: 'L.*.q_rot is not kept' }),
    ...(isKept('L.0.resid_post') ? {} : { lens: 'L.*.resid_post is not kept' }),
    ...(logitPartsNeed(run, range(n_layers)).every(isKept)
      ? {}
      : { logit: 'L.*.resid_mid and L.*.z are not kept' }),
    ...(products.length > 0 ? {} : { products: 'their inputs are not kept' }),
  };
  return partIds.map((id) => ({ id, bytes: bytes[id], why: why[id] ?? '' }));
}

/** What is chosen unasked: in order, what fits. */
export function goodParts(parts: readonly Part[]): PartId[] {
  let sum = 0;
  return parts.flatMap(({ id, bytes, why }) => {
    if (why !== '' || sum + bytes > goodRecording) return [];
    sum += bytes;
    return [id];
  });
}

/** By their ops: a tap may have two names. */
function keptOps(run: LabRun): ReadonlySet<number | undefined> {
  return new Set(run.kept!.values.map((name) => run.tap(name)?.op));
}

type Ask = () => Promise<readonly Answer[]>;

interface Progress {
  signal: AbortSignal;
  onProgress: (done: number, all: number) => void;
}

/** Reads positions [0, end) of a run that stands still. One that is moved meanwhile is not recorded. */
export async function recordRun(
  run: LabRun,
  { parts, panels }: { parts: readonly PartId[]; panels: readonly string[] },
  progress: Progress,
): Promise<RecordedRun> {
  const { end, computed, why } = recordable(run);
  if (end === 0) throw EngineError.of('not_computed', why);
  const asks = [...textAsks(run, end), ...parts.flatMap((id) => [...partAsks[id](run, end)])];
  const answers = await answersOf(run, asks, progress);
  const experiment = await experimentOf(run, panels);
  const { ids, nPrompt } = experiment.expected;
  const expected = { nPrompt, ids: ids.slice(0, end - nPrompt), logits: '' };
  const given = Math.min(experiment.given, expected.ids.length);
  const { info, session } = run.model!;
  const kv = await run.trace.kv();
  return {
    savedAt: new Date().toISOString(),
    engine: (await readEngineSource()).version,
    experiment: end < computed ? { ...experiment, expected, given } : experiment,
    // What a player has no use for is left out.
    model: {
      ...run.model!,
      info: { ...info, chat_template: null, general: {} },
      session: { ...session, ops: [] },
    },
    plan: run.plan!,
    kept: { ...run.kept!, positions: end, bytes: end * run.kept!.bytesPerPosition },
    memory: await run.client.memory(),
    kv: { ...kv, table: kv.table.slice(0, Math.ceil(end / kv.blockPositions)), length: end },
    tokens: run.tokens.slice(0, end),
    nPrompt: run.nPrompt,
    pieces: await piecesOf(run, answers),
    times: run.times && { prefill: run.times.prefill, decode: run.times.decode },
    answers,
  };
}

async function answersOf(
  run: LabRun,
  asks: readonly Ask[],
  { signal, onProgress }: Progress,
): Promise<Answer[]> {
  const { epoch, place } = run;
  const answers: Answer[] = [];
  for (let at = 0; at < asks.length; at += asksPerBatch) {
    const batch = await Promise.all(asks.slice(at, at + asksPerBatch).map((ask) => ask()));
    answers.push(...batch.flat());
    if (signal.aborted) throw EngineError.of('aborted', 'Saving was cancelled.');
    if (run.epoch !== epoch || run.place !== place) {
      throw EngineError.of('changed', 'The run was moved meanwhile. Save it again.');
    }
    onProgress(Math.min(asks.length, at + asksPerBatch), asks.length);
  }
  return answers;
}

/** Tokens that the panels name besides those of the text; row 0 of the head is token 0's. */
async function piecesOf(run: LabRun, answers: readonly Answer[]): Promise<TokenPiece[]> {
  const ids = new Set([0]);
  for (const { call, result } of answers) {
    if (call !== 'resample') continue;
    ids.add(result.chosen);
    for (const { top } of result.stages) for (const { id } of top) ids.add(id);
  }
  return run.client.pieces(ids);
}

// ---- what is asked

const range = (end: number, first = 0) =>
  Array.from({ length: Math.max(0, end - first) }, (_, i) => first + i);

/** How the text came about: the merges of its tokens, and each draw. */
function* textAsks(run: LabRun, end: number): Iterable<Ask> {
  const { trace, tokens, nPrompt, sampling } = run;
  yield async () => [{ call: 'tensors', args: {}, result: await tensors(run) }];
  for (const id of new Set(tokens.slice(0, end).map((token) => token.id))) {
    yield async () => [{ call: 'tokenMerges', args: { id }, result: await trace.merges(id) }];
  }
  const residual = `L.${run.model!.info.n_layers - 1}.resid_post`;
  for (const position of range(end, nPrompt - 1)) {
    const has = (tap: string) => run.held(tap, position) === 'kept';
    if (!has('logits') && !has(residual)) continue;
    const at = { position, nth: position - nPrompt + 2 };
    yield async () => [
      {
        call: 'resample',
        args: { sampling, at },
        result: await trace.resample(sampling, at),
      },
    ];
  }
}

const partAsks: Record<PartId, (run: LabRun, end: number) => Iterable<Ask>> = {
  *values(run, end) {
    const { values, norms } = run.kept!;
    for (const name of [...values, ...norms]) {
      yield async () => {
        const rows = await readRows(run, [name], 0, end);
        return rows.map((result) => ({
          call: 'traceRead',
          args: { name, first: result.first, end },
          result,
        }));
      };
    }
  },

  *attention(run, end) {
    const { n_layers, n_heads } = run.model!.info;
    for (const layer of range(n_layers)) {
      for (const head of range(n_heads)) {
        for (const position of range(end)) {
          const args = { layer, head, position };
          yield async () => [
            {
              call: 'traceAttention',
              args,
              result: await run.trace.attention(layer, head, position),
            },
          ];
        }
      }
    }
  },

  *lens(run, end) {
    for (const position of range(end)) yield () => lensesAt(run, position);
  },

  *logit(run, end) {
    for (const position of range(end)) yield () => logitsAt(run, position);
  },

  *cache(run, end) {
    const { n_layers, n_kv_heads } = run.model!.info;
    for (const layer of range(n_layers)) {
      for (const kvHead of range(n_kv_heads)) {
        for (const position of range(end)) {
          const args = { layer, kvHead, position };
          yield async () => [
            { call: 'kvSlot', args, result: await run.trace.kvSlot(layer, kvHead, position) },
          ];
        }
      }
    }
  },

  *weights(run) {
    for (const { op, row } of weightsOf(run)) yield () => weightsAt(run, op, row);
    yield () => vectorsOf(run);
  },

  *products(run, end) {
    for (const { name, input } of productsOf(run)) {
      for (const position of range(end)) {
        if (run.held(input, position) !== 'kept') continue;
        const args = { name, position, element: 0 };
        yield async () => [
          { call: 'traceCell', args, result: await run.trace.cell(name, position, 0) },
        ];
      }
    }
  },
};

/** Behind every layer; of all logits those of tokens that are likely behind one of them. */
async function lensesAt(run: LabRun, position: number): Promise<Answer[]> {
  const names = [
    'embd',
    ...range(run.model!.info.n_layers).map((layer) => `L.${layer}.resid_post`),
  ];
  const lenses = [];
  for (const name of names) lenses.push(await run.trace.lens(name, position, { all: true }));
  const next = run.tokens[position + 1]?.id;
  const likely = lenses.flatMap(({ top }) => top.map(({ id }) => id));
  const ids = Int32Array.from(new Set([...likely, ...(next === undefined ? [] : [next])]));
  return lenses.map(({ name, top, logits }): Answer => {
    const kept: RecordedLens = {
      ...{ name, position, top, ids },
      logits: Float32Array.from(ids, (id) => logits![id]!),
    };
    return {
      call: 'traceLens',
      args: { name, position, top: top.length, all: true },
      result: kept,
    };
  });
}

/** What adds to the logits of the likeliest tokens, and of the one that followed. */
async function logitsAt(run: LabRun, position: number): Promise<Answer[]> {
  const { n_layers } = run.model!.info;
  const last = `L.${n_layers - 1}.resid_post`;
  const { top } = await run.trace.lens(last, position, { top: likeliest });
  const next = run.tokens[position + 1];
  const ids = [...new Set([...top, ...(next ? [next] : [])].map(({ id }) => id))];
  const parts = await logitPartsOf(run, ids, position, range(n_layers));
  return ids.map((id, i) => ({ call: 'logitParts', args: { id, position }, result: parts[i]! }));
}

/** Rows of matrices: row 0 of each, and of the embedding those of the text's tokens. */
function weightsOf({ ops, model, tokens }: LabRun): { op: number; row: number; nIn: number }[] {
  return matricesOf(ops, model!.info).flatMap(({ op, nIn }) => {
    const isTable = ops[op]!.kind === 'embed';
    const rows = new Set([0, ...(isTable ? tokens.map(({ id }) => id) : [])]);
    return [...rows].map((row) => ({ op, row, nIn }));
  });
}

/** The norms' weights and the biases. */
async function vectorsOf(run: LabRun): Promise<Answer[]> {
  const names = (await tensors(run)).filter(({ shape }) => shape.length === 1);
  return Promise.all(
    names.map(async ({ name }): Promise<Answer> => {
      return { call: 'vector', args: { name }, result: await run.trace.vector(name) };
    }),
  );
}

/** A row of a matrix, its first block, and of one without blocks its first elements. */
async function weightsAt(run: LabRun, op: number, row: number): Promise<Answer[]> {
  const { trace } = run;
  const values = await trace.matrixRow(op, row);
  const first = await trace.matrixBlock(op, row, 0);
  const n = first.values.length === 1 ? Math.min(maxBlocks, first.blocks) : 1;
  const others = range(n, 1).map((block) => trace.matrixBlock(op, row, block));
  const blocks = [first, ...(await Promise.all(others))];
  return [
    { call: 'matrixRow', args: { op, row }, result: values },
    ...blocks.map((result): Answer => {
      return { call: 'matrixBlock', args: { op, row, block: result.block }, result };
    }),
  ];
}

/** The matrix products whose inputs are kept, by the name of what they leave. */
function productsOf(run: LabRun): { name: string; input: string; op: OpInfo }[] {
  const kept = keptOps(run);
  const head = run.tap('logits')?.op;
  return matricesOf(run.ops, run.model!.info).flatMap((matrix) => {
    const taps =
      matrix.op === head ? { input: 'final_norm', output: 'logits' } : tapsAround(matrix);
    if (!taps || !kept.has(run.tap(taps.input)?.op)) return [];
    return [{ name: taps.output, input: taps.input, op: run.ops[matrix.op]! }];
  });
}
