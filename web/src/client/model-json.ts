// What a recording says of its model, field by field. A panel's work grows with these numbers, so they
// have limits, and have to agree with each other.
import type {
  LoadedModel,
  ModelInfo,
  OpInfo,
  Plan,
  SessionInfo,
  TapInfo,
  ViewInfo,
} from '../protocol.ts';
import { axisFromJson } from './edit-json.ts';
import type { JsonValue } from './json-reader.ts';

const maxLayers = 512;
const maxHeads = 512;
const maxWidth = 2 ** 20;
const maxVocab = 2 ** 21;
const maxContext = 2 ** 20;
const maxOps = 20_000;
const maxViews = 100;
const maxBytes = 2 ** 50;

export function modelFromJson(json: JsonValue, plan: Plan): LoadedModel {
  const build = json.get('build');
  const choice = json.get('choice');
  const simd = (of: JsonValue) => of.get('simd').oneOf(['simd128', 'relaxed'] as const);
  const origin = json.get('origin').text(4000);
  return {
    source: { kind: 'url', url: origin },
    options: {},
    origin,
    info: infoFromJson(json.get('info'), plan),
    session: sessionFromJson(json.get('session'), plan),
    build: {
      version: build.get('version').text(100),
      simd: simd(build),
      threads: build.get('threads').flag(),
      kernels: build
        .get('kernels')
        .list(100)
        .map((name) => name.text(100)),
    },
    choice: {
      simd: simd(choice),
      threads: choice.get('threads').flag(),
      nThreads: choice.get('nThreads').whole(0, 1024),
      isolated: choice.get('isolated').flag(),
      reason: choice.get('reason').text(1000),
    },
    loadMs: json.get('loadMs').number(0),
    kept: null,
    notice: '',
  };
}

function infoFromJson(json: JsonValue, { ops }: Plan): ModelInfo {
  const whole = (name: keyof ModelInfo, most: number, least = 1) =>
    json.get(name).whole(least, most);
  const text = (name: keyof ModelInfo) => json.get(name).text(1000);
  const types = json.get('types');
  const factors = json.get('rope_factors');
  const info: ModelInfo = {
    architecture: text('architecture'),
    name: text('name'),
    file_bytes: whole('file_bytes', maxBytes, 0),
    weights_bytes: whole('weights_bytes', maxBytes, 0),
    n_params: whole('n_params', maxBytes, 0),
    n_layers: whole('n_layers', maxLayers),
    n_heads: whole('n_heads', maxHeads),
    n_kv_heads: whole('n_kv_heads', maxHeads),
    head_dim: whole('head_dim', maxWidth),
    d_model: whole('d_model', maxWidth),
    d_ffn: whole('d_ffn', maxWidth),
    n_vocab: whole('n_vocab', maxVocab),
    n_ctx_train: whole('n_ctx_train', maxBytes),
    rms_eps: json.get('rms_eps').number(),
    n_rot: whole('n_rot', maxWidth, 0),
    rope_theta: json.get('rope_theta').number(),
    rope_scale: json.get('rope_scale').number(),
    rope_factors: factors.isNull ? null : factors.list(maxWidth).map((one) => one.number()),
    rope_pairs: json.get('rope_pairs').oneOf(['adjacent', 'halves'] as const),
    tied_head: json.get('tied_head').flag(),
    types: Object.fromEntries(
      types.keys().map((type) => [type, types.get(type).whole(0, maxBytes)]),
    ),
    tokenizer: tokenizerFromJson(json.get('tokenizer')),
    chat_template: null,
    kv_bytes_per_token: whole('kv_bytes_per_token', maxBytes),
    kv_type: text('kv_type'),
    scratch_bytes: whole('scratch_bytes', maxBytes, 0),
    scratch_bytes_per_token: whole('scratch_bytes_per_token', maxBytes, 0),
    scratch_bytes_per_thread: whole('scratch_bytes_per_thread', maxBytes, 0),
    default_n_ctx: whole('default_n_ctx', maxBytes),
    general: {},
  };
  if (info.n_rot % 2 !== 0 || info.n_rot > info.head_dim) {
    json.get('n_rot').refuse(`pairs of a head’s ${info.head_dim} elements`, `${info.n_rot}`);
  }
  const layers = ops.reduce((most, { layer }) => Math.max(most, layer + 1), 0);
  if (layers !== info.n_layers) {
    json.get('n_layers').refuse(`the plan’s ${layers} layers`, `${info.n_layers}`);
  }
  if (info.n_heads % info.n_kv_heads !== 0) {
    json.get('n_kv_heads').refuse(`a divisor of ${info.n_heads} heads`, `${info.n_kv_heads}`);
  }
  return info;
}

