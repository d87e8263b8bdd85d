// Running programs, saying what happens, and where things lie. Uses Node's own modules only, since
// it runs before anything is installed.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const xdg = process.env.XDG_CACHE_HOME;
export const cache = join(xdg ? xdg : join(homedir(), '.cache'), 'nanoinfer');

/** A failure whose message is meant for the person at the terminal; no stack trace is shown. */
export class SetupError extends Error {}

/** Prints one line of progress. */
export function say(text) {
  console.log(`\x1b[1m== ${text}\x1b[0m`);
}

/** Runs a program with its output shown; a failure is a SetupError. */
export function run(command, args, options = {}) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: 'inherit', cwd: root, ...options });
    child.on('error', (error) => reject(new SetupError(`${command}: ${error.message}`)));
    child.on('exit', (code, signal) =>
      code === 0
        ? resolve()
        : reject(new SetupError(`${command} ${args.join(' ')}\n  ended with ${signal ?? code}`)),
    );
  });
}

/** What a program prints, trimmed; null if it is missing or fails. */
export function capture(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: 'utf8', cwd: root, ...options });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** The first of these programs that is on PATH; null if none is. */
export function firstProgram(...names) {
  return names.find((name) => capture('/bin/sh', ['-c', `command -v ${name}`]) !== null) ?? null;
}

export async function sha256(path) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk);
  return hash.digest('hex');
}

/** A stamp file says for which inputs a step was last done, so that a second start is quick. */
export const stamps = {
  matches: (path, key) => existsSync(path) && readFileSync(path, 'utf8') === key,
  write: (path, key) => {
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, key);
  },
};

/** Runs a script's main function: errors for people are printed plainly, others with a trace. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(`\n\x1b[31m${error instanceof SetupError ? error.message : error.stack}\x1b[0m`);
    process.exitCode = 1;
  }
}

/** True when this file was named on the command line, not imported. */
export function isMain(url) {
  return process.argv[1] === fileURLToPath(url);
}
