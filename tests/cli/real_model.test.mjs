// The native program on the real model.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chatFixture, jsonLines, nanoinfer, output, realModel, text } from './program.mjs';

const fixture = chatFixture();
const question = fixture.messages[0].content;
const chat = () => ['run', '--model', realModel(), '--chat', question, '--temperature', '0'];

test('the prompt is what the file’s own template renders, and the answer the reference’s', async () => {
  const end = (await jsonLines([...chat(), '-n', '40', '--json'])).at(-1);
  assert.deepEqual(end.prompt_ids, fixture.prompt_ids);
  const close = fixture.top_two_gap.findIndex((gap) => gap <= 0.01);
  const answer = fixture.answer_ids.slice(0, close < 0 ? undefined : close);
  if (close < 0) assert.equal(end.stop, 'end_token');
  assert.deepEqual(end.ids, answer.slice(0, end.ids.length));
  assert.ok(end.ids.length >= answer.length - 1, 'the end token is not counted');
  assert.match(end.text, /Paris/);
  assert.ok(end.prefill_tokens_per_s > 0 && end.decode_tokens_per_s > 0);
});

test('an empty system message replaces the template’s own', async () => {
  const end = (await jsonLines([...chat(), '--system', '', '-n', '0', '--json'])).at(-1);
  assert.ok(end.prompt_ids.length < fixture.prompt_ids.length);
  const user = fixture.prompt_ids.lastIndexOf(2, fixture.prompt_ids.indexOf(2) + 1);
  assert.deepEqual(
    end.prompt_ids.slice(-fixture.prompt_ids.length + user),
    fixture.prompt_ids.slice(user),
  );
});

test('a stop text ends the answer before it', async () => {
  const end = (await jsonLines([...chat(), '-n', '40', '--stop', ' Par', '--json'])).at(-1);
  assert.equal(end.stop, 'stop_text');
  assert.equal(end.text, fixture.answer.slice(0, fixture.answer.indexOf(' Par')));
});

test('text streams while it is made', async () => {
  let pieces = 0;
  const answer = await text([...chat(), '-n', '40'], { onOutput: () => (pieces += 1) });
  assert.equal(answer, `${fixture.answer}\n`);
  assert.ok(pieces >= 3, `${pieces} pieces`);
});

test('an interrupt ends the answer in order', async () => {
  const args = ['run', '--model', realModel(), '--prompt', 'Once upon a time', '--json'];
  const bias = ['--logit-bias', '0=-inf', '--logit-bias', '2=-inf', '-n', '4000'];
  let asked = false;
  const { code, signal, out } = await nanoinfer([...args, ...bias], {
    onOutput: (child) => {
      if (!asked) asked = child.kill('SIGINT');
    },
  });
  assert.deepEqual({ code, signal }, { code: 0, signal: null });
  const end = JSON.parse(out.toString().trimEnd().split('\n').at(-1));
  assert.equal(end.stop, 'interrupted');
  assert.ok(end.ids.length < 100);
});

test('ordinary text is less of a surprise than the same words shuffled', async () => {
  const words =
    'The quick brown fox jumps over the lazy dog, and then it runs away into the woods.';
  const perplexity = async (input) =>
    JSON.parse(await output(['perplexity', '--model', realModel(), '--json'], { input }))
      .perplexity;
  const ordinary = await perplexity(words);
  const shuffled = await perplexity(words.split(' ').reverse().join(' '));
  assert.ok(ordinary > 1 && ordinary < 60, `${ordinary}`);
  assert.ok(shuffled > 3 * ordinary, `${shuffled} against ${ordinary}`);
});
