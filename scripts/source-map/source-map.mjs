// Which functions run for each kind of op, read from the engine's own sources, so that there is no list
// to keep: run_unit's `case` of the kind names functions of ops.cpp, those call kernels by their names
// in `Kernels`, each set says which function it has under that name, and functions name what they call.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { capture, root } from '../setup/process.mjs';
import { definitionsOf, hasCode, namesIn } from './definitions.mjs';

const folders = ['kernels', 'quant', 'run'];
const planFiles = ['engine/model/plan.h', 'engine/model/plan.cpp'];
const opsFile = 'engine/run/ops.cpp';
const macros = ['__wasm__', '__wasm_relaxed_simd__']; // of the wasm files

/** A pass of few rows takes other ways through some ops than one of many. */
export const forms = ['decode', 'prefill'];

const isFloat = ({ type }) => ['F32', 'F16', 'BF16'].includes(type);
const isQuantised = ({ type }) => type !== '' && !isFloat({ type });
const inDecode = ({ form }) => form === 'decode';
const inPrefill = ({ form }) => form === 'prefill';
const ofType =
  (...types) =>
  ({ type }) =>
    types.includes(type);
const fitsBytes = ({ type }) => isQuantised({ type }) && type !== 'Q6_K';

/**
 * What a name in the text does not tell: names that are reached from a file for some types of weights
 * and forms of pass only. `type` is '' for ops without a matrix. Tiles are full: a matrix whose rows
 * 8 does not divide takes its last tile through the scalar set's unpack_tile.
 */
const onlyWhere = {
  'run/ops.cpp': {
    matmul_packed: (op) => inDecode(op) && isQuantised(op),
    matmul_tile: (op) => inPrefill(op) || isFloat(op),
    attention_chunk_of_lone_row: inDecode,
    attention: inPrefill,
    attention_merge: inDecode,
    QuantisedRows: isQuantised,
    gemm_panel: isQuantised,
    gemm_panel_float: isFloat,
  },
  'quant/blocks.cpp': {
    load_f16: (op) => isQuantised(op) || op.type === 'F16',
    load_u16: (op) => op.type !== 'F32',
    low_bits: (op) => op.type !== 'Q8_0',
    high_bits: ofType('Q5_0', 'Q5_1', 'Q5_K', 'Q6_K'),
    bf16_to_f32: ofType('BF16'),
    load_k_scales: ofType('Q4_K', 'Q5_K'),
    for_type: isQuantised,
    decode: isQuantised,
    block_size: isQuantised,
    stores_min: isQuantised,
  },
  'kernels/scalar.cpp': {
    unpack_tile_float: isFloat,
    store_in_panel: isQuantised,
    unpack_block_bytes: isQuantised,
    decode_block: isQuantised,
  },
  'kernels/simd128_panel.cpp': {
    unpack_f16: ofType('F16'),
    unpack_bf16: ofType('BF16'),
    with_format: isQuantised,
    unpack: isQuantised,
  },
  'kernels/simd128_gemv.h': { sum_of_16: ofType('Q6_K') },
  'kernels/relaxed.cpp': {
    WideDot: ofType('Q8_0'),
    RelaxedDot: (op) => op.type !== 'Q8_0',
  },
  'kernels/relaxed_i32.cpp': {
    unpack_bytes: fitsBytes,
    gemm: fitsBytes,
    BytePanel: fitsBytes,
    unpack_tile: (op) => !fitsBytes(op),
    gemm_panel: (op) => !fitsBytes(op),
  },
};

/**
 * `EngineSourceMap` of web/src/vite-env.d.ts. Throws where it does not find what an op runs.
 * @param {Map<string, string>} files text by path
 */
