// A run as it was recorded: what the engine has answered about it, by call and arguments.
import type {
  Calls,
  Kept,
  KvState,
  LoadedModel,
  Memory,
  Plan,
  TokenPiece,
  TopToken,
} from '../protocol.ts';
import type { EngineVersion } from './engine-source.ts';
import type { Experiment } from './lab-link.ts';
import type { LogitParts } from './logit-parts.ts';
import type { OpTotals, Phase } from './pass-times.ts';

/** Of the logits only those of tokens that are likely at some layer. */
export interface RecordedLens {
  name: string;
  position: number;
  top: TopToken[];
  /** (n) token ids and their logits. */
  ids: Int32Array;
  logits: Float32Array;
}

/** Calls of an engine, and what the page works out from the answers to very many. */
type Asked = { [K in keyof Calls]: Pick<Calls[K], 'args' | 'result'> } & {
  logitParts: { args: { id: number; position: number }; result: LogitParts };
};

/** Of these the answers are recorded; what is kept of an answer. */
export interface RecordedCalls extends Pick<
  { [K in keyof Asked]: Asked[K]['result'] },
  | 'tensors'
  | 'tokenMerges'
  | 'traceRead'
  | 'traceAttention'
  | 'logitParts'
  | 'resample'
  | 'kvSlot'
  | 'traceCell'
  | 'matrixRow'
  | 'matrixBlock'
  | 'vector'
> {
  traceLens: RecordedLens;
}

export type RecordedCall = keyof RecordedCalls;

export type RecordedArgs<K extends RecordedCall> = Asked[K]['args'];

/** 'traceRead': all rows that are recorded of the tap. */
export type Answer = {
  [K in RecordedCall]: { call: K; args: RecordedArgs<K>; result: RecordedCalls[K] };
}[RecordedCall];

export interface RecordedRun {
  /** ISO 8601. */
  savedAt: string;
  /** Whose numbers these are. */
  engine: EngineVersion;
  /** All that led there, and what it came to. */
  experiment: Experiment;
  model: LoadedModel;
  plan: Plan;
  kept: Kept;
  memory: Memory;
  kv: KvState;
  /** The text; every position is computed. */
  tokens: readonly TokenPiece[];
  nPrompt: number;
  /** Tokens of the vocabulary that its panels name, those of the text included. */
  pieces: readonly TokenPiece[];
  /** What steps took; null: they were not timed. */
  times: Record<Phase, OpTotals> | null;
  answers: readonly Answer[];
}

/** What tells one answer from the others to the same call. */
const keys: { [K in RecordedCall]: (args: RecordedArgs<K>) => unknown[] } = {
  tensors: () => [],
  tokenMerges: ({ id }) => [id],
  traceRead: ({ name }) => [name],
  traceAttention: ({ layer, head, position }) => [layer, head, position],
  traceLens: ({ name, position }) => [name, position],
  logitParts: ({ id, position }) => [id, position],
  resample: ({ sampling, at }) => [
    at?.position,
    at?.nth,
    JSON.stringify(Object.entries(sampling).sort()),
  ],
  kvSlot: ({ layer, kvHead, position }) => [layer, kvHead, position],
  traceCell: ({ name, position, element }) => [name, position, element],
  matrixRow: ({ op, row }) => [op, row],
  matrixBlock: ({ op, row, block }) => [op, row, block],
  vector: ({ name }) => [name],
};

export function keyOf<K extends RecordedCall>(call: K, args: RecordedArgs<K>): string {
  return [call, ...keys[call](args)].join(' ');
}
