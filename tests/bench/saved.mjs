// Results on disk: saved after every cell, taken up again by a run of the same commit, machine and
// settings.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../scripts/setup/process.mjs';

const folder = join(root, 'build/bench');

/**
 * `about`: what figures depend on; `facts`: what is merely written down with them.
 * Returns {path, report, has(cell), save(cell, result)}.
 */
export function openTable(about, facts, { again = false } = {}) {
  const key = createHash('sha256').update(JSON.stringify(about)).digest('hex').slice(0, 12);
  const path = join(folder, `table-${key}.json`);
  const fresh = { ...about, cells: {} };
  const report =
    existsSync(path) && !again ? JSON.parse(readFileSync(path, 'utf8')) : { ...fresh, ...facts };
  return {
    path,
    report,
    has: ({ id }) => report.cells[id] !== undefined,
    save({ id }, result) {
      report.cells[id] = { ...result, date: new Date().toISOString() };
      mkdirSync(folder, { recursive: true });
      writeFileSync(`${path}.part`, JSON.stringify(report, null, 1));
      renameSync(`${path}.part`, path);
    },
  };
}
