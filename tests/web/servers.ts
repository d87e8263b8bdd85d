// Servers of a test's own, for what the page's server does not do: other origins, broken
// connections, another build, and being stopped.
import { readdirSync, readFileSync } from 'node:fs';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';

export interface TestServer {
  url: string;
  stop(): Promise<void>;
}

export async function serve(listener: RequestListener): Promise<TestServer> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://localhost:${port}`,
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Serves one body; `headers` say who may read it. */
export function serveBody(body: Buffer, headers: Record<string, string> = {}): Promise<TestServer> {
  return serve((_, response) => {
    response.writeHead(200, { 'Content-Length': body.length, ...headers });
    response.end(body);
  });
}

/** Announces the whole file, sends half of it, and then drops the line or stays silent. */
export function serveHalf(body: Buffer, drops = false): Promise<TestServer> {
  return serve((_, response) => {
    response.writeHead(200, {
      'Content-Length': body.length,
      'Access-Control-Allow-Origin': '*',
    });
    response.write(body.subarray(0, body.length / 2), () => {
      if (drops) setTimeout(() => response.destroy(), 200);
    });
  });
}

/** The files of a built page by path. */
export type Build = ReadonlyMap<string, Buffer>;

export function readBuild(folder: string): Build {
  const names = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return new Map(names.map((name) => [name.slice(folder.length), readFileSync(name)]));
}

const types: Record<string, string> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};

/** Serves the build that `current` gives at the time, as a static host does. */
export function serveBuild(current: () => Build, isolated: boolean): Promise<TestServer> {
  const isolation = {
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  };
  return serve((request, response) => {
    const { pathname } = new URL(request.url ?? '/', 'http://localhost');
    const path = pathname.endsWith('/') ? `${pathname}index.html` : pathname;
    const body = current().get(path);
    if (!body) {
      response.writeHead(404).end();
      return;
    }
    response.writeHead(200, {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      'Content-Length': body.length,
      'Cache-Control': 'no-cache',
      ...(isolated ? isolation : {}),
    });
    response.end(body);
  });
}
