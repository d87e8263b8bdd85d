// What an op computes, with its own numbers: pure functions.
import type { ModelInfo, OpInfo } from '../protocol.ts';
import { value } from './format.ts';
import { scalingWords } from './rope.ts';

/** Inputs that share a scale in a quantised product. */
const block = 32;

export function opFormula(op: OpInfo, info: ModelInfo): string {
  const { kind, n_in: nIn, n_out: nOut, type = '' } = op;
  const { head_dim: headDim, n_heads: nHeads, n_kv_heads: nKvHeads } = info;
  switch (kind) {
    case 'embed':
      return `y = row of the token’s id in a table of ${info.n_vocab} × ${nOut} (${type})`;
    case 'rms_norm':
      return `y[i] = x[i] / √(mean(x²) + ε) · weight[i], mean over ${nIn} elements, ε = ${value(info.rms_eps)}`;
    case 'quantise':
      return `a = max|x| / 4095, code[i] = round(x[i] / a), for each ${block} of ${nIn} inputs: 13 bits with sign`;
    case 'matmul':
      return `y[i] = Σ W[i, j] · x[j] over ${nIn} inputs j, for ${nOut} outputs i; W is ${type}, ${productRule(type, nIn)}`;
    case 'bias':
      return `y[i] = x[i] + bias[i], ${nOut} elements`;
    case 'rope':
      return `each pair of a head (${pairWords(info)}) turns by position${scalingWords(info, 'i')} · ${value(info.rope_theta, 6)}^(−2i / ${info.n_rot}); ${nOut / headDim} heads of ${headDim}${partWords(info)}`;
    case 'kv_append':
      return `cache[position] = (k, v): ${nKvHeads} heads of ${headDim} each, in ${info.kv_type}`;
    case 'attention':
      return `score[p] = q · k[p] / √${headDim}, prob = softmax(score), z = Σ prob[p] · v[p]; ${nHeads} query heads on ${nKvHeads} of keys and values, in chunks of 64 positions`;
    case 'attention_merge':
      return `M = max of the chunks’ m, z = Σ o · exp(m − M) / Σ l · exp(m − M), over chunks of 64 positions; ${nHeads} heads of ${headDim}`;
    case 'add':
      return `x[i] = x[i] + branch[i], ${nOut} elements of the residual stream`;
    case 'swiglu':
      return `y[i] = gate[i] / (1 + exp(−gate[i])) · up[i], ${nOut} elements`;
    default:
      return kind;
  }
}

function productRule(type: string, nIn: number): string {
  const blocks = Math.ceil(nIn / block);
  if (/^(F|BF)/.test(type)) return `added up in ${blocks} blocks of ${block} inputs`;
  return `sum += (d · a) · Σ code · code for each of ${blocks} blocks of ${block} inputs`;
}

function pairWords({ rope_pairs: pairs, n_rot }: ModelInfo): string {
  return pairs === 'adjacent' ? '2i and 2i + 1' : `i and i + ${n_rot / 2}`;
}

function partWords({ n_rot, head_dim, rope_factors }: ModelInfo): string {
  const rest = n_rot < head_dim ? `, of which the first ${n_rot} elements turn` : '';
  if (!rope_factors) return rest;
  const factors = [Math.min(...rope_factors), Math.max(...rope_factors)];
  return `${rest}; the file’s f are ${factors.map((f) => value(f)).join(' to ')}`;
}