export function sourceMap(files = readSources()) {
  const names = new Names([...files].flatMap(([file, text]) => definitionsOf(file, text, macros)));
  const sets = kernelSets(names);
  checkRules(files);
  const places = new Map(); // definition -> index
  const indices = (definitions) =>
    definitions.map((definition) => {
      if (!places.has(definition)) places.set(definition, places.size);
      return places.get(definition);
    });

  /** @type {Record<string, { own: number[], kernels: Record<string, Record<string, number[]>> }>} */
  const ops = {};
  for (const { kind, definition, hasMatrix } of opCases(names, kindNames(files))) {
    for (const type of hasMatrix ? weightTypes(files) : ['']) {
      for (const form of forms) {
        const op = { form, type };
        const own = reached([definition], op, names);
        const kernels = {};
        for (const [kernel, bySet] of kernelsCalled(own, op, sets)) {
          kernels[kernel] = mapValues(bySet, (start) => indices(reached([start], op, names)));
        }
        const isIdle = own.length === 1 && Object.keys(kernels).length === 0;
        ops[`${kind} ${form} ${type}`] = { own: isIdle ? [] : indices(own), kernels };
      }
    }
  }
  const definitions = [...places.keys()].map(({ file, name, first, last }) => ({
    file,
    name,
    first,
    last,
  }));
  return {
    ...engineCommit(),
    sets: [...sets.keys()],
    panelRows: Number(/kPanelRows = (\d+);/.exec(files.get(opsFile))[1]),
    tileRows: Number(/kTileRows = (\d+);/.exec(files.get('engine/kernels/kernels.h'))[1]),
    definitions,
    ops,
    files: Object.fromEntries(definitions.map(({ file }) => [file, files.get(file)])),
  };
}

/** Which version of engine/ lies here. */
export function engineCommit() {
  return {
    commit: capture('git', ['log', '-1', '--format=%h', '--', 'engine']) ?? '',
    changed: capture('git', ['status', '--porcelain', '--', 'engine']) !== '',
  };
}

/** Every file that it is read from, so that they can be watched. */
export function sourceFiles() {
  const inFolder = (folder) =>
    readdirSync(join(root, 'engine', folder))
      .filter((name) => /\.(h|cpp)$/.test(name))
      .map((name) => `engine/${folder}/${name}`);
  return [...planFiles, ...folders.flatMap(inFolder)];
}

export function readSources() {
  return new Map(sourceFiles().map((file) => [file, readFileSync(join(root, file), 'utf8')]));
}

// What a name means in a place, as C++ looks it up: in the class, in the file's unnamed namespace, in
// the place's own namespace, then in the one around it. A call on an object goes by its name alone.
class Names {
  #byName = new Map();
  #byMember = new Map();

  constructor(definitions) {
    for (const definition of definitions) {
      const twin = this.all(definition.name).find(
        ({ file, scope, local }) =>
          scope === definition.scope &&
          (local || definition.local ? file === definition.file : true),
      );
      if (twin) {
        const { name, file, first } = definition;
        throw new Error(`${file}:${first} defines ${name}, as ${twin.file}:${twin.first} does`);
      }
      this.#byName.set(definition.name, [...this.all(definition.name), definition]);
      const member = /::(\w+)$/.exec(definition.name)?.[1];
      if (member) this.#byMember.set(member, definition);
    }
  }

  all(name) {
    return this.#byName.get(name) ?? [];
  }

  find({ name, qualifier, member }, from) {
    if (member) return this.#byMember.get(name);
    const [, itsClass] = /^(\w+)::/.exec(from.name) ?? [];
    if (itsClass && !qualifier) {
      const [method] = this.all(`${itsClass}::${name}`);
      if (method) return method;
    }
    const seen = this.all(name).filter(
      ({ file, scope, local }) =>
        (!local || file === from.file) &&
        (qualifier ? scope.endsWith(`::${qualifier}`) : `${from.scope}::`.startsWith(`${scope}::`)),
    );
    return seen.sort((a, b) => b.local - a.local || b.scope.length - a.scope.length)[0];
  }
}

function checkRules(files) {
  for (const [file, rules] of Object.entries(onlyWhere)) {
    for (const name of Object.keys(rules)) {
      if (!new RegExp(`\\b${name}\\b`).test(files.get(`engine/${file}`))) {
        throw new Error(`scripts/source-map has a rule for ${name}, which ${file} does not name`);
      }
    }
  }
}

