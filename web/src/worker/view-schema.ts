// What is computed when it is asked for, by name: axes, type and unit. The engine's own schema has the
// outputs of ops (engine/trace/schema.h).
import type { ModelInfo, ViewInfo } from '../protocol.ts';

type View = readonly [
  name: string,
  dtype: ViewInfo['dtype'],
  unit: string,
  ...axes: readonly string[],
];

/** L.* stands for every layer. */
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

export function viewsOf(info: ModelInfo): ViewInfo[] {
  const sizes: Readonly<Record<string, number>> = {
    d_model: info.d_model,
    head: info.n_heads,
    kv_head: info.n_kv_heads,
    head_dim: info.head_dim,
    token_id: info.n_vocab,
  };
  const axis = (name: string) => ({ name, size: sizes[name] ?? null });
  return views.map(([name, dtype, unit, ...axes]) => ({ name, dtype, unit, axes: axes.map(axis) }));
}
