import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { defineConfig, type Plugin } from 'vite';
import { VitePWA } from 'vite-plugin-pwa';
import { engineSource } from './scripts/engine-source.ts';
import { serveModels } from './scripts/serve-models.ts';

const root = fileURLToPath(new URL('.', import.meta.url));
const built = join(root, 'public/engine');

// Threads need an isolated page. NANOINFER_PLAIN=1 serves without these headers, as most hosts do.
const headers: Record<string, string> = process.env['NANOINFER_PLAIN']
  ? {}
  : {
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    };

export default defineConfig(({ command }) => ({
  root: join(root, 'web'),
  publicDir: join(root, 'public'),
  // Works in any folder of any host.
  base: './',
  // A missing file is a 404 and not this page.
  appType: 'mpa',
  build: {
    outDir: join(root, 'dist'),
    emptyOutDir: true,
    target: 'es2022',
    modulePreload: { polyfill: false },
    rolldownOptions: { input: ['index.html', 'lab.html'].map((page) => join(root, 'web', page)) },
  },
  worker: { format: 'es' },
  server: { headers },
  preview: { headers, port: 4173 },
  define: { __ENGINE_FOLDER__: JSON.stringify(command === 'build' ? engineFolder() : 'engine') },
  plugins: [
    engineByContent(),
    preloadedPage(),
    engineSource(),
    serveModels(),
    VitePWA({
      strategies: 'injectManifest',
      srcDir: 'src',
      filename: 'sw.ts',
      injectRegister: false,
      manifest: {
        name: 'nanoinfer',
        short_name: 'nanoinfer',
        description: 'A language model that runs inside this page',
        start_url: './',
        scope: './',
        display: 'standalone',
        background_color: '#f3f1ea',
        theme_color: '#f3f1ea',
        icons: [
          { src: 'icons/nanoinfer-192.png', sizes: '192x192', type: 'image/png' },
          { src: 'icons/nanoinfer-512.png', sizes: '512x512', type: 'image/png' },
          { src: 'icons/nanoinfer.svg', sizes: 'any', type: 'image/svg+xml' },
        ],
      },
      injectManifest: {
        // The pages, the engine's four builds and the tiny model; never a real model.
        globPatterns: [
          '*.html',
          'assets/*',
          'icons/*',
          'engine-*/nanoinfer-*.{mjs,wasm}',
          'models/glass-qwen2.gguf',
        ],
        // These carry a hash of their content in their address.
        dontCacheBustURLsMatching: /^(assets|engine-[0-9a-f]+)\//,
        maximumFileSizeToCacheInBytes: 8 << 20,
      },
    }),
  ],
}));

/** 'engine-<hash>': scripts of one build can never fetch the wasm files of another. */
function engineFolder(): string {
  const hash = createHash('sha256');
  if (existsSync(built)) {
    for (const name of readdirSync(built).sort()) {
      hash.update(name).update(readFileSync(join(built, name)));
    }
  }
  return `engine-${hash.digest('hex').slice(0, 12)}`;
}

/** A page's first script imports the rest once it has run: the browser fetches both at once. */
function preloadedPage(): Plugin {
  return {
    name: 'nanoinfer:preloaded-page',
    apply: 'build',
    transformIndexHtml(_html, { bundle, chunk }) {
      const rest = chunk?.dynamicImports.filter((name) => /\/(chat|lab)-page-/.test(name)) ?? [];
      const files = rest.flatMap((name) => {
        const found = bundle?.[name];
        return found?.type === 'chunk' ? [name, ...found.imports] : [];
      });
      return [...new Set(files)].map((name) => ({
        tag: 'link',
        injectTo: 'head' as const,
        attrs: { rel: 'modulepreload', crossorigin: true, href: `./${name}` },
      }));
    },
  };
}

/** Puts the wasm files, which are copied as they are, into the folder named after their content. */
function engineByContent(): Plugin {
  return {
    name: 'nanoinfer:engine-by-content',
    apply: 'build',
    writeBundle({ dir }) {
      const copied = join(dir ?? '', 'engine');
      const named = join(dir ?? '', engineFolder());
      if (!existsSync(copied)) return;
      rmSync(named, { recursive: true, force: true });
      renameSync(copied, named);
    },
  };
}