function applies({ name }, op, from) {
  const test = onlyWhere[from.file.replace('engine/', '')]?.[name];
  return test === undefined || test(op);
}

// These and all that they name, callers first.
function reached(starts, op, names) {
  const found = [...starts];
  for (const definition of found) {
    for (const use of namesIn(definition)) {
      const used = names.find(use, definition);
      if (used && !found.includes(used) && isCode(used, use, op) && applies(use, op, definition)) {
        found.push(used);
      }
    }
  }
  return found;
}

// Formats are named after the types that they read. What only looks up a fact about a type is left out.
function isCode(definition, { called }, { type }) {
  if (!hasCode(definition) || definition.file.startsWith('engine/quant/type.')) return false;
  if (definition.kind === 'function') return called;
  return definition.name === type || !/^B?[FQ]\d/.test(definition.name);
}

// Kernel name -> set name -> function, of each kernel that these call.
function kernelsCalled(definitions, op, sets) {
  const called = new Map();
  for (const definition of definitions) {
    for (const [, name] of definition.code.matchAll(/\bkernels(?:->|\.)(\w+)\(/g)) {
      if (!applies({ name }, op, definition)) continue;
      called.set(
        name,
        mapValues(Object.fromEntries(sets), (functions, set) => {
          if (!functions.has(name)) throw new Error(`the set ${set} has no kernel ${name}`);
          return functions.get(name);
        }),
      );
    }
  }
  return called;
}

function mapValues(object, change) {
  return Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, change(value, key)]),
  );
}

// Set name -> kernel name -> function. A set may begin as a copy of another.
function kernelSets(names) {
  const sets = new Map();
  const add = (owner, copied = []) => {
    const set = /\bname = "(\w+)"/.exec(owner.code)[1];
    const functions = new Map(copied);
    for (const [, kernel, name] of owner.code.matchAll(/\.(\w+) = (\w+)[,;]/g)) {
      if (name === 'true' || name === 'false') continue;
      const definition = names.find({ name }, owner);
      if (!definition) throw new Error(`${owner.file} does not define ${name}, its ${kernel}`);
      functions.set(kernel, definition);
    }
    sets.set(set, functions);
  };
  add(names.all('kScalarKernels')[0]);
  add(names.all('kKernels')[0]);
  for (const owner of names.all('own_kernels')) add(owner, sets.get('simd128'));
  return sets;
}

// The case of each kind in run_unit.
function opCases(names, kinds) {
  const [runUnit] = names.all('run_unit');
  const lines = runUnit.code.split('\n');
  const offset = runUnit.last - lines.length + 1;
  const cases = lines.flatMap((line, at) => (/^ {4}case OpKind::/.test(line) ? [at] : []));
  const end = lines.indexOf('  }', cases.at(-1));
  return kinds.map(([constant, kind]) => {
    const at = cases.findIndex((line) => lines[line].includes(`OpKind::${constant}:`));
    if (at < 0) throw new Error(`run_unit has no case for ${constant}`);
    const [from, to] = [cases[at], cases[at + 1] ?? end];
    const code = lines.slice(from, to).join('\n');
    const definition = { ...runUnit, first: offset + from, last: offset + to - 1, code };
    const hasMatrix = [...namesIn(definition)].some((use) =>
      names.find(use, runUnit)?.code.includes('op.matrix'),
    );
    return { kind, definition, hasMatrix };
  });
}

// [constant, name] of every OpKind.
function kindNames(files) {
  const [header, source] = planFiles.map((file) => files.get(file));
  const constants = /enum class OpKind[^{]*\{([^}]*)\}/.exec(header)[1].match(/k\w+/g);
  const kinds = /kNames\[kOpKinds\] = \{([^}]*)\}/.exec(source)[1].match(/\w+/g);
  return constants.map((constant, at) => [constant, kinds[at]]);
}

function weightTypes(files) {
  return [...files.get('engine/quant/type.cpp').matchAll(/\bruns\("(\w+)"/g)].map(
    ([, name]) => name,
  );
}
