// What the figures were measured on.
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { join } from 'node:path';
import { capture } from '../../scripts/setup/process.mjs';
import { systemName } from '../../scripts/setup/debian.mjs';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return null; // not Linux
  }
};

const interesting = /^(avx|amx|fma$|f16c$|asimd|i8mm|sve)/;

/** {"L2": bytes, ...} of one core: data and unified caches. */
function caches() {
  const folder = '/sys/devices/system/cpu/cpu0/cache';
  if (!existsSync(folder)) return {};
  const units = { K: 1024, M: 1024 ** 2 };
  const sizes = {};
  for (const index of readdirSync(folder).filter((name) => name.startsWith('index'))) {
    const of = (name) => read(join(folder, index, name));
    const [, number, unit] = /^(\d+)([KM])$/.exec(of('size')) ?? [];
    if (of('type') !== 'Instruction' && number) sizes[`L${of('level')}`] = number * units[unit];
  }
  return sizes;
}

export function machine() {
  const info = read('/proc/cpuinfo') ?? '';
  const flags = /^(?:flags|Features)\s*: (.*)$/m.exec(info)?.[1].split(' ') ?? [];
  return {
    cpu: cpus()[0].model,
    cores: cpus().length,
    flags: flags.filter((flag) => interesting.test(flag)),
    caches: caches(),
    memoryBytes: totalmem(),
    system: systemName(),
  };
}

/** x86 units that WebAssembly's 128-bit SIMD cannot reach. */
export const hasWiderUnits = ({ flags }) => flags.some((flag) => /^(avx512|amx)/.test(flag));

/** The commit, with a digest of what differs from it in anything that is measured. */
export function commit() {
  const name = capture('git', ['rev-parse', '--short', 'HEAD']) ?? 'unknown';
  const paths = ['engine', 'web', 'cmake', 'tests/bench', 'scripts'];
  const changes = capture('git', ['diff', 'HEAD', '--', ...paths]);
  if (!changes) return name;
  return `${name}+${createHash('sha256').update(changes).digest('hex').slice(0, 8)}`;
}
