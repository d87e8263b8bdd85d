// What can be looked at, by name: axes, type and unit. The engine itself knows numbers of ops only.
import type { ModelInfo, OpInfo, TapAxis, TapInfo, ViewInfo } from '../protocol.ts';

/** By op: the name of what it leaves, and the axes behind the rows. */
const taps: Readonly<Record<string, readonly [name: string, ...axes: string[]]>> = {
  token_embd: ['embd', 'd_model'],
  attn_norm: ['attn_norm', 'd_model'],
  attn_q: ['q', 'head', 'head_dim'],
  attn_k: ['k', 'kv_head', 'head_dim'],
  attn_v: ['v', 'kv_head', 'head_dim'],
  rope_q: ['q_rot', 'head', 'head_dim'],
  rope_k: ['k_rot', 'kv_head', 'head_dim'],
  attention_merge: ['z', 'head', 'head_dim'],
  attn_output: ['attn_out', 'd_model'],
  attn_residual: ['resid_mid', 'd_model'],
  ffn_norm: ['ffn_norm', 'd_model'],
  ffn_gate: ['gate', 'd_ffn'],
  ffn_up: ['up', 'd_ffn'],
  swiglu: ['act', 'd_ffn'],
  ffn_down: ['ffn_out', 'd_model'],
  ffn_residual: ['resid_post', 'd_model'],
  output_norm: ['final_norm', 'd_model'],
  output: ['logits', 'token_id'],
};

type View = readonly [
  name: string,
  dtype: ViewInfo['dtype'],
  unit: string,
  ...axes: readonly string[],
];

/** What is computed when it is asked for. L.* stands for every layer. */
const views: readonly View[] = [
  ['L.*.raw', 'f32', '1', 'row', 'head', 'position'],
  ['L.*.scaled', 'f32', '1', 'row', 'head', 'position'],
  ['L.*.masked', 'f32', '1', 'row', 'head', 'position'],
  ['L.*.probs', 'f32', '1', 'row', 'head', 'position'],
  ['L.*.head_write', 'f32', '1', 'row', 'head', 'd_model'],
  ['L.*.lens', 'f32', 'logit', 'row', 'token_id'],
  ['L.*.kv.k', 'f32', '1', 'position', 'kv_head', 'head_dim'],
  ['L.*.kv.v', 'f32', '1', 'position', 'kv_head', 'head_dim'],
  ['kv.table', 'u32', 'block', 'position'],
  ['topk.id', 'i32', 'token_id', 'row', 'rank'],
  ['topk.logit', 'f32', 'logit', 'row', 'rank'],
  ['topk.p', 'f32', '1', 'row', 'rank'],
  ['sampler.id', 'i32', 'token_id', 'stage', 'rank'],
  ['sampler.logit', 'f32', 'logit', 'stage', 'rank'],
  ['sampler.p', 'f32', '1', 'stage', 'rank'],
  ['sampler.random', 'f64', '1'],
  ['sampler.chosen', 'i32', 'token_id'],
  ['op.ms', 'f64', 'ms', 'op'],
  ['op.bytes', 'u64', 'B', 'op'],
  ['op.macs', 'u64', 'multiply-add', 'op'],
];

/** The outputs of ops, in plan order; where a bias follows a product, what the bias leaves. */
export function tapsOf(ops: readonly OpInfo[], info: ModelInfo): TapInfo[] {
  const axis = axisOf(info);
  const wordOf = ({ name }: OpInfo) => name.split('.')[0]!;
  const wordInLayer = (op: OpInfo) => `${wordOf(op)} ${op.layer}`;
  const last = new Map(ops.map((op, i) => [wordInLayer(op), i]));
  return ops.flatMap((op, i) => {
    const named = taps[wordOf(op)];
    if (!named || last.get(wordInLayer(op)) !== i) return [];
    const { layer, logit_rows } = op;
    const tap = (behind: number, name: string, axes: readonly string[]): TapInfo => ({
      name: layer < 0 ? name : `L.${layer}.${name}`,
      op: behind,
      axes: [logit_rows ? 'logit_row' : 'row', ...axes].map(axis),
      dtype: 'f32',
      unit: name === 'logits' ? 'logit' : '1',
    });
    const [name, ...axes] = named;
    // What a layer begins with is what the op before it has left.
    const before = op.name === 'attn_norm' ? [tap(i - 1, 'resid_pre', ['d_model'])] : [];
    return [...before, tap(i, name, axes)];
  });
}

export function viewsOf(info: ModelInfo): ViewInfo[] {
  const axis = axisOf(info);
  return views.map(([name, dtype, unit, ...axes]) => ({ name, dtype, unit, axes: axes.map(axis) }));
}

/** An axis by its name; rows and positions are as many as there are. */
function axisOf(info: ModelInfo): (name: string) => TapAxis {
  const sizes: Readonly<Record<string, number>> = {
    d_model: info.d_model,
    d_ffn: info.d_ffn,
    head: info.n_heads,
    kv_head: info.n_kv_heads,
    head_dim: info.head_dim,
    token_id: info.n_vocab,
  };
  return (name) => ({ name, size: sizes[name] ?? null });
}
