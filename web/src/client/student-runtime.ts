// What surrounds a reader's own code in its worker: `lab`, by which the code says what it gives, and
// the answers to the page's questions. It goes there as text, so it uses nothing but itself.

/** What a call of `lab` has given. */
export interface Given {
  kind: 'sampler' | 'logits' | 'on' | 'replace';
  /** Taps by name, of 'on'; of a 'replace' that was `lab.on` scores, these. */
  pattern: string;
  /** 'replace': of these layers; null: of all. */
  layers: readonly number[] | null;
  /** Where the call stands. */
  stack: string;
}

interface Asked {
  /** Which of those given. */
  piece: number;
  /** Tokens up to the last position that is asked about. */
  ids: number[];
}

/** Rows of positions `first`, first + 1, ... */
interface AskedRows extends Asked {
  layer: number;
  first: number;
}

export interface Questions {
  given: { asks: Record<string, never>; answer: { given: Given[] } };
  sampler: { asks: Asked & { logits: Float32Array; seed: number }; answer: { id: unknown } };
  /** One row of the logits. */
  logits: { asks: Asked & { data: Float32Array }; answer: { data: Float32Array } };
  /** (n, rows, cols) of a tap. */
  on: {
    asks: AskedRows & {
      tap: { name: string; unit: string; rows: number; cols: number };
      data: Float32Array;
    };
    answer: { data: Float32Array };
  };
  /** q, z (n, n_heads, head_dim), z the engine's own; k, v (first + n, n_kv_heads, head_dim). */
  replace: {
    asks: AskedRows & {
      q: Float32Array;
      k: Float32Array;
      v: Float32Array;
      z: Float32Array;
      headDim: number;
      scale: number;
      /** Scores that edits hide: of queries [from, to), of one head or of all, for positions [keys]. */
      masks: { keys: [number, number]; head: number | null; from: number; to: number }[];
    };
    answer: { data: Float32Array };
  };
}

export type QuestionKind = keyof Questions;

export type Question = {
  [K in QuestionKind]: { nth: number; kind: K } & Questions[K]['asks'];
}[QuestionKind];

export type Reply = { nth: number } & ({ error: string } | Questions[QuestionKind]['answer']);

