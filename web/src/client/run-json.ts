// run.json of a recorded run, read field by field. Arrays lie elsewhere, as [first, length] of all
// values; each has to have as many as its answer needs.
import type {
  Kept,
  KvState,
  Memory,
  MergeStep,
  Plan,
  Resampled,
  TokenPiece,
  TopToken,
} from '../protocol.ts';
import { bytesOfBase64 } from './base64.ts';
import type { JsonValue } from './json-reader.ts';
import { experimentFromJson, samplingFromJson } from './lab-link.ts';
import { addresses, modelFromJson, planFromJson } from './model-json.ts';
import type { OpTotals } from './pass-times.ts';
import type {
  Answer,
  RecordedArgs,
  RecordedCall,
  RecordedCalls,
  RecordedRun,
} from './recorded-run.ts';

export const runVersion = 1;

const maxAnswers = 500_000;
const maxPositions = 4096;
const maxPieces = 200_000;
const maxTensors = 65_536;
const most = 2 ** 31 - 1;
const maxBytes = 2 ** 50;

export function runFromJson(json: JsonValue, values: Float32Array): RecordedRun {
  json.get('format').oneOf(['nanoinfer run']);
  json.get('v').whole(runVersion, runVersion);
  const plan = planFromJson(json.get('plan'));
  const model = modelFromJson(json.get('model'), plan);
  const tokens = json.get('tokens').list(maxPositions).map(pieceFromJson);
  if (tokens.length === 0) json.get('tokens').refuse('at least one token', 'none');
  const about: About = { info: model.info, plan, positions: tokens.length, values };
  const read = (one: JsonValue) => answerFromJson(one, about);
  const times = json.get('times');
  return {
    savedAt: savedAt(json.get('savedAt')),
    engine: engineFromJson(json.maybe('engine')),
    experiment: experimentFromJson(json.get('experiment')),
    model,
    plan,
    kept: keptFromJson(json.get('kept'), plan),
    memory: memoryFromJson(json.get('memory')),
    kv: kvFromJson(json.get('kv'), tokens.length),
    tokens,
    nPrompt: json.get('nPrompt').whole(1, tokens.length),
    pieces: json.get('pieces').list(maxPieces).map(pieceFromJson),
    times: times.isNull
      ? null
      : {
          prefill: totalsFromJson(times.get('prefill'), plan),
          decode: totalsFromJson(times.get('decode'), plan),
        },
    answers: json.get('answers').list(maxAnswers).map(read),
  };
}

/** What the answers have to agree with. */
interface About {
  info: RecordedRun['model']['info'];
  plan: Plan;
  positions: number;
  values: Float32Array;
}

function savedAt(json: JsonValue): string {
  const text = json.text(40);
  return Number.isNaN(Date.parse(text)) ? json.refuse('a date') : text;
}

/** Files that were saved before it was named have none. */
function engineFromJson(json: JsonValue | null): RecordedRun['engine'] {
  if (!json) return { commit: '', changed: false };
  return { commit: json.get('commit').text(64), changed: json.get('changed').flag() };
}

function bytesFromJson(json: JsonValue, atMost: number): Uint8Array {
  return bytesOfBase64(json.text(2 * atMost)) ?? json.refuse('base64');
}

function pieceFromJson(json: JsonValue): TokenPiece {
  const kinds = ['normal', 'unknown', 'control', 'user_defined', 'unused', 'byte'] as const;
  return {
    id: json.get('id').whole(0, most),
    bytes: bytesFromJson(json.get('bytes'), 4096),
    kind: json.get('kind').oneOf(kinds),
  };
}

