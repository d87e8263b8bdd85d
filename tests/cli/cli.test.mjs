// The native program from outside: what it prints, and how it ends.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, truncateSync, writeFileSync, copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fixture, json, jsonLines, nanoinfer, output, scratch, text } from './program.mjs';

const tiny = fixture('llama-q4_0');
const ids = tiny.ids.join(',');

const commands = ['info', 'tokenize', 'detokenize', 'logits', 'run', 'bench', 'perplexity'];

/** The float32 logits (n_tokens, n_vocab) of ids, as `logits` writes them. */
async function logits(file, tokens, more = []) {
  const path = join(scratch, `logits-${Math.random()}.f32`);
  await output(['logits', '--model', file, '--ids', tokens, '--out', path, ...more]);
  return readFileSync(path);
}

/** A copy of a file in which the first `from` reads `to`, which is as long. */
function changed(file, from, to) {
  const copy = join(scratch, `changed-${Math.random()}.gguf`);
  writeFileSync(copy, readFileSync(file, 'latin1').replace(from, to), 'latin1');
  return copy;
}

test('help goes to stdout, for the program and each command', async () => {
  const all = await text(['--help']);
  for (const command of commands) {
    assert.match(all, new RegExp(`^  ${command} `, 'm'));
    const help = await text([command, '--help']);
    assert.match(help, new RegExp(`^usage: nanoinfer ${command}`));
    assert.match(help, /--help/);
  }
  assert.match(await text(['--version']), /^nanoinfer \d+\.\d+\.\d+\n$/);
});

test('a wrong command line ends with 2 and one line on stderr', async () => {
  const model = ['--model', tiny.file];
  const wrong = [
    ['frobnicate'],
    ['info'],
    ['info', tiny.file, '--frobnicate'],
    ['info', tiny.file, tiny.file],
    ['info', tiny.file, '--json=yes'],
    ['tokenize', '--text', 'a'],
    ['tokenize', '--model'],
    ['logits', ...model, '--ids', ids],
    ['logits', ...model, '--ids', ids, '--top', '-1'],
    ['logits', ...model, '--ids', ids, '--top', 'many'],
    ['logits', ...model, '--ids', ids, '--top', '1', '--kernels', 'magic'],
    ['logits', ...model, '--ids', ids, '--top', '1', '--threads', '65'],
    ['logits', ...model, '--ids', ids, '--top', '1', '--threads', '0'],
    ['logits', ...model, '--ids', ids, '--top', '1', '--batch', '0'],
    ['logits', ...model, '--ids', ids, '--top', '1', '--batch', '9999'],
    ['run', ...model, '--ids', ids, '--ctx', '2000000'],
    ['run', ...model, '--ids', ids, '--ctx', '0'],
    ['run', ...model],
    ['run', ...model, '--ids', '1', '--prompt', 'a'],
    ['run', ...model, '--ids', '1', '--system', 'a'],
    ['run', ...model, '--ids', '1', '--temperature', 'nan'],
    ['run', ...model, '--ids', '1', '--temperature', '-1'],
    ['run', ...model, '--ids', '1', '--top-p', '1.5'],
    ['run', ...model, '--ids', '1', '--logit-bias', '5'],
    ['run', ...model, '--ids', '1', '--logit-bias', '99999=1'],
    ['bench', ...model, '-p', '0'],
  ];
  for (const args of wrong) {
    const { code, out, err } = await nanoinfer(args);
    assert.equal(code, 2, args.join(' '));
    assert.equal(out.length, 0, args.join(' '));
    assert.match(err, /^nanoinfer: [^\n]+\n$/, args.join(' '));
  }
  const { code, err } = await nanoinfer([]);
  assert.equal(code, 2);
  assert.match(err, /^usage/);
});

