// The sentencepiece wasm module encodes as the library's own Python package does.
import assert from 'node:assert/strict';
import { Buffer } from 'node:buffer';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { root } from '../../scripts/setup/process.mjs';

/** Reads what scripts/sentencepiece_goldens.py writes: LEB128 numbers and byte strings. */
class Golden {
  #bytes;
  #at = 0;
  constructor(name) {
    this.#bytes = readFileSync(join(root, 'tests/fixtures/tokenizer/sentencepiece', name));
  }
  number() {
    let value = 0;
    for (let scale = 1; ; scale *= 128) {
      const byte = this.#bytes[this.#at++];
      value += (byte & 127) * scale;
      if (byte < 128) return value;
    }
  }
  numbers = () => Array.from({ length: this.number() }, () => this.number());
  text = () => {
    const length = this.number();
    this.#at += length;
    return this.#bytes.subarray(this.#at - length, this.#at);
  };
  all = (read) => Array.from({ length: this.number() }, read);
}

const varint = (n) => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
const field = (number, bytes) => [(number << 3) | 2, ...varint(bytes.length), ...bytes];

/** A sentencepiece.ModelProto of the golden vocabulary: pieces, trainer, normaliser. */
function modelProto() {
  const tokens = new Golden('tokens.bin');
  const texts = tokens.all(tokens.text);
  const numbers = new Golden('scores_and_types.bin');
  const [scores, types] = numbers.all(numbers.numbers);
  const piece = (text, i) => {
    const score = Buffer.alloc(4);
    score.writeUInt32LE(scores[i]);
    return field(1, [...field(1, text), 0x15, ...score, 0x18, types[i]]);
  };
  const trainer = field(2, [0x18, 2, 0x98, 2, 1]); // model_type BPE, byte_fallback
  const normalizer = field(3, [...field(1, Buffer.from('identity')), 0x18, 1, 0x20, 0, 0x28, 1]);
  return Uint8Array.from([...texts.flatMap(piece), ...trainer, ...normalizer]);
}

const { default: start } = await import(join(root, 'public/engine/sentencepiece.mjs'));
const wasm = await start();

/** Calls `use(address)` with a copy of `bytes` in the module's memory. */
function withCopy(bytes, use) {
  const address = wasm._nisp_alloc(bytes.length || 1);
  new Uint8Array(wasm.wasmMemory.buffer).set(bytes, address);
  const result = use(address);
  wasm._nisp_free(address);
  return result;
}

const load = (proto) => withCopy(proto, (address) => wasm._nisp_load(address, proto.length));

function encode(text) {
  const ids = wasm._nisp_alloc(4096 * 4);
  const n = withCopy(text, (address) => wasm._nisp_encode(address, text.length, ids, 4096));
  const found = n < 0 ? null : [...new Int32Array(wasm.wasmMemory.buffer, ids, n)];
  wasm._nisp_free(ids);
  return found;
}

test('a broken model is an error and not a trap', () => {
  assert.equal(encode(Buffer.from('a')), null);
  assert.equal(load(Uint8Array.of(1, 2, 3)), -1);
  assert.equal(encode(Buffer.from('a')), null);
});

test('all strings are encoded as by the Python package', () => {
  assert.equal(load(modelProto()), 0);
  const strings = new Golden('strings.bin');
  const texts = strings.all(strings.text);
  const goldens = new Golden('ids.bin');
  const expected = goldens.all(goldens.numbers);
  assert.ok(texts.length >= 2000 && texts.length === expected.length);
  texts.forEach((text, i) => assert.deepEqual(encode(text), expected[i], `string ${i}: ${text}`));
});
