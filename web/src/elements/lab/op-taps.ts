// Which taps an op of the plan reads and leaves, by its name.
import type { LabRun } from '../../client/lab-run.ts';
import type { OpInfo } from '../../protocol.ts';

interface Places {
  /** Taps of its own layer that it reads. */
  inputs: readonly string[];
  /** The tap that it leaves; '': none (a product before its bias is none, nor are the cache and codes). */
  output: string;
}

const places: Record<string, Places> = {
  token_embd: { inputs: [], output: 'embd' },
  attn_norm: { inputs: ['resid_pre'], output: 'attn_norm' },
  attn_q: { inputs: ['attn_norm'], output: 'q' },
  attn_k: { inputs: ['attn_norm'], output: 'k' },
  attn_v: { inputs: ['attn_norm'], output: 'v' },
  'attn_q.bias': { inputs: ['attn_norm'], output: 'q' },
  'attn_k.bias': { inputs: ['attn_norm'], output: 'k' },
  'attn_v.bias': { inputs: ['attn_norm'], output: 'v' },
  rope_q: { inputs: ['q'], output: 'q_rot' },
  rope_k: { inputs: ['k'], output: 'k_rot' },
  kv_append: { inputs: ['k_rot', 'v'], output: '' },
  attention: { inputs: ['q_rot'], output: 'z' },
  attention_merge: { inputs: ['q_rot'], output: 'z' },
  attn_output: { inputs: ['z'], output: 'attn_out' },
  attn_residual: { inputs: ['resid_pre', 'attn_out'], output: 'resid_mid' },
  ffn_norm: { inputs: ['resid_mid'], output: 'ffn_norm' },
  ffn_gate: { inputs: ['ffn_norm'], output: 'gate' },
  ffn_up: { inputs: ['ffn_norm'], output: 'up' },
  swiglu: { inputs: ['gate', 'up'], output: 'act' },
  ffn_down: { inputs: ['act'], output: 'ffn_out' },
  ffn_residual: { inputs: ['resid_mid', 'ffn_out'], output: 'resid_post' },
  output_norm: { inputs: ['resid_post'], output: 'final_norm' },
  output: { inputs: ['final_norm'], output: 'logits' },
};

export interface OpTaps {
  inputs: string[];
  output: string;
}

export function tapsOf(run: LabRun, op: number): OpTaps {
  const info = run.ops[op]!;
  const named =
    info.kind === 'quantise'
      ? { inputs: places[nextProduct(run.ops, op).name]?.inputs ?? [], output: '' }
      : (places[info.name] ?? { inputs: [], output: '' });
  // The final norm reads what the last layer has left.
  const layer = info.name === 'output_norm' ? run.model!.info.n_layers - 1 : info.layer;
  const inLayer = (name: string) => (layer < 0 || name === '' ? name : `L.${layer}.${name}`);
  return {
    inputs: named.inputs.map(inLayer),
    output: info.layer < 0 ? named.output : inLayer(named.output),
  };
}

/** The product that takes what `quantise` has rounded. */
export function nextProduct(ops: readonly OpInfo[], op: number): OpInfo {
  return ops.slice(op).find(({ kind }) => kind === 'matmul')!;
}

/** The name by which `trace.cell` knows a product. */
export function productTap(op: OpInfo): string {
  const { output } = places[op.name.replace('.bias', '')]!;
  return op.layer < 0 ? output : `L.${op.layer}.${output}`;
}