test('an input that is refused ends with 1 and says what and where', async () => {
  const notGguf = join(scratch, 'not.gguf');
  writeFileSync(notGguf, '<!doctype html><title>404</title>');
  const cut = join(scratch, 'cut.gguf');
  copyFileSync(tiny.file, cut);
  truncateSync(cut, 100000);
  const empty = join(scratch, 'empty.gguf');
  writeFileSync(empty, '');
  const strange = join(scratch, 'strange-template.gguf');
  const marks = readFileSync(tiny.file, 'latin1').replaceAll("'<|im_start|>", "'<|zz_start|>");
  writeFileSync(strange, marks, 'latin1');
  const model = ['--model', tiny.file];
  const refused = [
    [['info', changed(tiny.file, 'llama', 'lambs')], /architecture.*llama or qwen2; got lambs/],
    [['info', changed(tiny.file, 'rope.freq_base', 'rope.freq_bass')], /rope\.freq_bass/],
    [['info', changed(tiny.file, 'llama.vocab_size', 'llama.logit_bias')], /llama\.logit_bias/],
    [['info', changed(tiny.file, 'blk.1.ffn_up', 'blk.1.ffn_xx')], /tensor blk\.1\.ffn_up\.weight/],
    [['info', join(scratch, 'absent.gguf')], /absent\.gguf.*No such file/],
    [['info', scratch], /directory/i],
    [['info', notGguf], /GGUF/],
    [['info', cut], /./],
    [['info', empty], /./],
    [['logits', ...model, '--ids', '5,x', '--top', '1'], /id 1.*got x/],
    [['logits', ...model, '--ids', '323', '--top', '1'], /0 to 322/],
    [['logits', ...model, '--ids', '', '--top', '1'], /no ids/],
    [['logits', ...model, '--ids', ids, '--ctx', '8', '--top', '1'], /context/i],
    [['logits', ...model, '--ids', ids, '--out', join(scratch, 'no/such/folder')], /written/],
    [['run', ...model, '--ids', ids, '--ctx', '8'], /context.*at most 8; got 20/],
    [['logits', ...model, '--ids', '5,'.repeat(600), '--top', '1'], /at most 512; got 600/],
    [['run', '--model', strange, '--chat', 'hi'], /chat template.*ChatML/],
    [['tokenize', ...model, '--file', scratch], /directory/],
    [['detokenize', ...model, '--ids', '-3'], /got -3/],
    [['perplexity', ...model, '--file', join(scratch, 'absent.txt')], /absent\.txt/],
    [['bench', ...model, '-p', '10', '-n', '10', '--ctx', '8'], /context/],
  ];
  for (const [args, message] of refused) {
    const { code, err } = await nanoinfer(args);
    assert.equal(code, 1, `${args.join(' ')}: ${err}`);
    assert.match(err, /^nanoinfer: [^\n]+\n$/);
    assert.match(err, message);
  }
});

test('a failed write of logits leaves no file and ends with 1', async () => {
  const path = join(scratch, 'partial.f32');
  const args = ['logits', '--model', tiny.file, '--ids', ids, '--ctx', '8', '--out', path];
  assert.equal((await nanoinfer(args)).code, 1);
  assert.equal(existsSync(path), false);
  const full = await nanoinfer([
    'logits',
    '--model',
    tiny.file,
    '--ids',
    ids,
    '--out',
    '/dev/full',
  ]);
  assert.equal(full.code, 1);
  assert.ok(existsSync('/dev/full'));
});

test('a reader that goes away is no signal', async () => {
  const args = ['logits', '--model', tiny.file, '--ids', ids, '--top', '300'];
  const { code, signal } = await nanoinfer(args, { onOutput: (child) => child.stdout.destroy() });
  assert.equal(signal, null);
  assert.ok(code === 0 || code === 1);
});

test('info tells the shape, as text and as JSON', async () => {
  const info = await json(['info', tiny.file, '--json']);
  assert.equal(info.architecture, 'llama');
  assert.equal(info.n_vocab, tiny.n_vocab);
  assert.ok(info.types.Q4_0 > 0);
  assert.ok(info.n_params > 0 && info.kv_bytes_per_token > 0 && info.scratch_bytes > 0);
  assert.match(info.chat_template, /im_start/);
  const readable = await text(['info', tiny.file, '--tensors']);
  assert.match(readable, /architecture {2}llama/);
  assert.match(readable, /token_embd\.weight/);
});

