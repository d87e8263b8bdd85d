// The map from ops to the functions that they run: complete, as written, and refused where it is not.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { definitionsOf } from '../../scripts/source-map/definitions.mjs';
import { forms, readSources, sourceMap } from '../../scripts/source-map/source-map.mjs';

const map = sourceMap();
const named = (indices) => indices.map((index) => map.definitions[index].name);
const files = (indices) => indices.map((index) => map.definitions[index].file.split('/').at(-1));

test('a definition has its comment, its end, its namespace and what #if leaves of it', () => {
  const text = `#pragma once
namespace a {
namespace {
// Of a file.
template <typename T,
          size_t n>
inline int two(T t) {
  if (t) {
    return n;
  }
}
int declared(int);
}  // namespace

// Read.

#ifdef __wasm__
struct One : Base {
  static int f() { return two<1>(0); }
};
#else
struct Other {};
#endif
int C::member(int x) const { return x; }
constexpr int kTable[] = {
    1,
};
}  // namespace a
`;
  const found = definitionsOf('f.h', text, ['__wasm__']);
  assert.deepEqual(
    found.map(({ kind, name, scope, local, first, last }) =>
      [kind, name, scope, local, first, last].join(' '),
    ),
    [
      'function two a true 4 11',
      'struct One a false 18 20',
      'function C::member a false 24 24',
      'constant kTable a false 25 27',
    ],
  );
});

test('every kind of op has lines in every form, and every kernel in every set', () => {
  const idle = [];
  for (const [op, { own, kernels }] of Object.entries(map.ops)) {
    if (own.length === 0) idle.push(op);
    for (const sets of Object.values(kernels)) {
      assert.deepEqual(Object.keys(sets), ['scalar', 'simd128', 'relaxed', 'relaxed_i32']);
      for (const indices of Object.values(sets)) assert.ok(indices.length > 0, op);
    }
  }
  assert.deepEqual(idle, ['attention_merge prefill ']);
  const kinds = new Set(Object.keys(map.ops).map((op) => op.split(' ')[0]));
  assert.equal(kinds.size, 11);
});

test('lines lie in their files, and begin with what they define', () => {
  for (const { file, name, first, last } of map.definitions) {
    const text = map.files[file]
      .split('\n')
      .slice(first - 1, last)
      .join('\n');
    assert.match(
      text,
      new RegExp(name === 'run_unit' ? '^ {4}case' : `\\b${name}\\b`),
      `${file}:${first}`,
    );
    assert.match(text, /[;}]$/, `${file}:${first}`);
  }
});

test('SIMD reads a matrix by the format of its type and by no other', () => {
  const formats = ['Q4_0', 'Q4_1', 'Q5_0', 'Q5_1', 'Q8_0', 'Q4_K', 'Q5_K', 'Q6_K'];
  for (const type of formats) {
    const { kernels } = map.ops[`matmul decode ${type}`];
    for (const set of ['simd128', 'relaxed', 'relaxed_i32']) {
      const read = named(kernels.gemv_tiles[set]).filter((name) => formats.includes(name));
      assert.deepEqual(read, [type], set);
    }
  }
});

test('a product takes the functions of its set, its type and its form', () => {
  const of = (form, type) => map.ops[`matmul ${form} ${type}`].kernels;
  assert.deepEqual(Object.keys(of('decode', 'Q4_0')), ['gemv_tiles']);
  assert.deepEqual(Object.keys(of('prefill', 'Q4_0')), ['unpack_tile', 'gemm_panel']);
  assert.deepEqual(Object.keys(of('decode', 'F16')), ['unpack_tile', 'gemm_panel_float']);

  const relaxed = of('decode', 'Q4_0').gemv_tiles.relaxed;
  assert.deepEqual(named(relaxed).slice(0, 1), ['gemv_tiles']);
  assert.deepEqual(files(relaxed).slice(0, 1), ['relaxed.cpp']);
  assert.ok(named(relaxed).includes('RelaxedDot') && !named(relaxed).includes('WideDot'));
  const signed = named(of('decode', 'Q8_0').gemv_tiles.relaxed);
  assert.ok(signed.includes('WideDot') && !signed.includes('RelaxedDot'));
  assert.ok(named(of('prefill', 'Q4_0').gemm_panel.relaxed_i32).includes('BytePanel'));
  assert.ok(named(of('prefill', 'Q6_K').gemm_panel.relaxed_i32).includes('WidePanel'));
  assert.deepEqual(named(map.ops['rms_norm decode '].kernels.rms_norm.scalar), [
    'rms_norm',
    'rms_scale',
    'add_lanes',
  ]);
  assert.deepEqual(forms, ['decode', 'prefill']);
});

for (const [what, file, from, to, message] of [
  ['an op without a case', 'run/ops.cpp', 'case OpKind::kAdd:', 'case kSum:', /no case for kAdd/],
  [
    'a set without a kernel',
    'kernels/scalar.cpp',
    '.rope = rope,',
    '',
    /scalar has no kernel rope/,
  ],
  [
    'two definitions of a name',
    'kernels/scalar.cpp',
    'void add(',
    'void swiglu(',
    /defines swiglu/,
  ],
  [
    'a rule for what is gone',
    'kernels/scalar.cpp',
    /\bstore_in_panel\b/g,
    'store',
    /a rule for store_in_panel/,
  ],
]) {
  test(`${what} is refused`, () => {
    const sources = readSources();
    const path = `engine/${file}`;
    sources.set(path, sources.get(path).replace(from, to));
    assert.throws(() => sourceMap(sources), message);
  });
}
