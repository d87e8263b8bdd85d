// A sentencepiece vocabulary and the Llama 2 chat format in the native program, against what the
// sentencepiece library's Python package made of the same texts (scripts/make_fixtures.py).
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fixture, json, jsonLines, kernelSets, text } from './program.mjs';

const llama = fixture('llama-sentencepiece');
const model = ['--model', llama.file];

test('tokenize gives the library’s ids, and detokenize the text', async () => {
  for (const { text: original, ids } of llama.texts) {
    const got = await json(['tokenize', ...model, '--json', '--text', original]);
    assert.deepEqual(got.ids, ids, JSON.stringify(original));
    assert.equal(await text(['detokenize', ...model, '--ids', ids.join(',')]), original);
  }
});

test('the begin token comes first where it is asked for, and control tokens only there', async () => {
  const args = ['tokenize', ...model, '--json', '--text'];
  const plain = llama.texts.find((entry) => entry.text === 'Hello world');
  assert.deepEqual((await json([...args, plain.text, '--bos'])).ids, [1, ...plain.ids]);
  const spelled = llama.texts.find((entry) => entry.text.includes('</s>'));
  assert.ok(!spelled.ids.includes(1) && !spelled.ids.includes(2));
  const matched = (await json([...args, spelled.text, '--control'])).ids;
  assert.deepEqual(
    matched.filter((id) => id < 3),
    [2, 1],
  );
});

test('a prompt begins with the begin token, and a chat is what the template renders', async () => {
  const prompt = ['run', ...model, '-n', '0', '--json', '--prompt', 'Hello world'];
  assert.equal((await jsonLines(prompt)).at(-1).prompt_ids[0], 1);
  for (const { messages, prompt_ids: expected } of llama.chats) {
    const said = (role) => messages.find((message) => message.role === role)?.content;
    const system = said('system') === undefined ? [] : ['--system', said('system')];
    const chat = ['--chat', said('user'), ...system];
    const end = (await jsonLines(['run', ...model, '-n', '0', '--json', ...chat])).at(-1);
    assert.deepEqual(end.prompt_ids, expected, JSON.stringify(messages));
  }
});

test('an answer streams, the same with every kernel set', async () => {
  const args = ['run', ...model, '--chat', 'What is it?', '--temperature', '0', '-n', '24'];
  const expected = await text(args);
  assert.ok(expected.length > 1);
  for (const kernels of await kernelSets()) {
    assert.equal(await text([...args, '--kernels', kernels]), expected, kernels);
  }
});
