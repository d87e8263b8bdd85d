// Where our time goes: ms per token of each kind of op.
import { table } from './numbers.mjs';

export function opTable({ opTimes: times, timedTokens }, { prompt }) {
  const total = (key) => times.reduce((sum, time) => sum + time[key], 0);
  const cells = (key, n) => {
    const whole = total(key);
    return (ms) => `${(ms / n).toFixed(3)} (${((100 * ms) / whole).toFixed(0)} %)`;
  };
  const prefill = cells('prefillMs', prompt);
  const decode = cells('decodeMs', timedTokens);
  const rows = times.map((time) => [time.kind, prefill(time.prefillMs), decode(time.decodeMs)]);
  rows.push(['all', prefill(total('prefillMs')), decode(total('decodeMs'))]);
  return table(['ours, ms per token', 'prefill', 'decode'], rows);
}