test('logits are the same for every chunk, thread count and kernel set', async () => {
  const expected = await logits(tiny.file, ids);
  assert.equal(expected.length, tiny.ids.length * tiny.n_vocab * 4);
  for (const more of [
    ['--batch', '1'],
    ['--batch', '7'],
    ['--threads', '1'],
    ['--threads', '3'],
    ['--kernels', 'scalar'],
    ['--kernels', 'simd128'],
    ['--kernels', 'relaxed'],
  ]) {
    assert.ok(expected.equals(await logits(tiny.file, ids, more)), more.join(' '));
  }
});

test('logits come out greatest first with --top', async () => {
  const args = ['logits', '--model', tiny.file, '--ids', ids, '--top', '2'];
  const rows = (await text(args))
    .trimEnd()
    .split('\n')
    .map((line) => line.split('\t'));
  assert.equal(rows.length, 2 * tiny.ids.length);
  const all = await logits(tiny.file, ids);
  tiny.ids.forEach((_, pos) => {
    const [first, second] = rows.slice(2 * pos);
    assert.deepEqual(first.slice(0, 2), [String(pos), '0']);
    assert.ok(Number(first[3]) >= Number(second[3]));
    const exact = all.readFloatLE((pos * tiny.n_vocab + Number(first[2])) * 4);
    assert.equal(Math.fround(Number(first[3])), exact);
    if (tiny.top_two_gap[pos] > 0.05) assert.equal(Number(first[2]), tiny.greedy[pos]);
  });
});

test('text to ids and back gives the text', async () => {
  const model = ['--model', tiny.file];
  const original = 'Hello, wörld!\n\n  日本 🙂 \r\n';
  const file = join(scratch, 'text.txt');
  writeFileSync(file, original);
  const list = await text(['tokenize', ...model, '--text', original]);
  assert.match(list, /^\d+(,\d+)+\n$/);
  assert.equal(await text(['tokenize', ...model, '--file', file]), list);
  assert.equal(await text(['tokenize', ...model], { input: original }), list);
  assert.equal(await text(['detokenize', ...model, '--ids', list]), original);
  assert.deepEqual(await json(['detokenize', ...model, '--ids', list, '--json']), {
    text: original,
  });
  const { ids: numbers, pieces } = await json(['tokenize', ...model, '--text', original, '--json']);
  assert.deepEqual(numbers, list.split(',').map(Number));
  assert.equal(pieces.length, numbers.length);
});

test('text becomes a control token only where that is asked for', async () => {
  const args = ['tokenize', '--model', tiny.file, '--json', '--text', 'a<|im_start|>b'];
  const info = await json(['info', tiny.file, '--json']);
  const control = info.tokenizer.control_tokens.find(
    ({ text: name }) => name === '<|im_start|>',
  ).id;
  assert.ok(!(await json(args)).ids.includes(control));
  assert.deepEqual(
    (await json([...args, '--control'])).ids.filter((id) => id === control),
    [control],
  );
  const chat = ['run', '--model', tiny.file, '-n', '0', '--json', '--chat'];
  const prompt = (await json([...chat, 'a<|im_start|>b'])).prompt_ids;
  assert.equal(prompt.filter((id) => id === control).length, 2);
});

test('ids may come from an option, a file or stdin', async () => {
  const file = join(scratch, 'ids.txt');
  writeFileSync(file, tiny.ids.join('\n'));
  const args = ['logits', '--model', tiny.file, '--top', '1'];
  const expected = await text([...args, '--ids', ids]);
  assert.equal(await text([...args, '--ids-file', file]), expected);
  assert.equal(await text(args, { input: tiny.ids.join(' ') }), expected);
});

