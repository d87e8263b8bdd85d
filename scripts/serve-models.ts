// Serves the real model from the cache folder, beside the page but never a part of it:
//   models/SmolLM2-135M-Instruct-Q4_1.gguf, with ranges, so that a broken download can go on.
import { createReadStream, statSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Connect, Plugin } from 'vite';

const xdg = process.env['XDG_CACHE_HOME'];
const models = join(xdg ? xdg : join(homedir(), '.cache'), 'nanoinfer/models');
const served = new Map([
  ['/models/SmolLM2-135M-Instruct-Q4_1.gguf', 'SmolLM2-135M-Instruct.Q4_1.gguf'],
]);

export function serveModels(): Plugin {
  const middleware: Connect.NextHandleFunction = (request, response, next) => {
    const name = served.get(new URL(request.url ?? '/', 'http://localhost').pathname);
    if (name === undefined) {
      next();
      return;
    }
    send(process.env['NANOINFER_MODEL'] ?? join(models, name), request, response);
  };
  return {
    name: 'nanoinfer:serve-models',
    configureServer: (server) => void server.middlewares.use(middleware),
    configurePreviewServer: (server) => void server.middlewares.use(middleware),
  };
}

function send(path: string, request: IncomingMessage, response: ServerResponse): void {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (!stat) {
    response.writeHead(404, { 'Content-Type': 'text/plain' });
    response.end('The model was not fetched yet: npm run model');
    return;
  }
  const etag = `"${stat.size}-${Math.trunc(stat.mtimeMs)}"`;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
  const start = range ? Number(range[1]) : 0;
  const last = range?.[2] ? Math.min(Number(range[2]), stat.size - 1) : stat.size - 1;
  response.setHeader('Accept-Ranges', 'bytes');
  response.setHeader('Cache-Control', 'no-cache');
  response.setHeader('Content-Type', 'application/octet-stream');
  response.setHeader('ETag', etag);
  if (range && (start >= stat.size || start > last)) {
    response.writeHead(416, { 'Content-Range': `bytes */${stat.size}` }).end();
    return;
  }
  response.setHeader('Content-Length', last - start + 1);
  if (range) response.setHeader('Content-Range', `bytes ${start}-${last}/${stat.size}`);
  response.writeHead(range ? 206 : 200);
  if (request.method === 'HEAD') response.end();
  else createReadStream(path, { start, end: last }).pipe(response);
}