function keptFromJson(json: JsonValue, { taps }: Plan): Kept {
  const known = new Set(taps.map(({ name }) => name));
  const names = (list: JsonValue) =>
    list.list(taps.length).map((one) => {
      const name = one.text(100);
      return known.has(name) ? name : one.refuse('a tap of the plan');
    });
  return {
    values: names(json.get('values')),
    norms: names(json.get('norms')),
    bytesPerPosition: json.get('bytesPerPosition').whole(0, most),
    positions: json.get('positions').whole(0, maxPositions),
    bytes: json.get('bytes').whole(0, maxBytes),
  };
}

function memoryFromJson(json: JsonValue): Memory {
  const whole = (name: keyof Memory) => json.get(name).whole(0, maxBytes);
  return {
    totalBytes: whole('totalBytes'),
    weightsBytes: whole('weightsBytes'),
    kvBytesUsed: whole('kvBytesUsed'),
    kvBytesMax: whole('kvBytesMax'),
    scratchBytes: whole('scratchBytes'),
    scratchAddress: whole('scratchAddress'),
    kvBlockAddresses: addresses(json.get('kvBlockAddresses')),
    tapsAddress: whole('tapsAddress'),
    contextTokens: whole('contextTokens'),
    nCtx: whole('nCtx'),
    kernels: json.get('kernels').text(100),
  };
}

function kvFromJson(json: JsonValue, positions: number): KvState {
  const blockPositions = json.get('blockPositions').whole(1, 2 ** 20);
  const table = json.get('table').list(maxPositions);
  const blocks = Math.ceil(positions / blockPositions);
  if (table.length !== blocks) json.get('table').refuse(`${blocks} blocks`, `${table.length}`);
  return {
    blockPositions,
    blockBytes: json.get('blockBytes').whole(1, most),
    blocks: json.get('blocks').whole(0, 2 ** 20),
    blocksMax: json.get('blocksMax').whole(1, 2 ** 20),
    table: Uint32Array.from(table, (block) => block.whole(0, most)),
    length: positions,
  };
}

function totalsFromJson(json: JsonValue, { ops }: Plan): OpTotals {
  const row = (name: keyof OpTotals) => {
    const list = json.get(name).list(ops.length);
    if (list.length !== ops.length) json.get(name).refuse(`${ops.length} ops`, `${list.length}`);
    return Float64Array.from(list, (one) => one.number(0));
  };
  return {
    ms: row('ms'),
    passes: row('passes'),
    rows: row('rows'),
    bytes: row('bytes'),
    macs: row('macs'),
  };
}

// ---- answers

function floats(json: JsonValue, { values }: About, length: number): Float32Array {
  const [first, n] = json.list(2).map((one) => one.whole(0, most));
  if (n !== length) json.refuse(`${length} values`, `${n}`);
  if (first! + n > values.length) {
    json.refuse(`a place among the ${values.length} values`, `${first} to ${first! + n}`);
  }
  return values.subarray(first, first! + n);
}

type Read<K extends RecordedCall> = (
  args: JsonValue,
  result: JsonValue,
  about: About,
) => { args: RecordedArgs<K>; result: RecordedCalls[K] };

