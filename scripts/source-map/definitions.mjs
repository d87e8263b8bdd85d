// Finds the functions and structs of a C++ file and the names they use. No parser: clang-format, which
// `npm run check` holds every file to, leaves what a namespace holds without indentation, so a
// definition begins in the first column and ends where its brackets do.

/**
 * A function or struct of the engine.
 * @typedef {object} Definition
 * @property {string} file path from the repository's root
 * @property {string} name as it is defined: 'gemv', 'KvCache::append'
 * @property {string} scope its namespace: 'nanoinfer::simd128'
 * @property {boolean} local in an unnamed namespace: only this file sees it
 * @property {'function' | 'struct' | 'constant'} kind
 * @property {number} first line, counted from 1, with the comment that stands before it
 * @property {number} last line
 * @property {string} code without comments
 */

/**
 * @param {string} file
 * @param {string} text
 * @param {readonly string[]} macros what the compiler defines, for #if
 * @returns {Definition[]}
 */
export function definitionsOf(file, text, macros) {
  const raw = text.split('\n');
  const lines = compiled(raw, macros).map(withoutComments);
  const namespaces = [];
  const found = [];
  for (let at = 0; at < lines.length; ++at) {
    const line = lines[at];
    const opened = /^namespace ?([\w:]*) \{/.exec(line);
    if (opened) namespaces.push(opened[1]);
    else if (/^}$/.test(line)) namespaces.pop();
    else if (/^\w/.test(line)) {
      const last = endOf(lines, at);
      const code = lines.slice(at, last + 1).join('\n');
      found.push({
        file,
        ...named(code),
        scope: namespaces.filter((name) => name !== '').join('::'),
        local: namespaces.includes(''),
        first: commentBefore(raw, at) + 1,
        last: last + 1,
        code,
      });
      at = last;
    }
  }
  return found.filter(({ name }) => name !== '');
}

/** Whether there is something to run in it; most structs are data. */
export function hasCode({ kind, code }) {
  return kind === 'function' || (kind === 'struct' && /\)[^;]*\{/.test(code));
}

/**
 * The names that a definition uses, in order. Arguments and local variables are among them: they are
 * told apart by what is defined.
 * @param {Pick<Definition, 'kind' | 'code'>} definition
 * @returns {Generator<{ name: string, qualifier?: string, member: boolean, called: boolean }>}
 */
export function* namesIn({ kind, code }) {
  const own = kind === 'struct' ? functionsOf(code) : [];
  const pattern = /(->|\.)?(?:\b(\w+)::)?(template )?\b([A-Za-z_]\w*)\b(?=([(<])?)/g;
  for (const [, member, qualifier, dependent, name, next] of code.matchAll(pattern)) {
    if (dependent || own.includes(name)) continue; // of a template's argument; of the struct itself
    yield { name, qualifier, member: member !== undefined, called: next !== undefined };
  }
}

// The functions of a struct: what follows a type in its first column.
function functionsOf(struct) {
  return [...struct.matchAll(/^ {2}\w[^;{}=(]*?\b(\w+)\(/gm)].map(([, name]) => name);
}

// Lines that #if leaves out become empty. Knows defined(), names that are macros, !, && and ||.
function compiled(lines, macros) {
  const holds = (condition) =>
    condition.split('||').some((any) =>
      any.split('&&').every((term) => {
        const [, not, name] = /^(!?)(?:defined)?\(?(\w+)\)?$/.exec(term.replace(/\s/g, ''));
        return macros.includes(name) !== (not === '!');
      }),
    );
  const stack = []; // of each open #if: whether its branch is taken, and whether one was
  return lines.map((line) => {
    const [, word, rest] = /^# ?(\w+) ?(.*)/.exec(line) ?? [];
    if (/^if/.test(word)) {
      const taken = word === 'ifndef' ? !holds(rest) : holds(rest);
      stack.push({ taken, was: taken });
    } else if (word === 'elif' || word === 'else') {
      const top = stack.at(-1);
      top.taken = !top.was && (word === 'else' || holds(rest));
      top.was ||= top.taken;
    } else if (word === 'endif') stack.pop();
    return word !== undefined || stack.some(({ taken }) => !taken) ? '' : line;
  });
}

function withoutComments(line) {
  return line
    .replace(/"(?:[^"\\]|\\.)*"/g, (string) => (string.includes('//') ? '""' : string))
    .replace(/\s*\/\/.*/, '');
}

// The line on which a definition or declaration that begins at `at` ends.
function endOf(lines, at) {
  let depth = 0;
  for (; at < lines.length; ++at) {
    const code = lines[at].replace(/'.'|"(?:[^"\\]|\\.)*"/g, '');
    depth += (code.match(/[({[]/g) ?? []).length - (code.match(/[)}\]]/g) ?? []).length;
    if (depth === 0 && /[;}]$/.test(code)) return at;
  }
  throw new Error(`a definition does not end: ${lines[at - 1]}`);
}

function commentBefore(raw, at) {
  while (at > 0 && /^\/\/ (?!----)/.test(raw[at - 1])) --at;
  return at;
}

function named(code) {
  const head = code.replace(/^template <[^>]*>\s*/, '').replace(/__attribute__\(\(\w+\)\)\s*/, '');
  const struct = /^struct (\w+)[^;(]*\{/.exec(head);
  if (struct) return { kind: 'struct', name: struct[1] };
  const constant =
    /^(?:extern |inline |static |const |constexpr )*[\w:<> *]+?\b(\w+)(?:\[\w*\])* = /;
  const value = constant.exec(head);
  if (value) return { kind: 'constant', name: value[1] };
  const signature = /^[\w:<>&*, ]*?\b([\w:~]+)\(/.exec(head);
  return { kind: 'function', name: signature && code.includes('{') ? signature[1] : '' };
}
