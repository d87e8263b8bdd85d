// Runs a test program that was built as a wasm ES module in headless Chromium, isolated, in a worker:
//   node scripts/chromium-gtest.mjs build/wasm-relaxed-threads/engine_tests.mjs [arguments]
// The program sees tests/fixtures, public and the files named by NANOINFER_* at their real paths.
import { createReadStream, existsSync, readdirSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { basename, dirname, extname, isAbsolute, join, resolve } from 'node:path';
import { chromium } from '@playwright/test';
import { chromiumOptions } from './setup/chromium.mjs';
import { isMain, main, root, SetupError } from './setup/process.mjs';

const types = { '.html': 'text/html', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

// Runs in the worker. Files are copied into the program's memory file system before it starts.
const workerSource = `
  onmessage = ({ data }) => run(data).catch((error) => postMessage({ error: String(error) }));
  async function run({ program, files, args, env }) {
    const contents = await Promise.all(files.map(async (path) => {
      const response = await fetch('/file' + encodeURI(path));
      return new Uint8Array(await response.arrayBuffer());
    }));
    const { default: start } = await import(program);
    const say = (line) => postMessage({ line });
    await start({
      arguments: args, env, print: say, printErr: say,
      preRun: [({ FS }) => files.forEach((path, i) => {
        FS.mkdirTree(path.slice(0, path.lastIndexOf('/')));
        FS.writeFile(path, contents[i]);
      })],
      onExit: (code) => postMessage({ code }),
      onAbort: (what) => { say('aborted: ' + what); postMessage({ code: 134 }); },
    });
  }
`;

/** Runs the program; resolves to its exit code. `onLine` gets each line that it prints. */
export async function runInChromium(program, args, onLine = console.log) {
  const files = [join(root, 'tests/fixtures'), join(root, 'public')].flatMap(listFiles);
  const env = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (name.startsWith('NANOINFER_') || name.startsWith('GTEST_')) env[name] = value;
  }
  files.push(...Object.values(env).filter((value) => isAbsolute(value) && existsSync(value)));
  const server = await serve(dirname(resolve(program)), new Set(files));
  const browser = await chromium.launch(chromiumOptions());
  try {
    const page = await browser.newPage();
    let finish;
    const exit = new Promise((resolveExit) => (finish = resolveExit));
    await page.exposeFunction('report', ({ line, code, error }) => {
      if (line !== undefined) onLine(line);
      if (error !== undefined) onLine(error);
      if (code !== undefined || error !== undefined) finish(code ?? 1);
    });
    page.on('crash', () => finish(134));
    await page.goto(`http://127.0.0.1:${server.address().port}/`);
    await page.evaluate(
      ({ job }) => {
        const worker = new globalThis.Worker('/worker.mjs', { type: 'module' });
        worker.onmessage = ({ data }) => globalThis.report(data);
        worker.onerror = ({ message }) => globalThis.report({ error: `worker: ${message}` });
        worker.postMessage(job);
      },
      { job: { program: `/${basename(program)}`, files, args, env } },
    );
    return await exit;
  } finally {
    await browser.close();
    server.close();
  }
}

function listFiles(folder) {
  const entries = readdirSync(folder, { withFileTypes: true, recursive: true });
  return entries.filter((entry) => entry.isFile()).map(({ path, name }) => join(path, name));
}

async function serve(folder, files) {
  const server = createServer((request, response) => {
    const path = decodeURI(new URL(request.url, 'http://localhost').pathname);
    const headers = {
      'Content-Type': types[extname(path)] ?? 'application/octet-stream',
      'Cross-Origin-Opener-Policy': 'same-origin',
      'Cross-Origin-Embedder-Policy': 'require-corp',
    };
    if (path === '/') {
      return response.writeHead(200, { ...headers, 'Content-Type': 'text/html' }).end();
    }
    if (path === '/worker.mjs') return response.writeHead(200, headers).end(workerSource);
    const file = path.startsWith('/file/') ? path.slice('/file'.length) : join(folder, path);
    if (path.startsWith('/file/') && !files.has(file)) return response.writeHead(404).end();
    if (!statSync(file, { throwIfNoEntry: false })) return response.writeHead(404).end();
    createReadStream(file).pipe(response.writeHead(200, headers));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return server;
}

if (isMain(import.meta.url)) {
  await main(async () => {
    const [program, ...args] = process.argv.slice(2);
    if (!program)
      throw new SetupError('usage: node scripts/chromium-gtest.mjs PROGRAM.mjs [arguments]');
    process.exitCode = await runInChromium(program, args);
  });
}