const readers: { [K in RecordedCall]: Read<K> } = {
  tokenMerges: (args, result) => ({
    args: { id: args.get('id').whole(0, most) },
    result: result.list(4096).map(mergeFromJson),
  }),

  traceRead: (args, result, about) => {
    const tap = about.plan.taps.find(({ name }) => name === args.get('name').text(100));
    if (!tap) return args.get('name').refuse('a tap of the plan');
    const first = args.get('first').whole(0, about.positions);
    const end = args.get('end').whole(first, about.positions);
    const whole = tap.axes.slice(1).reduce((width, { size }) => width * (size ?? 1), 1);
    const width = result.get('width').whole(1, whole);
    // The norm of a row takes one place.
    if (width !== 1 && width !== whole) result.get('width').refuse(`1 or ${whole}`);
    const data = floats(result.get('data'), about, (end - first) * width);
    const positions = end - first;
    const { name, unit } = tap;
    const axes = width === whole ? tap.axes : tap.axes.slice(0, 1);
    return {
      args: { name, first, end },
      result: { name, first, positions, width, axes, unit, data },
    };
  },

  traceAttention: (args, result, about) => {
    const { info } = about;
    const layer = args.get('layer').whole(0, info.n_layers - 1);
    const head = args.get('head').whole(0, info.n_heads - 1);
    const position = args.get('position').whole(0, about.positions - 1);
    const row = (name: string) => floats(result.get(name), about, position + 1);
    const place = { layer, head, position };
    return {
      args: place,
      result: {
        ...place,
        kvHead: Math.floor(head / (info.n_heads / info.n_kv_heads)),
        raw: row('raw'),
        scaled: row('scaled'),
        masked: row('masked'),
        probs: row('probs'),
        m: result.get('m').float(),
        l: result.get('l').float(),
        z: floats(result.get('z'), about, info.head_dim),
      },
    };
  },

  traceLens: (args, result, about) => {
    const name = args.get('name').text(100);
    const position = args.get('position').whole(0, about.positions - 1);
    const id = (one: JsonValue) => one.whole(0, about.info.n_vocab - 1);
    const ids = Int32Array.from(result.get('ids').list(about.info.n_vocab), id);
    const logits = floats(result.get('logits'), about, ids.length);
    const top = result.get('top').list(1000);
    if (top.length === 0) result.get('top').refuse('at least one token', 'none');
    return {
      args: { name, position, top: top.length, all: true },
      result: { name, position, top: top.map(tokenFromJson), ids, logits },
    };
  },

  logitParts: (args, result, about) => {
    const { n_layers, n_heads, n_vocab } = about.info;
    const part = (name: string, n: number) => floats(result.get(name), about, n);
    return {
      args: {
        id: args.get('id').whole(0, n_vocab - 1),
        position: args.get('position').whole(0, about.positions - 1),
      },
      result: {
        embd: result.get('embd').float(),
        attention: part('attention', n_layers),
        mlp: part('mlp', n_layers),
        heads: part('heads', n_layers * n_heads),
        sum: result.get('sum').float(),
      },
    };
  },

  resample: (args, result, about) => {
    const at = args.get('at');
    return {
      args: {
        sampling: samplingFromJson(args.get('sampling')),
        at: {
          position: at.get('position').whole(0, about.positions - 1),
          nth: at.get('nth').whole(0, about.positions),
        },
      },
      result: stagesFromJson(result),
    };
  },

  kvSlot: (args, result, about) => {
    const half = (name: string) => floats(result.get(name), about, about.info.head_dim);
    return {
      args: {
        layer: args.get('layer').whole(0, about.info.n_layers - 1),
        kvHead: args.get('kvHead').whole(0, about.info.n_kv_heads - 1),
        position: args.get('position').whole(0, about.positions - 1),
      },
      result: { k: half('k'), v: half('v') },
    };
  },

  traceCell: (args, result, about) => {
    const { ops } = about.plan;
    const op = result.get('op').whole(0, ops.length - 1);
    const { n_in: nIn } = ops[op]!;
    const block = result.get('block').whole(1, most);
    const inputs = (name: string) => floats(result.get(name), about, nIn);
    const blocks = (name: string) => floats(result.get(name), about, Math.ceil(nIn / block));
    const position = args.get('position').whole(0, about.positions - 1);
    const element = args.get('element').whole(0, most);
    return {
      args: { name: args.get('name').text(100), position, element },
      result: {
        ...{ op, position, element, block },
        type: result.get('type').text(100),
        weights: inputs('weights'),
        inputs: inputs('inputs'),
        d: blocks('d'),
        a: blocks('a'),
        dot: blocks('dot'),
        m: blocks('m'),
        s: blocks('s'),
        running: blocks('running'),
      },
    };
  },

  tensors: (_, result) => ({
    args: {},
    result: result.list(maxTensors).map((tensor) => ({
      name: tensor.get('name').text(100),
      type: tensor.get('type').text(100),
      shape: tensor
        .get('shape')
        .list(4)
        .map((n) => n.whole(1, maxBytes)),
      offset: tensor.get('offset').whole(0, maxBytes),
      bytes: tensor.get('bytes').whole(0, maxBytes),
      address: tensor.get('address').whole(0, maxBytes),
      tile_rows: tensor.get('tile_rows').whole(0, 64),
    })),
  }),

  vector: (args, result, about) => ({
    args: { name: args.get('name').text(100) },
    result: floats(result, about, lengthOf(result)),
  }),

  matrixRow: (args, result, about) => {
    const { op, row, nIn } = matrixOf(args, about);
    return { args: { op, row }, result: floats(result, about, nIn) };
  },

  matrixBlock: (args, result, about) => {
    const { op, row, nIn } = matrixOf(args, about);
    const block = args.get('block').whole(0, nIn - 1);
    const width = lengthOf(result.get('values'));
    if (width === 0) result.get('values').refuse('a value', 'none');
    const scales = lengthOf(result.get('d'));
    if (scales === 0 || width % scales !== 0) result.get('d').refuse(`a divisor of ${width}`);
    const part = (name: string, n: number) => floats(result.get(name), about, n);
    return {
      args: { op, row, block },
      result: {
        ...{ op, row, block },
        type: result.get('type').text(100),
        blocks: result.get('blocks').whole(1, nIn),
        bytes: bytesFromJson(result.get('bytes'), 4096),
        codes: part('codes', width),
        d: part('d', scales),
        m: part('m', scales),
        values: part('values', width),
      },
    };
  },
};

