// This engine as the native command-line program: `nanoinfer bench`, a process for every run, which
// warms itself up.
import { join } from 'node:path';
import { capture, root, SetupError } from '../../../scripts/setup/process.mjs';

const program = join(root, 'build/release/nanoinfer');

export function open({ model, threads }) {
  const about = { threads, build: 'native', warm: true };
  const run = ({ ids, prompt }) => {
    const generate = ids.length - prompt;
    const counts = ['-p', `${prompt}`, '-n', `${generate}`, '-r', '1'];
    const args = ['bench', '--model', model, '--threads', `${threads}`, ...counts, '--json'];
    const text = capture(program, args);
    if (text === null) throw new SetupError(`${program} ${args.join(' ')} failed`);
    const result = JSON.parse(text);
    about.kernels = result.kernels;
    return {
      prefillMs: (prompt * 1000) / result.prefill_tokens_per_s.median,
      decodeMs: (generate * 1000) / result.decode_tokens_per_s.median,
    };
  };
  return { about, run, close: () => undefined };
}