/** Runs in the worker, before the reader's first line. */
export function studentRuntime(): void {
  type Code = (...args: unknown[]) => unknown;
  const given: (Given & { code: Code })[] = [];
  let engineHeads: Float32Array[] | null = null;
  /** (heads, positions) of one query. */
  interface Scores {
    data: Float32Array;
    hidden: boolean[];
  }
  /** Hooks of scores, in their order. */
  const overScores: { layers: readonly number[] | null; code: Code }[] = [];
  /** What the hooks of one layer have left so far, by position. */
  const left = new Map<number, Scores>();
  let leftOf = -1;
  let masks: Questions['replace']['asks']['masks'] = [];

  // Thrown when the page asks: of what is thrown before, it is told the line that threw.
  let misuse: TypeError | null = null;
  const misused = (message: string) => {
    misuse ??= new TypeError(message);
  };

  const give = (code: unknown, call: Partial<Given> & Pick<Given, 'kind'>) => {
    if (typeof code !== 'function') {
      misused(`lab.${call.kind} takes a function.`);
      return;
    }
    const stack = String(new Error().stack);
    given.push({ pattern: '', layers: null, stack, ...call, code: code as Code });
  };

  const lab = {
    sampler: (code: unknown) => give(code, { kind: 'sampler' }),
    logits: (code: unknown) => give(code, { kind: 'logits' }),
    on(what: unknown, code: unknown) {
      const pattern = String(what);
      const layer = /^L\.(\*|\d+)\.scores$/.exec(pattern)?.[1];
      const isCode = typeof code === 'function';
      if (layer === undefined || !isCode) give(code, { kind: 'on', pattern });
      else {
        const layers = layer === '*' ? null : [Number(layer)];
        overScores.push({ layers, code: code as Code });
        give(withScores(overScores.length - 1), { kind: 'replace', pattern, layers });
      }
    },
    replace(what: unknown, ...rest: unknown[]) {
      const code = rest.at(-1);
      const options = (rest.length > 1 ? rest[0] : null) as { layers?: number[] } | null;
      const layers = options?.layers ?? null;
      if (what !== 'attn') misused("lab.replace can replace 'attn', and nothing else.");
      else if (layers && !Array.isArray(layers)) misused('layers is a list: { layers: [2] }.');
      else give(code, { kind: 'replace', layers: layers && layers.map(Number) });
    },
    ref: {
      attn() {
        if (engineHeads) return engineHeads;
        throw new Error("lab.ref.attn() is there while the code of lab.replace('attn', ...) runs.");
      },
    },
  };
  Object.assign(globalThis, { lab });

  /** mulberry32, begun with the seed and the position: the same run gives the same numbers. */
  const numbersFrom = (seed: number, position: number) => {
    let s = seed ^ Math.imul(position + 1, 0x9e3779b1);
    return () => {
      s = (s + 0x6d2b79f5) | 0;
      let t = Math.imul(s ^ (s >>> 15), 1 | s);
      t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
      return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
    };
  };

  /** What the code has left in `from` comes to stand in `into`, if it is another array. */
  const put = (into: Float32Array, from: unknown, what: string) => {
    if (from === into) return;
    const { length } = (from ?? []) as ArrayLike<number>;
    if (length !== into.length) {
      throw new Error(`${what} holds ${into.length} values, and not ${String(length)}.`);
    }
    into.set(from as ArrayLike<number>);
  };

  const heads = (row: Float32Array, headDim: number) =>
    Array.from({ length: row.length / headDim }, (_, head) =>
      row.subarray(head * headDim, (head + 1) * headDim),
    );
  const rowsOf = (data: Float32Array, n: number) => heads(data, data.length / n);

  /** One query, and all that it meets. */
  interface Attention {
    q: Float32Array[];
    K: Float32Array[][];
    V: Float32Array[][];
    out: Float32Array[];
    scale: number;
    layer: number;
    position: number;
    ids: number[];
  }

  /**
   * Attention in two halves, with the n-th hook of scores between them: the kernel never has all scores
   * of a row at once, so they are computed here, from its q and K. The layer's next hook goes on from
   * what this one leaves.
   */
  function withScores(n: number): Code {
    const { code } = overScores[n]!;
    return (asked) => {
      const { q, K, V, out, layer, position, ids } = asked as Attention;
      const [rows, cols] = [q.length, position + 1];
      const group = rows / K[0]!.length;
      const isFirst = !overScores.slice(0, n).some((one) => one.layers?.includes(layer) ?? true);
      if (isFirst && leftOf !== layer) left.clear();
      leftOf = layer;
      const row = (isFirst ? undefined : left.get(position)) ?? scoresOf(asked as Attention);
      left.set(position, row);
      const { data } = row;
      const t = { name: `L.${layer}.scores`, unit: '1', rows, cols, data };
      code(t, { ids, position, layer });
      put(data, t.data, 't.data');
      heads(data, cols).forEach((scores, head) => {
        const most = Math.max(...scores);
        if (most === -Infinity && row.hidden[head]) return; // As the engine: nothing seen adds nothing.
        const kvHead = Math.floor(head / group);
        const weights = Array.from(scores, (score) => Math.exp(score - most));
        const total = weights.reduce((sum, weight) => sum + weight);
        const into = out[head]!;
        for (let d = 0; d < into.length; ++d) {
          into[d] = weights.reduce((sum, w, p) => sum + w * V[p]![kvHead]![d]!, 0) / total;
        }
      });
    };
  }

  /** A position's scores, and which heads see nothing, by edits that hide positions. */
  function scoresOf({ q, K, scale, position }: Attention): Scores {
    const [rows, cols] = [q.length, position + 1];
    const group = rows / K[0]!.length;
    const data = new Float32Array(rows * cols);
    q.forEach((query, head) => {
      const kvHead = Math.floor(head / group);
      K.forEach((key, p) => {
        let sum = 0;
        for (let d = 0; d < query.length; ++d) sum += query[d]! * key[kvHead]![d]!;
        data[head * cols + p] = scale * sum;
      });
    });
    for (const { keys, head: only, from, to } of masks) {
      if (position < from || position >= to) continue;
      heads(data, cols).forEach((scores, head) => {
        if (only === null || only === head) scores.fill(-Infinity, keys[0], keys[1]);
      });
    }
    const hidden = heads(data, cols).map((scores) => scores.every((score) => score === -Infinity));
    return { data, hidden };
  }

  type Answers = {
    [K in QuestionKind]: (asks: Questions[K]['asks']) => Questions[K]['answer'];
  };
  const answers: Answers = {
    given() {
      if (misuse) throw misuse;
      const calls = given.map(({ kind, pattern, layers, stack }) => ({
        kind,
        pattern,
        layers,
        stack,
      }));
      return { given: calls };
    },
    sampler({ piece, logits, ids, seed }) {
      const ctx = { ids, position: ids.length };
      return { id: given[piece]!.code(logits, ctx, numbersFrom(seed, ids.length)) };
    },
    logits({ piece, data, ids }) {
      const other = given[piece]!.code(data, { ids, position: ids.length });
      if (other !== undefined) put(data, other, 'A row of logits');
      return { data };
    },
    on({ piece, tap, data, layer, first, ids }) {
      rowsOf(data, ids.length - first).forEach((row, i) => {
        const position = first + i;
        const t = { ...tap, data: row };
        given[piece]!.code(t, { ids: ids.slice(0, position + 1), position, layer });
        put(row, t.data, 't.data');
      });
      return { data };
    },
    replace({ piece, q, k, v, z, layer, first, ids, headDim, scale, masks: hidden }) {
      masks = hidden;
      const n = ids.length - first;
      const data = new Float32Array(z.length);
      const keys = rowsOf(k, ids.length).map((row) => heads(row, headDim));
      const values = rowsOf(v, ids.length).map((row) => heads(row, headDim));
      const queries = rowsOf(q, n);
      const engine = rowsOf(z, n);
      rowsOf(data, n).forEach((row, i) => {
        const position = first + i;
        engineHeads = heads(engine[i]!.slice(), headDim);
        const own = heads(row, headDim);
        const out = [...own];
        given[piece]!.code({
          q: heads(queries[i]!, headDim),
          K: keys.slice(0, position + 1),
          V: values.slice(0, position + 1),
          out,
          scale,
          layer,
          position,
          ids: ids.slice(0, position + 1),
        });
        own.forEach((into, head) => put(into, out[head], `out[${head}]`));
      });
      engineHeads = null;
      return { data };
    },
  };

  addEventListener('message', ({ data: { nth, kind, ...asks } }: MessageEvent<Question>) => {
    let reply: Reply;
    try {
      reply = { nth, ...answers[kind](asks as never) };
    } catch (thrown) {
      const { message, stack } = thrown as Partial<Error>;
      // Not every browser's stack begins with the message.
      const text = stack?.includes(message ?? '') ? stack : `${String(thrown)}\n${stack ?? ''}`;
      reply = { nth, error: text.slice(0, 4000) };
    }
    globalThis.postMessage(reply);
  });
  globalThis.postMessage({ nth: 0 }); // It runs: from now on time counts.
}