function answerFromJson(json: JsonValue, about: About): Answer {
  const call = json.get('call').oneOf(Object.keys(readers) as RecordedCall[]);
  const read = readers[call](json.get('args'), json.get('result'), about);
  return { call, ...read } as Answer;
}

const lengthOf = (json: JsonValue): number =>
  json
    .list(2)
    .at(-1)
    ?.whole(0, 2 ** 20) ?? 0;

function matrixOf(args: JsonValue, { plan, info }: About) {
  const op = args.get('op').whole(0, plan.ops.length - 1);
  const { kind, n_in, n_out } = plan.ops[op]!;
  // The embedding's op reads one row of its matrix.
  const [nIn, nOut] = kind === 'embed' ? [n_out, info.n_vocab] : [n_in, n_out];
  return { op, row: args.get('row').whole(0, nOut - 1), nIn };
}

function mergeFromJson(json: JsonValue): MergeStep {
  return {
    pos: json.get('pos').whole(0, most),
    left: json.get('left').whole(-1, most),
    right: json.get('right').whole(-1, most),
    rank: json.get('rank').number(),
    result: json.get('result').whole(0, most),
  };
}

function tokenFromJson(json: JsonValue): TopToken {
  return {
    id: json.get('id').whole(0, most),
    text: json.get('text').text(4096),
    logit: json.get('logit').float(),
    p: json.get('p').float(),
  };
}

function stagesFromJson(json: JsonValue): Resampled {
  const random = json.get('random');
  const stages = json.get('stages').list(20);
  if (stages.length === 0) json.get('stages').refuse('at least one stage', 'none');
  return {
    from: json.get('from').oneOf(['kept', 'residual'] as const),
    chosen: json.get('chosen').whole(0, most),
    random: random.isNull ? null : random.number(0, 1),
    stages: stages.map((stage) => {
      const top = stage.get('top').list(1000);
      if (top.length === 0) stage.get('top').refuse('at least one token', 'none');
      return {
        stage: stage.get('stage').text(40),
        kept: stage.get('kept').whole(0, most),
        top: top.map((one) => ({
          id: one.get('id').whole(0, most),
          logit: one.get('logit').float(),
          p: one.get('p').float(),
        })),
      };
    }),
  };
}
