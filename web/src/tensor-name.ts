/** What a tensor is called in a file: 'blk.3.attn_k.bias'. Layer -1: before or after the layers. */
export function tensorName(layer: number, name: string): string {
  return `${layer < 0 ? '' : `blk.${layer}.`}${name}`;
}
