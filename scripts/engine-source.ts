// `import('virtual:engine-source')`: the engine's source and which of it each op runs, as a module of its
// own that is fetched when a reader asks for it.
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';
import { sourceFiles, sourceMap } from './source-map/source-map.mjs';

const name = 'virtual:engine-source';
const resolved = `\0${name}`;
const root = fileURLToPath(new URL('..', import.meta.url));

export function engineSource(): Plugin {
  return {
    name: 'nanoinfer:engine-source',
    resolveId: (id) => (id === name ? resolved : null),
    load(id) {
      if (id !== resolved) return null;
      for (const file of sourceFiles()) this.addWatchFile(join(root, file));
      return `export default ${JSON.stringify(sourceMap())};`;
    },
  };
}
