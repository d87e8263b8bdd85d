// Serves the built page, the peers and one model on loopback, isolated, so that threads work.
import { createReadStream, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, sep } from 'node:path';
import { root } from '../../scripts/setup/process.mjs';
import { peersFolder } from './peers.mjs';

const types = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.wasm': 'application/wasm',
};
const isolation = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};
const folders = {
  '/peers/': peersFolder,
  '/engine/': join(root, 'public/engine'),
  '/bench/': join(root, 'tests/bench/browser'),
  '/': join(root, 'dist'),
};

/**
 * `/` is dist/, `/peers/` the peers' packages, `/engine/` the wasm files, `/bench/` the benchmark's
 * own workers, `/blank` an empty page, `/model.gguf` the model.
 */
export async function serve(model) {
  const server = createServer((request, response) => {
    const path = new URL(request.url, 'http://localhost').pathname;
    if (path === '/blank') {
      response.writeHead(200, { ...isolation, 'Content-Type': 'text/html' });
      response.end('<!doctype html><title>benchmark</title>');
    } else if (path === '/model.gguf') {
      sendFile(model, response);
    } else {
      const start = Object.keys(folders).find((prefix) => path.startsWith(prefix));
      sendFile(inside(folders[start], path.slice(start.length)), response);
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}`,
    close: () => server.close(),
  };
}

function inside(folder, path) {
  const file = join(folder, decodeURIComponent(path));
  return file.startsWith(folder + sep) ? file : null;
}

function sendFile(path, response) {
  const stat = path ? statSync(path, { throwIfNoEntry: false }) : undefined;
  if (!stat?.isFile()) {
    response.writeHead(404, isolation).end();
    return;
  }
  response.writeHead(200, {
    ...isolation,
    'Content-Type': types[extname(path)] ?? 'application/octet-stream',
    'Content-Length': stat.size,
    // As hosts of static files say it; without this a browser keeps no scripts for the next visit.
    'Last-Modified': stat.mtime.toUTCString(),
    'Cache-Control': 'public, max-age=3600',
  });
  createReadStream(path).pipe(response);
}
