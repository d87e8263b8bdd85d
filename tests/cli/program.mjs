// Runs the native program for the tests beside this file.
import { Buffer } from 'node:buffer';
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../../', import.meta.url));
/** Path of the program. */
export const program = process.env.NANOINFER_PROGRAM ?? join(root, 'build/release/nanoinfer');

export const scratch = mkdtempSync(join(tmpdir(), 'nanoinfer-cli-'));

/** A fixture model: its file, its ids and its golden greedy tokens. */
export function fixture(name) {
  const file = join(root, 'tests/fixtures/models', name);
  return { file: `${file}.gguf`, ...JSON.parse(readFileSync(`${file}.ids.json`, 'utf8')) };
}

export function chatFixture() {
  return JSON.parse(readFileSync(join(root, 'tests/fixtures/chat/capital.json'), 'utf8'));
}

/** The real model; a test of it fails where the file is missing. */
export function realModel() {
  const file = process.env.NANOINFER_MODEL;
  if (!file) throw new Error('NANOINFER_MODEL names no file: run the tests by npm test');
  return file;
}

/**
 * Resolves to { code, signal, out, err }; `out` is a Buffer. `input` is what the program reads;
 * `kilobytes`, if given, is the most address space that it gets.
 */
export function nanoinfer(args, { input = '', onOutput = () => {}, kilobytes } = {}) {
  return new Promise((resolve, reject) => {
    const limited = ['-c', `ulimit -v ${kilobytes}; exec "$0" "$@"`, program, ...args];
    const child = kilobytes ? spawn('/bin/sh', limited) : spawn(program, args);
    const out = [];
    let err = '';
    child.stdout.on('data', (piece) => {
      out.push(piece);
      onOutput(child);
    });
    child.stderr.setEncoding('utf8').on('data', (piece) => (err += piece));
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, out: Buffer.concat(out), err }));
    child.stdin.on('error', () => {}); // it may end before it has read everything
    child.stdin.end(input);
  });
}

/** The output of a call that must succeed and say nothing on stderr. */
export async function output(args, options) {
  const { code, signal, out, err } = await nanoinfer(args, options);
  if (code !== 0 || err !== '')
    throw new Error(`${args.join(' ')}: exit ${code ?? signal}: ${err}`);
  return out;
}

export const text = async (args, options) => (await output(args, options)).toString('utf8');
export const json = async (args, options) => JSON.parse(await text(args, options));
export const jsonLines = async (args, options) =>
  (await text(args, options))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

/** Names of the kernel sets that the program holds, the definition first. */
export async function kernelSets() {
  const help = await text(['logits', '--help']);
  return /--kernels NAME +(.*) \(default/.exec(help)[1].split(', ');
}