function tokenizerFromJson(json: JsonValue): ModelInfo['tokenizer'] {
  const id = (of: JsonValue) => of.whole(-1, maxVocab);
  return {
    kind: json.get('kind').oneOf(['bpe', 'sentencepiece'] as const),
    pre: json.get('pre').text(100),
    bos_id: id(json.get('bos_id')),
    eos_id: id(json.get('eos_id')),
    eot_ids: json.get('eot_ids').list(1000).map(id),
    add_bos: json.get('add_bos').flag(),
    control_tokens: [],
    n_vocab: json.get('n_vocab').whole(1, maxVocab),
  };
}

/** Where blocks of keys and values lie. */
export function addresses(json: JsonValue): number[] {
  return json.list(maxContext).map((each) => each.whole(0, maxBytes));
}

function sessionFromJson(json: JsonValue, { ops }: Plan): SessionInfo {
  const bytes = (name: keyof SessionInfo) => json.get(name).whole(0, maxBytes);
  return {
    n_ctx: json.get('n_ctx').whole(1, maxContext),
    n_batch: json.get('n_batch').whole(1, maxContext),
    n_threads: json.get('n_threads').whole(0, 1024),
    kernels: json.get('kernels').text(100),
    kv_type: json.get('kv_type').text(100),
    kv_bytes_used: bytes('kv_bytes_used'),
    kv_bytes_max: bytes('kv_bytes_max'),
    kv_block_bytes: bytes('kv_block_bytes'),
    kv_block_positions: json.get('kv_block_positions').whole(1, maxContext),
    kv_block_addresses: addresses(json.get('kv_block_addresses')),
    scratch_bytes: bytes('scratch_bytes'),
    scratch_address: bytes('scratch_address'),
    n_ops: ops.length,
    ops: [...ops],
  };
}

export function planFromJson(json: JsonValue): Plan {
  const ops = json.get('ops').list(maxOps).map(opFromJson);
  if (ops.length === 0) json.get('ops').refuse('at least one op', 'none');
  const tap = (one: JsonValue) => tapFromJson(one, ops.length);
  return {
    ops,
    taps: json.get('taps').list(maxOps).map(tap),
    views: json.maybe('views')?.list(maxViews).map(viewFromJson) ?? [], // absent in old recordings
  };
}

function opFromJson(json: JsonValue): OpInfo {
  const bytes = (name: keyof OpInfo) => json.get(name).number(0, maxBytes);
  const type = json.maybe('type')?.text(100);
  return {
    kind: json.get('kind').text(100),
    layer: json.get('layer').whole(-1, maxLayers - 1),
    name: json.get('name').text(100),
    n_in: json.get('n_in').whole(0, maxVocab),
    n_out: json.get('n_out').whole(0, maxVocab),
    bytes: bytes('bytes'),
    macs: bytes('macs'),
    bytes_per_pos: bytes('bytes_per_pos'),
    macs_per_pos: bytes('macs_per_pos'),
    logit_rows: json.get('logit_rows').flag(),
    ...(type === undefined ? {} : { type }),
  };
}

function viewFromJson(json: JsonValue): ViewInfo {
  return {
    name: json.get('name').text(100),
    axes: json.get('axes').list(4).map(axisFromJson),
    dtype: json.get('dtype').oneOf(['f32', 'f64', 'i32', 'u32', 'u64'] as const),
    unit: json.get('unit').text(40),
  };
}

function tapFromJson(json: JsonValue, nOps: number): TapInfo {
  return {
    name: json.get('name').text(100),
    op: json.get('op').whole(0, nOps - 1),
    axes: json.get('axes').list(4).map(axisFromJson),
    dtype: 'f32',
    unit: json.get('unit').text(40),
  };
}
