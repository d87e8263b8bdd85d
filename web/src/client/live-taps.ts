// Which taps take turns in one buffer of the pass (Activations in engine/model/plan.h). The engine checks
// it itself: it refuses a tap that has been written over.
const buffers: readonly (readonly string[])[] = [
  ['embd', 'resid_pre', 'resid_mid', 'resid_post'],
  ['attn_norm', 'ffn_norm', 'final_norm'],
  ['q', 'q_rot'],
  ['k', 'k_rot'],
  ['attn_out', 'ffn_out'],
  ['gate', 'act'],
];

/** A name for the buffer that a tap lies in, the same for those that share one. */
export function bufferOf(tap: string): string {
  const name = tap.slice(tap.lastIndexOf('.') + 1);
  return buffers.find((names) => names.includes(name))?.[0] ?? name;
}
