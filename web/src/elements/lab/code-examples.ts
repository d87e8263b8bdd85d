// Code for the panel to begin with. Each runs on any model that has three layers.

export interface CodeExample {
  title: string;
  code: string;
}

export const codeExamples: readonly CodeExample[] = [
  {
    title: 'A sampler of your own',
    code: `// The likeliest token, but never the one before it.
lab.sampler((logits, ctx, rng) => {
  let best = 0;
  for (let id = 1; id < logits.length; ++id) {
    if (id !== ctx.ids.at(-1) && logits[id] > logits[best]) best = id;
  }
  return best;
});`,
  },
  {
    title: 'Ban a token',
    code: `// The likeliest token is banned: whoever draws has to take another.
lab.logits((logits, ctx) => {
  let best = 0;
  for (let id = 1; id < logits.length; ++id) {
    if (logits[id] > logits[best]) best = id;
  }
  logits[best] = -Infinity;
});`,
  },
  {
    title: 'Silence a head',
    code: `// Head 1 of layer 2 says nothing. t.data: t.rows heads of t.cols numbers each.
const head = 1;
lab.on('L.2.z', (t, ctx) => {
  t.data.fill(0, head * t.cols, (head + 1) * t.cols);
});`,
  },
  {
    title: 'Attention from its definition',
    code: `// softmax(q · K × scale) V in layer 2. How far from the engine's: see below.
lab.replace('attn', { layers: [2] }, ({ q, K, V, out, scale }) => {
  const group = q.length / K[0].length; // query heads that share a KV head
  q.forEach((query, head) => {
    const kv = Math.floor(head / group);
    const dot = (key) => key.reduce((sum, x, d) => sum + x * query[d], 0);
    const scores = K.map((keys) => scale * dot(keys[kv]));
    const most = Math.max(...scores);
    const weights = scores.map((score) => Math.exp(score - most));
    const total = weights.reduce((sum, weight) => sum + weight);
    for (let d = 0; d < query.length; ++d) {
      out[head][d] = V.reduce((sum, v, p) => sum + weights[p] * v[kv][d], 0) / total;
    }
  });
});`,
  },
  {
    title: 'No attention to token 0',
    code: `// Heads with nothing to say rest on token 0: here none but its own sees it.
// t.data: t.rows heads of t.cols scores each, one for every position so far.
lab.on('L.*.scores', (t, ctx) => {
  if (ctx.position === 0) return;
  for (let head = 0; head < t.rows; ++head) t.data[head * t.cols] = -Infinity;
});`,
  },
];
