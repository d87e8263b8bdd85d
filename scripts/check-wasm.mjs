// Checks the shipped wasm files, public/engine/nanoinfer-*.wasm, by disassembling them:
//   - each flavour holds the instructions that it exists for, and none that its browsers lack
//     (kernels can get lost to a build flag without any test of results noticing)
//   - exports are those of web/src/worker/engine-module.d.ts, both ways, and no loop hides in them
//   - size, and what the glass box adds to it
// It prints what it found, and fails with a list of everything that is wrong.
import { existsSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import loadWabt from 'wabt';
import { main, root, SetupError } from './setup/process.mjs';
import { largestWasm, traceBytes, withoutTrace } from './trace-size.mjs';

const mostBytes = 300_000;
const mostBrotliBytes = 100_000; // what a browser fetches
const mostTraceBytes = 10_000; // of the glass box, in the largest file
const dot = 'i32x4.dot_i16x8_s';
const relaxedDot = 'i16x8.relaxed_dot_i8x16_i7x16_s';
const relaxedDotAdd = 'i32x4.relaxed_dot_i8x16_i7x16_add_s';
const wait = 'memory.atomic.wait32';
const flavours = [
  { name: 'simd', needs: [dot], lacks: [relaxedDot, relaxedDotAdd, wait] },
  { name: 'relaxed', needs: [dot, relaxedDot, relaxedDotAdd], lacks: [wait] },
  { name: 'simd-threads', needs: [dot, wait], lacks: [relaxedDot, relaxedDotAdd] },
  { name: 'relaxed-threads', needs: [dot, relaxedDot, relaxedDotAdd, wait], lacks: [] },
];
// The token loop belongs to the page: the engine has no function that runs it.
const hiddenLoop = /generate|complet|chat/i;
const typesPath = join(root, 'web/src/worker/engine-module.d.ts');

await main(async () => {
  const wabt = await loadWabt();
  const declared = new Set(matches(readFileSync(typesPath, 'utf8'), /\b_(ni_\w+)\s*\(/g));
  if (declared.size === 0) throw new SetupError(`${typesPath} declares no _ni_ function`);
  const faults = flavours.flatMap((flavour) => {
    const wasmPath = join(root, 'public/engine', `nanoinfer-${flavour.name}.wasm`);
    if (!existsSync(wasmPath)) return [`${relative(root, wasmPath)} is missing: npm run build`];
    const found = inspect(wabt, wasmPath);
    report(flavour.name, found);
    return [...codeFaults(flavour, found), ...exportFaults(found, declared)].map(
      (fault) => `${relative(root, wasmPath)}: ${fault}`,
    );
  });
  faults.push(...traceFaults());
  if (faults.length > 0) throw new SetupError(faults.join('\n'));
});

function inspect(wabt, wasmPath) {
  const bytes = readFileSync(wasmPath);
  const module = wabt.readWasm(bytes, {
    readDebugNames: false,
    simd: true,
    relaxed_simd: true,
    threads: true,
  });
  const text = module.toText({});
  module.destroy();
  const opcodes = new Map();
  for (const opcode of matches(text, /^ *([a-z]\w*\.[\w.]+)/gm)) {
    opcodes.set(opcode, (opcodes.get(opcode) ?? 0) + 1);
  }
  return {
    opcodes,
    wasmExports: matches(text, /\(export "([^"]+)"/g),
    names: namesInLoader(readFileSync(wasmPath.replace(/wasm$/, 'mjs'), 'utf8')),
    bytes: bytes.length,
    brotliBytes: brotliCompressSync(bytes).length,
  };
}

// Emscripten may shorten the names of exports in the file; its loader says what they stand for:
//   Module["_ni_alloc"] = wasmExports["r"]
function namesInLoader(loader) {
  const assignment =
    /Module(?:\.|\[["'])_?(\w+)(?:["']\])?\s*=\s*wasmExports(?:\.|\[["'])([\w$]+)/g;
  return new Map([...loader.matchAll(assignment)].map(([, name, short]) => [name, short]));
}

function codeFaults({ needs, lacks }, { opcodes, bytes, brotliBytes }) {
  return [
    ...needs.filter((opcode) => !opcodes.has(opcode)).map((opcode) => `has no ${opcode}`),
    ...lacks
      .filter((opcode) => opcodes.has(opcode))
      .map((opcode) => `has ${opcodes.get(opcode)} ${opcode}, which it must not`),
    ...(bytes > mostBytes ? [`has ${bytes} bytes, more than ${mostBytes}`] : []),
    ...(brotliBytes > mostBrotliBytes
      ? [`has ${brotliBytes} bytes with Brotli, more than ${mostBrotliBytes}`]
      : []),
  ];
}

/** Whoever only chats fetches the glass box as well. */
function traceFaults() {
  const missing = [largestWasm, withoutTrace.path].filter((path) => !existsSync(path));
  if (missing.length > 0) return missing.map((path) => `${relative(root, path)} is missing`);
  const bytes = traceBytes();
  console.log(`the glass box   ${kilobytes(bytes)} KB of relaxed-threads`);
  return bytes > mostTraceBytes
    ? [`the glass box has ${bytes} bytes, more than ${mostTraceBytes}`]
    : [];
}

function exportFaults({ names, wasmExports }, declared) {
  const exported = [...names.keys()].filter((name) => name.startsWith('ni_'));
  const inFile = new Set(wasmExports);
  return [
    ...exported
      .filter((name) => !inFile.has(names.get(name)))
      .map((name) => `its loader names ${name}, which the file does not export`),
    ...exported
      .filter((name) => !declared.has(name))
      .map((name) => `exports ${name}, which engine-module.d.ts does not declare`),
    ...[...declared]
      .filter((name) => !names.has(name))
      .map((name) => `does not export ${name}, which engine-module.d.ts declares`),
    ...[...names.keys(), ...wasmExports]
      .filter((name) => hiddenLoop.test(name))
      .map((name) => `exports ${name}: the engine must not run the token loop`),
  ];
}

function report(name, { opcodes, names, bytes, brotliBytes }) {
  const count = (opcode) => opcodes.get(opcode) ?? 0;
  console.log(
    `${name.padEnd(15)} ${kilobytes(bytes)} KB, ${kilobytes(brotliBytes)} KB brotli; ` +
      `${dot} ${count(dot)}, ${relaxedDot} ${count(relaxedDot)}, ${relaxedDotAdd} ${count(relaxedDotAdd)}, ${wait} ${count(wait)}; ` +
      `${names.size} exports`,
  );
}

function kilobytes(bytes) {
  return (bytes / 1000).toFixed(1).padStart(6);
}

function matches(text, pattern) {
  return Array.from(text.matchAll(pattern), ([, first]) => first);
}