test('run continues as the logits say when greedy, and reports every token', async () => {
  const args = ['run', '--model', tiny.file, '--temperature', '0', '-n', '6', '--json'];
  const events = await jsonLines([...args, '--ids', ids]);
  const end = events.at(-1);
  assert.equal(end.type, 'end');
  assert.deepEqual(end.prompt_ids, tiny.ids);
  const tokens = events.slice(0, -1);
  assert.ok(tokens.every((event) => event.type === 'token'));
  assert.deepEqual(
    end.ids,
    tokens.map((event) => event.id),
  );
  let sequence = [...tiny.ids];
  for (const id of end.ids) {
    const top = await text(['logits', '--model', tiny.file, '--ids', `${sequence}`, '--top', '1']);
    assert.equal(Number(top.trimEnd().split('\n').at(-1).split('\t')[2]), id);
    sequence.push(id);
  }
});

test('run stops at the context with a reason', async () => {
  const args = ['run', '--model', tiny.file, '--temperature', '0', '--ctx', '24', '--json'];
  const end = (await jsonLines([...args, '--ids', ids, '--logit-bias', '2=-inf'])).at(-1);
  assert.ok(end.stop === 'context' || end.stop === 'end_token', end.stop);
  assert.ok(end.ids.length <= 24 - tiny.ids.length + 1);
});

test('run gives the same text for a seed and another for another', async () => {
  const args = ['run', '--model', tiny.file, '--ids', ids, '-n', '12', '--json'];
  const sampled = async (seed, more = []) =>
    (await jsonLines([...args, '--seed', seed, '--temperature', '2', ...more])).at(-1).ids;
  const first = await sampled('7');
  assert.deepEqual(await sampled('7', ['--threads', '1', '--kernels', 'scalar']), first);
  assert.notDeepEqual(await sampled('8'), first);
});

test('run without the KV cache gives the same tokens', async () => {
  const args = ['run', '--model', tiny.file, '--ids', ids, '-n', '12', '--json'];
  const tokens = async (more) => (await jsonLines([...args, ...more])).at(-1).ids;
  assert.deepEqual(await tokens(['--naive']), await tokens([]));
});

test('an answer that breaks off leaves whole lines of JSON and tells why on stderr', async () => {
  const whole = fixture('llama-f32-head20');
  const args = ['run', '--ids', whole.ids.join(','), '--temperature', '0', '--json', '--model'];
  const first = (await jsonLines([...args, whole.file, '-n', '1'])).at(-1).ids[0];
  const line = /token_embd\.weight .*bytes at (\d+)/.exec(
    await text(['info', whole.file, '--tensors']),
  );
  const file = join(scratch, 'not-finite.gguf');
  const bytes = readFileSync(whole.file);
  bytes.writeFloatLE(NaN, Number(line[1]) + first * 30 * 4); // its row of the embedding, width 30
  writeFileSync(file, bytes);
  const { code, out, err } = await nanoinfer([...args, file]);
  assert.equal(code, 1);
  assert.match(err, /not a finite number.*position 20/);
  const lines = out.toString().split('\n');
  assert.equal(JSON.parse(lines[0]).id, first);
  assert.deepEqual(lines.slice(1), ['']);
});

test('where the system gives fewer threads, they do the work, and are counted', async () => {
  if (process.platform !== 'linux') return; // ulimit -v bounds the stacks there
  const bench = ['bench', '--model', tiny.file, '-p', '8', '-n', '2', '-r', '1', '--json'];
  const { code, out, err } = await nanoinfer([...bench, '--threads', '64'], { kilobytes: 200_000 });
  assert.equal(code, 0, err);
  const { threads } = JSON.parse(out);
  assert.ok(threads >= 1 && threads < 64, `${threads} threads`);
  assert.equal(err, `nanoinfer: the system gave ${threads} of 64 threads\n`);
});

test('bench measures both phases and every kind of op', async () => {
  const args = ['bench', '--model', tiny.file, '-p', '16', '-n', '4', '-r', '2', '--json'];
  const report = await json(args);
  for (const rate of [report.prefill_tokens_per_s, report.decode_tokens_per_s]) {
    assert.ok(rate.least > 0 && rate.least <= rate.median && rate.median <= rate.most);
  }
  assert.ok(report.prefill_op_ms.matmul > 0 && report.decode_op_ms.attention > 0);
});
