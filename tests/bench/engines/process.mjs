// An engine in a process of its own that answers lines of JSON: first a line about itself once the
// model is loaded, then one line for each line that it is given.
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { root, SetupError } from '../../../scripts/setup/process.mjs';

/** {about, call(message), close()} */
export async function openProcess(command, args, env = {}) {
  const child = spawn(command, args, {
    cwd: root,
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  });
  let complaint = '';
  child.stderr.on('data', (data) => (complaint = (complaint + data).slice(-2000)));
  const failed = new Promise((_, reject) => {
    const fail = (why) => reject(new SetupError(`${command} ${args[0]}: ${why}\n${complaint}`));
    child.on('error', (error) => fail(error.message));
    child.on('close', (code, signal) => fail(`it ended with ${signal ?? code}`));
  });
  failed.catch(() => undefined); // an end that was asked for is none
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const nextLine = async () => {
    const { value, done } = await lines.next();
    return done ? failed : JSON.parse(value);
  };
  const about = await nextLine();
  return {
    about,
    call(message) {
      child.stdin.write(`${JSON.stringify(message)}\n`);
      return nextLine();
    },
    async close() {
      child.stdin.end();
      await failed.catch(() => undefined);
    },
  };
}
