/** Some tokens, the likeliest first. */
export interface Likeliest {
  ids: Int32Array;
  /** Among all tokens. */
  p: Float32Array;
}

/** The n likeliest of logits (nVocab), 1 <= n <= nVocab; of equals the one before. */
export function likeliest(logits: Float32Array, n: number): Likeliest {
  const ids = new Int32Array(n);
  const found = new Float32Array(n).fill(-Infinity);
  for (let id = 0; id < logits.length; ++id) {
    const logit = logits[id]!;
    if (id >= n && !(logit > found[n - 1]!)) continue;
    let at = Math.min(id, n - 1);
    for (; at > 0 && logit > found[at - 1]!; --at) {
      found[at] = found[at - 1]!;
      ids[at] = ids[at - 1]!;
    }
    found[at] = logit;
    ids[at] = id;
  }
  const most = found[0]!;
  let sum = 0;
  for (const logit of logits) sum += Math.exp(logit - most);
  return { ids, p: found.map((logit) => Math.exp(logit - most) / sum) };
}
